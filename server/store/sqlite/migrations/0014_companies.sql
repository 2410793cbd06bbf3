-- What is counted of a company is counted on its row, and every row says whose it
-- is. Triggers counted before.
DROP TRIGGER property_inserted;
DROP TRIGGER property_updated;
DROP TRIGGER property_deleted;
DROP TRIGGER option_inserted;
DROP TRIGGER option_deleted;
DROP TRIGGER key_inserted;
DROP TRIGGER key_updated;
DROP TRIGGER key_deleted;
DROP TRIGGER key_user_updated;
DROP TRIGGER key_user_deleted;

ALTER TABLE companies ADD COLUMN last_sequence INTEGER NOT NULL DEFAULT 0; -- of the entries of history
UPDATE companies SET last_sequence = coalesce((SELECT max(sequence) FROM changes WHERE company_id = companies.id), 0);

CREATE TABLE changes_now (
    company_id INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    user_id    INTEGER,
    key_id     INTEGER,
    email      TEXT    NOT NULL,
    fields     TEXT    NOT NULL, -- JSON object
    PRIMARY KEY (company_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO changes_now SELECT company_id, sequence, account_id, kind, version, at, user_id, key_id, email, fields
FROM changes ORDER BY company_id, sequence;
DROP TABLE changes;
ALTER TABLE changes_now RENAME TO changes;
CREATE INDEX changes_account ON changes (company_id, account_id, sequence);

-- The addresses as they are found, in place of the few that were unlike them.
ALTER TABLE accounts ADD COLUMN primary_email_key TEXT;
DROP INDEX accounts_unusual_email;
DROP INDEX accounts_primary_email;
UPDATE accounts SET primary_email_key = iif(primary_email GLOB '*[^!-@[-~]*', email_key(primary_email), primary_email)
WHERE primary_email IS NOT NULL;
CREATE INDEX accounts_primary_email ON accounts (company_id, primary_email_key) WHERE primary_email_key IS NOT NULL;

CREATE TABLE account_contacts_now (
    company_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, position),
    UNIQUE (contact_id, account_id, company_id)
) STRICT, WITHOUT ROWID;
INSERT INTO account_contacts_now SELECT a.company_id, l.account_id, l.position, l.contact_id
FROM account_contacts l JOIN accounts a ON a.id = l.account_id ORDER BY l.account_id, l.position;
DROP TABLE account_contacts;
ALTER TABLE account_contacts_now RENAME TO account_contacts;

CREATE TABLE property_options_now (
    company_id  INTEGER NOT NULL,
    property_id INTEGER NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    label       TEXT    NOT NULL,
    fold        TEXT    NOT NULL,
    PRIMARY KEY (property_id, position),
    UNIQUE (company_id, property_id, fold)
) STRICT, WITHOUT ROWID;
INSERT INTO property_options_now SELECT p.company_id, o.property_id, o.position, o.label, o.fold
FROM property_options o JOIN properties p ON p.id = o.property_id;
DROP TABLE property_options;
ALTER TABLE property_options_now RENAME TO property_options;

CREATE TABLE custom_index_now (
    company_id  INTEGER NOT NULL,
    property_id INTEGER NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    account_id  INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (property_id, key, account_id)
) STRICT, WITHOUT ROWID;
INSERT INTO custom_index_now SELECT p.company_id, x.property_id, x.key, x.account_id
FROM custom_index x JOIN properties p ON p.id = x.property_id ORDER BY x.property_id, x.key, x.account_id;
DROP TABLE custom_index;
ALTER TABLE custom_index_now RENAME TO custom_index;
CREATE INDEX custom_index_account ON custom_index (account_id, property_id, company_id);

CREATE TABLE answers_now (
    company_id  INTEGER NOT NULL,
    key_id      INTEGER NOT NULL REFERENCES api_keys (id),
    name        TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,
    header      TEXT    NOT NULL, -- JSON object
    body        BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (company_id, key_id, name)
) STRICT;
INSERT INTO answers_now SELECT k.company_id, a.key_id, a.name, a.fingerprint, a.status, a.header, a.body, a.at
FROM answers a JOIN api_keys k ON k.id = a.key_id;
DROP TABLE answers;
ALTER TABLE answers_now RENAME TO answers;
CREATE INDEX answers_at ON answers (company_id, at);

CREATE TABLE alias_use_now (
    company_id INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    key_id     INTEGER NOT NULL REFERENCES api_keys (id),
    operation  TEXT    NOT NULL, -- method and canonical path
    user_agent TEXT    NOT NULL,
    day        INTEGER NOT NULL, -- its beginning in UTC
    calls      INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (company_id, user_id, key_id, operation, user_agent, day)
) STRICT, WITHOUT ROWID;
INSERT INTO alias_use_now SELECT u.company_id, a.user_id, a.key_id, a.operation, a.user_agent, a.day, a.calls, a.refused, a.first_at, a.last_at
FROM alias_use a JOIN users u ON u.id = a.user_id;
DROP TABLE alias_use;
ALTER TABLE alias_use_now RENAME TO alias_use;

CREATE TABLE alias_leniencies_now (
    company_id INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    key_id     INTEGER NOT NULL REFERENCES api_keys (id),
    name       TEXT    NOT NULL, -- of the rule
    day        INTEGER NOT NULL, -- its beginning in UTC
    calls      INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (company_id, user_id, key_id, name, day)
) STRICT, WITHOUT ROWID;
INSERT INTO alias_leniencies_now SELECT u.company_id, a.user_id, a.key_id, a.name, a.day, a.calls, a.last_at
FROM alias_leniencies a JOIN users u ON u.id = a.user_id;
DROP TABLE alias_leniencies;
ALTER TABLE alias_leniencies_now RENAME TO alias_leniencies;

CREATE TABLE alias_migrations_now (
    company_id  INTEGER NOT NULL,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    state       TEXT    NOT NULL CHECK (state IN ('using', 'notified', 'migrated')),
    sunset      INTEGER,
    notified_at INTEGER,
    migrated_at INTEGER,
    rehearsals  TEXT    NOT NULL, -- JSON list
    PRIMARY KEY (company_id, user_id)
) STRICT;
INSERT INTO alias_migrations_now SELECT u.company_id, m.user_id, m.state, m.sunset, m.notified_at, m.migrated_at, m.rehearsals
FROM alias_migrations m JOIN users u ON u.id = m.user_id;
DROP TABLE alias_migrations;
ALTER TABLE alias_migrations_now RENAME TO alias_migrations;

ALTER TABLE alias_steps ADD COLUMN company_id INTEGER NOT NULL DEFAULT 0;
UPDATE alias_steps SET company_id = (SELECT company_id FROM users WHERE id = user_id);
DROP INDEX alias_steps_user;
CREATE INDEX alias_steps_user ON alias_steps (company_id, user_id, id);
