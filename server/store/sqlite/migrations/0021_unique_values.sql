-- Whether a value of the property is one account's only: a key of the company's own.
ALTER TABLE properties ADD COLUMN is_unique INTEGER NOT NULL DEFAULT 0;

-- The keys of such values, which the primary key keeps from being given twice.
CREATE TABLE unique_values (
    company_id  INTEGER NOT NULL,
    property_id INTEGER NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    account_id  INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (property_id, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX unique_values_account ON unique_values (account_id, property_id);
