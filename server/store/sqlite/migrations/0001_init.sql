-- Times are milliseconds since 1970. A column that ends in _fold holds the
-- form in which values are compared without regard to case.

CREATE TABLE companies (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    name_fold   TEXT    NOT NULL UNIQUE,
    last_number INTEGER NOT NULL DEFAULT 0, -- the last account number assigned, not taken by hand
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    email         TEXT    NOT NULL UNIQUE,
    first_name    TEXT    NOT NULL,
    last_name     TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    admin         INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    user_id    INTEGER NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL,
    prefix     TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    scope      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    number        INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    title         TEXT    NOT NULL,
    title_fold    TEXT    NOT NULL,
    description   TEXT,
    address       TEXT    NOT NULL, -- JSON list of lines
    address_fold  TEXT    NOT NULL,
    is_active     INTEGER NOT NULL,
    primary_email TEXT,
    primary_phone TEXT,
    account_type  TEXT,
    value         REAL,
    size          REAL,
    custom        TEXT    NOT NULL, -- JSON object; text, since numbers must stay digit for digit
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    created_by    INTEGER REFERENCES users (id),
    updated_by    INTEGER REFERENCES users (id),
    UNIQUE (company_id, number)
) STRICT;

CREATE INDEX accounts_title ON accounts (company_id, title_fold);
CREATE INDEX accounts_address ON accounts (company_id, address_fold);
CREATE INDEX accounts_primary_email ON accounts (company_id, primary_email) WHERE primary_email IS NOT NULL;
CREATE INDEX accounts_primary_phone ON accounts (company_id, primary_phone) WHERE primary_phone IS NOT NULL;

CREATE TABLE contacts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    name       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    emails     TEXT    NOT NULL, -- JSON list
    phones     TEXT    NOT NULL, -- JSON list
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The emails and phones of contacts, to find a contact by.
CREATE TABLE contact_lookup (
    company_id INTEGER NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('email', 'phone')),
    value      TEXT    NOT NULL,
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (company_id, kind, value, contact_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_lookup_contact ON contact_lookup (contact_id);

CREATE TABLE account_contacts (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, position),
    UNIQUE (contact_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE properties (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    name          TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    multiple      INTEGER NOT NULL,
    default_value TEXT    NOT NULL, -- JSON list
    UNIQUE (company_id, key)
) STRICT;

CREATE TABLE property_options (
    property_id INTEGER NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    label       TEXT    NOT NULL,
    fold        TEXT    NOT NULL,
    PRIMARY KEY (property_id, position),
    UNIQUE (property_id, fold)
) STRICT, WITHOUT ROWID;

-- The history of accounts, which outlives them: no foreign keys.
CREATE TABLE changes (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    user_id    INTEGER,
    key_id     INTEGER,
    email      TEXT    NOT NULL,
    fields     TEXT    NOT NULL -- JSON object
) STRICT;

CREATE INDEX changes_account ON changes (account_id);
