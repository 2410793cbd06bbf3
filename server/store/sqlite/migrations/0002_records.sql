-- Lists, changes of every record, and requests that are carried out once.

-- Lists are in the order of updated_at and place. The place is the id, under
-- another name because SQLite cannot search by (updated_at, id) as one value
-- where id is the key of the rows. With the flag in the index, a count reads
-- no rows.
ALTER TABLE accounts ADD COLUMN place INTEGER AS (id) VIRTUAL;
CREATE INDEX accounts_updated ON accounts (company_id, updated_at, place, is_active);
CREATE INDEX accounts_company ON accounts (company_id, id);

-- The addresses that may be unlike their folded form. The other ones are found
-- by accounts_primary_email.
CREATE INDEX accounts_unusual_email ON accounts (company_id) WHERE primary_email GLOB '*[^!-@[-~]*';

DROP INDEX changes_account;
CREATE INDEX changes_account ON changes (company_id, account_id, sequence);
CREATE INDEX changes_company ON changes (company_id, sequence);

ALTER TABLE contacts ADD COLUMN created_by INTEGER REFERENCES users (id);
ALTER TABLE contacts ADD COLUMN place INTEGER AS (id) VIRTUAL; -- as of accounts
CREATE INDEX contacts_updated ON contacts (company_id, updated_at, place);

ALTER TABLE users ADD COLUMN invitation BLOB; -- hash of a token
ALTER TABLE users ADD COLUMN invited_until INTEGER;
CREATE INDEX users_company ON users (company_id, id);
CREATE INDEX users_invitation ON users (invitation) WHERE invitation IS NOT NULL;

ALTER TABLE api_keys ADD COLUMN description TEXT NOT NULL DEFAULT '';
CREATE INDEX api_keys_company ON api_keys (company_id, id);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

ALTER TABLE properties ADD COLUMN index_state TEXT NOT NULL DEFAULT '' CHECK (index_state IN ('', 'building', 'ready'));
ALTER TABLE properties ADD COLUMN index_builds INTEGER NOT NULL DEFAULT 0;
CREATE INDEX properties_building ON properties (id) WHERE index_state = 'building';

-- The values of indexed properties, as keys that sort bytewise as they do.
CREATE TABLE custom_index (
    property_id INTEGER NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    account_id  INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (property_id, key, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX custom_index_account ON custom_index (account_id, property_id);

-- What requests were answered that must be carried out once.
CREATE TABLE answers (
    key_id      INTEGER NOT NULL REFERENCES api_keys (id),
    name        TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,
    header      TEXT    NOT NULL, -- JSON object
    body        BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (key_id, name)
) STRICT;

CREATE INDEX answers_at ON answers (at);
