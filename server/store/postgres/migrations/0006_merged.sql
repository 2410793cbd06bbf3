-- Which accounts were merged into which. The history has it too, by its causes: this is
-- to find the account that has taken the place of one that is gone.
CREATE TABLE merged_accounts (
    company_id bigint NOT NULL,
    account_id bigint NOT NULL,
    into_id    bigint NOT NULL, -- which may have been merged itself since
    PRIMARY KEY (company_id, account_id)
);
CREATE INDEX merged_accounts_into ON merged_accounts (company_id, into_id);
