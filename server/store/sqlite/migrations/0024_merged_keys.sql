-- The number and the custom values that an account had when it was merged into another:
-- whoever looks for it by one of them is led to that one.
CREATE TABLE merged_keys (
    company_id INTEGER NOT NULL,
    member     TEXT    NOT NULL, -- as accounts are matched by it
    key        TEXT    NOT NULL,
    account_id INTEGER NOT NULL,
    PRIMARY KEY (company_id, member, key, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_keys_account ON merged_keys (company_id, account_id);
