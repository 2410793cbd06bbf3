-- The life of users. An address is of one user in a company, and may be that of
-- others in other companies. SQLite takes a constraint off only by a new table.
CREATE TABLE users_now (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    email         TEXT    NOT NULL,
    first_name    TEXT    NOT NULL,
    last_name     TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    admin         INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    invitation    BLOB, -- hash of a token
    invited_until INTEGER,
    resetting     INTEGER NOT NULL DEFAULT 0, -- whether the token is for another password, not the first
    disabled_at   INTEGER,
    UNIQUE (email, company_id)
) STRICT;

INSERT INTO users_now (id, company_id, email, first_name, last_name, password_hash, admin, created_at, invitation, invited_until)
SELECT id, company_id, email, first_name, last_name, password_hash, admin, created_at, invitation, invited_until FROM users;

DROP TABLE users;
ALTER TABLE users_now RENAME TO users;
CREATE INDEX users_company ON users (company_id, id);
CREATE INDEX users_invitation ON users (invitation) WHERE invitation IS NOT NULL;
