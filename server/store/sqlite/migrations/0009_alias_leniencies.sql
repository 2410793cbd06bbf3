-- What calls of the alias needed to be read leniently, by day.
CREATE TABLE alias_leniencies (
    user_id INTEGER NOT NULL REFERENCES users (id),
    key_id  INTEGER NOT NULL REFERENCES api_keys (id),
    name    TEXT    NOT NULL, -- of the rule
    day     INTEGER NOT NULL, -- its beginning in UTC
    calls   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, key_id, name, day)
) STRICT, WITHOUT ROWID;
