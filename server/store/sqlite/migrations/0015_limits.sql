-- The failed logins of an account, of a remote address, or of the one from the other.
CREATE TABLE login_failures (
    key      BLOB    PRIMARY KEY, -- hash of what they are counted for
    count    INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    until_at INTEGER, -- the end of the pause
    told_at  INTEGER  -- when they were last logged
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failures_last ON login_failures (last_at);

-- How often each key was used on a day, as far as servers count it for a limit.
CREATE TABLE key_calls (
    company_id INTEGER NOT NULL,
    key_id     INTEGER NOT NULL REFERENCES api_keys (id),
    day        INTEGER NOT NULL, -- its beginning in UTC
    calls      INTEGER NOT NULL,
    PRIMARY KEY (company_id, key_id)
) STRICT, WITHOUT ROWID;
