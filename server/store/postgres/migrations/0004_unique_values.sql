-- Whether a value of the property is one account's only: a key of the company's own.
ALTER TABLE properties ADD COLUMN is_unique boolean NOT NULL DEFAULT false;

-- The keys of such values, which the primary key keeps from being given twice.
CREATE TABLE unique_values (
    company_id  bigint NOT NULL,
    property_id bigint NOT NULL,
    key         text   COLLATE "C" NOT NULL,
    account_id  bigint NOT NULL,
    PRIMARY KEY (company_id, property_id, key),
    FOREIGN KEY (company_id, property_id) REFERENCES properties (company_id, id) ON DELETE CASCADE,
    FOREIGN KEY (company_id, account_id) REFERENCES accounts (company_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX unique_values_account ON unique_values (company_id, account_id, property_id);
