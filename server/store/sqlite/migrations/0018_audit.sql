-- Who did what, beside the history of accounts.
ALTER TABLE companies ADD COLUMN last_audit INTEGER NOT NULL DEFAULT 0; -- the sequence of the last entry

CREATE TABLE audit (
    company_id INTEGER NOT NULL REFERENCES companies (id),
    sequence   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    user_id    INTEGER,
    key_id     INTEGER,
    email      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    subject_id INTEGER,
    subject    TEXT    NOT NULL,
    details    TEXT    NOT NULL, -- JSON object
    PRIMARY KEY (company_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_action ON audit (company_id, action, sequence);
