-- Where the changes of accounts are sent, and how far that has come.
CREATE TABLE webhooks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    url           TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    kinds         TEXT    NOT NULL, -- JSON list
    members       TEXT    NOT NULL, -- JSON list
    secret        TEXT    NOT NULL,
    former_secret TEXT    NOT NULL,
    former_until  INTEGER,
    pause_reason  TEXT    NOT NULL CHECK (pause_reason IN ('', 'requested', 'failing', 'gone')),
    paused_at     INTEGER,
    position      INTEGER NOT NULL, -- the sequence up to which all is delivered
    ahead         TEXT    NOT NULL, -- JSON list of later ones that are
    failures      INTEGER NOT NULL,
    failing_since INTEGER,
    next_attempt  INTEGER,
    requests      INTEGER NOT NULL DEFAULT 0, -- so far
    lease_holder  TEXT    NOT NULL DEFAULT '', -- the server that delivers it; empty: none does
    lease_until   INTEGER NOT NULL DEFAULT 0, -- or when the last one has given it back
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_company ON webhooks (company_id, id);

-- The last requests of each webhook, by turns in the places that there are.
CREATE TABLE webhook_deliveries (
    company_id  INTEGER NOT NULL,
    webhook_id  INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    place       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    message_id  TEXT    NOT NULL,
    sequence    INTEGER NOT NULL, -- 0 of a test
    account_id  INTEGER NOT NULL, -- 0 of a test
    at          INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    status      INTEGER NOT NULL, -- 0: there was no answer
    failure     TEXT    NOT NULL,
    answer      TEXT    NOT NULL,
    PRIMARY KEY (company_id, webhook_id, place)
) STRICT, WITHOUT ROWID;
