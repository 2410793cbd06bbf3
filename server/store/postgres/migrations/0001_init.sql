-- Times are milliseconds since 1970. A column that ends in _fold holds the
-- form in which values are compared without regard to case. Texts are compared by
-- their bytes. The company leads every key and index, so that its rows can be kept
-- together on one of many machines; what is looked up before the company is known,
-- and what is of no company, is the exception: companies, users, api_keys, counters,
-- commits, key_version, login_failures.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The last id that was given out, by table.
CREATE TABLE counters (
    name text   COLLATE "C" PRIMARY KEY,
    last bigint NOT NULL
);

-- The names of transactions that were committed in the last hour.
CREATE TABLE commits (
    id      text   COLLATE "C" PRIMARY KEY,
    at      bigint NOT NULL,
    members text   NOT NULL -- the numbers of those members of a group that were written
);
CREATE INDEX commits_at ON commits (at);

-- How often keys, or what their users may do, have changed.
CREATE TABLE key_version (version bigint NOT NULL);
INSERT INTO key_version VALUES (0);

CREATE TABLE companies (
    id             bigint PRIMARY KEY,
    name           text   COLLATE "C" NOT NULL,
    name_fold      text   COLLATE "C" NOT NULL UNIQUE,
    last_number    bigint NOT NULL DEFAULT 0, -- the last account number assigned, not taken by hand
    last_sequence  bigint NOT NULL DEFAULT 0, -- of the entries of history
    last_hash      bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex'), -- of the last entry
    last_audit     bigint NOT NULL DEFAULT 0, -- the sequence of the last entry of the audit log
    schema_version bigint NOT NULL DEFAULT 0, -- how often the properties and their options have changed
    created_at     bigint NOT NULL
) WITH (fillfactor = 50); -- each write of a company counts on its row

CREATE TABLE users (
    id            bigint  PRIMARY KEY,
    company_id    bigint  NOT NULL REFERENCES companies (id),
    email         text    COLLATE "C" NOT NULL,
    email_key     text    COLLATE "C" NOT NULL,
    first_name    text    COLLATE "C" NOT NULL,
    last_name     text    COLLATE "C" NOT NULL,
    password_hash text    COLLATE "C" NOT NULL,
    admin         boolean NOT NULL,
    created_at    bigint  NOT NULL,
    invitation    bytea, -- hash of a token
    invited_until bigint,
    resetting     boolean NOT NULL, -- whether the token is for another password, not the first
    disabled_at   bigint,
    UNIQUE (email_key, company_id)
);
CREATE INDEX users_company ON users (company_id, id);
CREATE INDEX users_invitation ON users (invitation) WHERE invitation IS NOT NULL;

CREATE TABLE api_keys (
    id          bigint PRIMARY KEY,
    company_id  bigint NOT NULL REFERENCES companies (id),
    user_id     bigint NOT NULL REFERENCES users (id),
    name        text   COLLATE "C" NOT NULL,
    description text   COLLATE "C" NOT NULL,
    prefix      text   COLLATE "C" NOT NULL,
    hash        bytea  NOT NULL UNIQUE,
    scope       text   COLLATE "C" NOT NULL,
    handling    text   COLLATE "C" NOT NULL CHECK (handling IN ('', 'strict', 'lenient')),
    created_at  bigint NOT NULL,
    expires_at  bigint,
    revoked_at  bigint,
    allowed_ips text   COLLATE "C" NOT NULL, -- networks as a list in JSON; empty: from anywhere
    last_used_at bigint -- to about a minute
);
CREATE INDEX api_keys_company ON api_keys (company_id, id);
CREATE INDEX api_keys_user ON api_keys (company_id, user_id, id);

-- How often each key was used on a day, as far as servers count it for a limit.
CREATE TABLE key_calls (
    company_id bigint NOT NULL,
    key_id     bigint NOT NULL REFERENCES api_keys (id),
    day        bigint NOT NULL, -- its beginning in UTC
    calls      bigint NOT NULL,
    PRIMARY KEY (company_id, key_id)
) WITH (fillfactor = 50);

-- The failed logins of an account, of a remote address, or of the one from the other.
CREATE TABLE login_failures (
    key      bytea  PRIMARY KEY, -- hash of what they are counted for
    count    bigint NOT NULL,
    last_at  bigint NOT NULL,
    until_at bigint, -- the end of the pause
    told_at  bigint  -- when they were last logged
);
CREATE INDEX login_failures_last ON login_failures (last_at);

CREATE TABLE accounts (
    company_id        bigint  NOT NULL REFERENCES companies (id),
    id                bigint  NOT NULL,
    number            bigint  NOT NULL,
    version           bigint  NOT NULL,
    title             text    COLLATE "C" NOT NULL,
    title_fold        text    COLLATE "C" NOT NULL,
    description       text    COLLATE "C",
    address           text    COLLATE "C" NOT NULL, -- JSON list of lines
    address_fold      text    COLLATE "C" NOT NULL,
    is_active         boolean NOT NULL,
    primary_email     text    COLLATE "C",
    primary_email_key text    COLLATE "C",
    primary_phone     text    COLLATE "C",
    account_type      text    COLLATE "C",
    value             double precision,
    size              double precision,
    custom            text    COLLATE "C" NOT NULL, -- JSON object; text, since numbers must stay digit for digit
    created_at        bigint  NOT NULL,
    updated_at        bigint  NOT NULL,
    created_by        bigint  REFERENCES users (id),
    updated_by        bigint  REFERENCES users (id),
    place             bigint  NOT NULL GENERATED ALWAYS AS (id) STORED, -- in lists, behind updated_at
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, number)
) WITH (fillfactor = 80);
CREATE INDEX accounts_updated ON accounts (company_id, updated_at, place);
CREATE INDEX accounts_title ON accounts (company_id, title_fold);
-- Only the beginning, since an entry of an index has at most 2704 bytes.
CREATE INDEX accounts_address ON accounts (company_id, left(address_fold, 200));
CREATE INDEX accounts_primary_email ON accounts (company_id, primary_email_key) WHERE primary_email_key IS NOT NULL;
CREATE INDEX accounts_primary_phone ON accounts (company_id, primary_phone) WHERE primary_phone IS NOT NULL;

CREATE TABLE contacts (
    company_id bigint NOT NULL REFERENCES companies (id),
    id         bigint NOT NULL,
    name       text   COLLATE "C" NOT NULL,
    title      text   COLLATE "C" NOT NULL,
    emails     text   COLLATE "C" NOT NULL, -- JSON list
    phones     text   COLLATE "C" NOT NULL, -- JSON list
    created_by bigint REFERENCES users (id),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    place      bigint NOT NULL GENERATED ALWAYS AS (id) STORED, -- as of accounts
    PRIMARY KEY (company_id, id)
);
CREATE INDEX contacts_updated ON contacts (company_id, updated_at, place);

-- The emails and phones of contacts, to find a contact by.
CREATE TABLE contact_lookup (
    company_id bigint NOT NULL,
    kind       text   COLLATE "C" NOT NULL CHECK (kind IN ('email', 'phone')),
    value      text   COLLATE "C" NOT NULL,
    contact_id bigint NOT NULL,
    PRIMARY KEY (company_id, kind, value, contact_id),
    FOREIGN KEY (company_id, contact_id) REFERENCES contacts (company_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_lookup_contact ON contact_lookup (company_id, contact_id);

CREATE TABLE account_contacts (
    company_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position   bigint NOT NULL,
    contact_id bigint NOT NULL,
    PRIMARY KEY (company_id, account_id, position),
    UNIQUE (company_id, contact_id, account_id),
    FOREIGN KEY (company_id, account_id) REFERENCES accounts (company_id, id) ON DELETE CASCADE,
    FOREIGN KEY (company_id, contact_id) REFERENCES contacts (company_id, id) ON DELETE CASCADE
);

CREATE TABLE properties (
    company_id    bigint  NOT NULL REFERENCES companies (id),
    id            bigint  NOT NULL,
    name          text    COLLATE "C" NOT NULL,
    key           text    COLLATE "C" NOT NULL,
    type          text    COLLATE "C" NOT NULL,
    multiple      boolean NOT NULL,
    default_value text    COLLATE "C" NOT NULL, -- JSON list
    index_state   text    COLLATE "C" NOT NULL CHECK (index_state IN ('', 'building', 'ready')),
    index_builds  bigint  NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, key)
);
CREATE INDEX properties_building ON properties (company_id, id) WHERE index_state = 'building';

CREATE TABLE property_options (
    company_id  bigint NOT NULL,
    property_id bigint NOT NULL,
    position    bigint NOT NULL,
    label       text   COLLATE "C" NOT NULL,
    fold        text   COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, property_id, position),
    UNIQUE (company_id, property_id, fold),
    FOREIGN KEY (company_id, property_id) REFERENCES properties (company_id, id) ON DELETE CASCADE
);

-- The values of indexed properties, as keys that sort bytewise as they do. Long ones
-- are cut, since an entry of an index has at most 2704 bytes.
CREATE TABLE custom_index (
    company_id  bigint NOT NULL,
    property_id bigint NOT NULL,
    key         text   COLLATE "C" NOT NULL,
    account_id  bigint NOT NULL,
    PRIMARY KEY (company_id, property_id, key, account_id),
    FOREIGN KEY (company_id, property_id) REFERENCES properties (company_id, id) ON DELETE CASCADE,
    FOREIGN KEY (company_id, account_id) REFERENCES accounts (company_id, id) ON DELETE CASCADE
);
CREATE INDEX custom_index_account ON custom_index (company_id, account_id, property_id);

-- The history of accounts, which outlives them: no foreign keys.
CREATE TABLE changes (
    company_id bigint NOT NULL,
    sequence   bigint NOT NULL,
    account_id bigint NOT NULL,
    kind       text   COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    at         bigint NOT NULL,
    user_id    bigint,
    key_id     bigint,
    email      text   COLLATE "C" NOT NULL,
    fields     text   COLLATE "C" NOT NULL, -- JSON object
    hash       bytea  NOT NULL, -- over the one before it in the company
    PRIMARY KEY (company_id, sequence)
);
CREATE INDEX changes_account ON changes (company_id, account_id, sequence);

-- Who did what, beside the history of accounts.
CREATE TABLE audit (
    company_id bigint NOT NULL REFERENCES companies (id),
    sequence   bigint NOT NULL,
    at         bigint NOT NULL,
    user_id    bigint,
    key_id     bigint,
    email      text   COLLATE "C" NOT NULL,
    action     text   COLLATE "C" NOT NULL,
    subject_id bigint,
    subject    text   COLLATE "C" NOT NULL,
    details    text   COLLATE "C" NOT NULL, -- JSON object
    PRIMARY KEY (company_id, sequence)
);
CREATE INDEX audit_action ON audit (company_id, action, sequence);

-- What requests were answered that must be carried out once.
CREATE TABLE answers (
    company_id  bigint NOT NULL,
    key_id      bigint NOT NULL REFERENCES api_keys (id),
    name        text   COLLATE "C" NOT NULL,
    fingerprint bytea  NOT NULL,
    status      bigint NOT NULL,
    header      text   COLLATE "C" NOT NULL, -- JSON object
    body        bytea  NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (company_id, key_id, name)
);
CREATE INDEX answers_at ON answers (company_id, at);

-- How far the imports have come that are not complete.
CREATE TABLE imports (
    company_id   bigint NOT NULL REFERENCES companies (id),
    digest       bytea  NOT NULL, -- of the file and of how it is imported
    created      bigint NOT NULL,
    updated      bigint NOT NULL,
    unchanged    bigint NOT NULL,
    rejected     bigint NOT NULL,
    rejects      text   COLLATE "C" NOT NULL, -- path of the file of rejected rows
    rejects_size bigint NOT NULL,
    PRIMARY KEY (company_id, digest)
);

-- How often the alias was called. A row is one program with one key on a day.
CREATE TABLE alias_use (
    company_id bigint NOT NULL,
    user_id    bigint NOT NULL REFERENCES users (id),
    key_id     bigint NOT NULL REFERENCES api_keys (id),
    operation  text   COLLATE "C" NOT NULL, -- method and canonical path
    user_agent text   COLLATE "C" NOT NULL,
    day        bigint NOT NULL, -- its beginning in UTC
    calls      bigint NOT NULL,
    refused    bigint NOT NULL,
    first_at   bigint NOT NULL,
    last_at    bigint NOT NULL,
    PRIMARY KEY (company_id, user_id, key_id, operation, user_agent, day)
);

-- What calls of the alias needed to be read leniently, by day.
CREATE TABLE alias_leniencies (
    company_id bigint NOT NULL,
    user_id    bigint NOT NULL REFERENCES users (id),
    key_id     bigint NOT NULL REFERENCES api_keys (id),
    name       text   COLLATE "C" NOT NULL, -- of the rule
    day        bigint NOT NULL, -- its beginning in UTC
    calls      bigint NOT NULL,
    last_at    bigint NOT NULL,
    PRIMARY KEY (company_id, user_id, key_id, name, day)
);

-- Where users stand. A user without a row is using the alias.
CREATE TABLE alias_migrations (
    company_id  bigint NOT NULL,
    user_id     bigint NOT NULL REFERENCES users (id),
    state       text   COLLATE "C" NOT NULL CHECK (state IN ('using', 'notified', 'migrated')),
    sunset      bigint,
    notified_at bigint,
    migrated_at bigint,
    rehearsals  text   COLLATE "C" NOT NULL, -- JSON list
    PRIMARY KEY (company_id, user_id)
);

-- What was done, for good.
CREATE TABLE alias_steps (
    company_id bigint  NOT NULL,
    id         bigint  NOT NULL,
    user_id    bigint  NOT NULL REFERENCES users (id),
    kind       text    COLLATE "C" NOT NULL,
    at         bigint  NOT NULL,
    by_user    bigint,
    by_key     bigint,
    by_email   text    COLLATE "C" NOT NULL,
    message    text    COLLATE "C" NOT NULL,
    sunset     bigint,
    forced     boolean NOT NULL,
    rehearsal  text    COLLATE "C", -- JSON object
    back_to    text    COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX alias_steps_user ON alias_steps (company_id, user_id, id);

CREATE TABLE mails (
    company_id      bigint NOT NULL REFERENCES companies (id),
    id              bigint NOT NULL,
    step_id         bigint NOT NULL,
    recipient       text   COLLATE "C" NOT NULL,
    subject         text   COLLATE "C" NOT NULL,
    text            text   COLLATE "C" NOT NULL,
    html            text   COLLATE "C" NOT NULL,
    state           text   COLLATE "C" NOT NULL CHECK (state IN ('not_sent', 'pending', 'sent', 'failed')),
    attempts        bigint NOT NULL,
    created_at      bigint NOT NULL,
    next_attempt_at bigint,
    sent_at         bigint,
    failure         text   COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, step_id),
    FOREIGN KEY (company_id, step_id) REFERENCES alias_steps (company_id, id)
);
CREATE INDEX mails_due ON mails (company_id, next_attempt_at) WHERE state = 'pending';

-- The texts of records that are looked for words in. Those that have changed lately
-- are not in the index of trigrams, which takes much longer to write to than the
-- row: they are few, and all looked at. They are put into it by the hundred, since a
-- trigram that many of them have is then looked for once.
CREATE TABLE search_texts (
    company_id bigint  NOT NULL,
    kind       text    COLLATE "C" NOT NULL CHECK (kind IN ('accounts', 'contacts')),
    record_id  bigint  NOT NULL,
    text       text    COLLATE "C" NOT NULL, -- the parts in order, with a U+001E between
    indexed    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (company_id, kind, record_id)
) WITH (fillfactor = 80);
CREATE INDEX search_texts_trigrams ON search_texts USING gin (company_id, kind, text gin_trgm_ops) WITH (fastupdate = on, gin_pending_list_limit = 16384) WHERE indexed;
CREATE INDEX search_texts_fresh ON search_texts (company_id, kind, record_id) WHERE NOT indexed;
