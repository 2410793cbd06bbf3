-- Moving users off the alias.

-- How often the alias was called. A row is one program with one key on a day.
CREATE TABLE alias_use (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    key_id     INTEGER NOT NULL REFERENCES api_keys (id),
    operation  TEXT    NOT NULL, -- method and canonical path
    user_agent TEXT    NOT NULL,
    day        INTEGER NOT NULL, -- its beginning in UTC
    calls      INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (user_id, key_id, operation, user_agent, day)
) STRICT, WITHOUT ROWID;

-- Where users stand. A user without a row is using the alias.
CREATE TABLE alias_migrations (
    user_id     INTEGER PRIMARY KEY REFERENCES users (id),
    state       TEXT    NOT NULL CHECK (state IN ('using', 'notified', 'migrated')),
    sunset      INTEGER,
    notified_at INTEGER,
    migrated_at INTEGER,
    rehearsals  TEXT    NOT NULL -- JSON list
) STRICT;

-- What was done, for good: no foreign keys but the user's own.
CREATE TABLE alias_steps (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id   INTEGER NOT NULL REFERENCES users (id),
    kind      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    by_user   INTEGER,
    by_key    INTEGER,
    by_email  TEXT    NOT NULL,
    message   TEXT    NOT NULL,
    sunset    INTEGER,
    forced    INTEGER NOT NULL,
    rehearsal TEXT, -- JSON object
    back_to   TEXT    NOT NULL
) STRICT;

CREATE INDEX alias_steps_user ON alias_steps (user_id, id);

CREATE TABLE mails (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id      INTEGER NOT NULL REFERENCES companies (id),
    step_id         INTEGER NOT NULL UNIQUE REFERENCES alias_steps (id),
    recipient       TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    html            TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('not_sent', 'pending', 'sent', 'failed')),
    attempts        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER,
    sent_at         INTEGER,
    failure         TEXT    NOT NULL
) STRICT;

CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state = 'pending';
