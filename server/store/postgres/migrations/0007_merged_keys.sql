-- The number and the custom values that an account had when it was merged into another:
-- whoever looks for it by one of them is led to that one.
CREATE TABLE merged_keys (
    company_id bigint NOT NULL,
    member     text   COLLATE "C" NOT NULL, -- as accounts are matched by it
    key        text   COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    PRIMARY KEY (company_id, member, key, account_id)
);
CREATE INDEX merged_keys_account ON merged_keys (company_id, account_id);
