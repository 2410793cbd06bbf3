-- Which accounts were merged into which. The history has it too, by its causes: this is
-- to find the account that has taken the place of one that is gone.
CREATE TABLE merged_accounts (
    company_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    into_id    INTEGER NOT NULL, -- which may have been merged itself since
    PRIMARY KEY (company_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_accounts_into ON merged_accounts (company_id, into_id);
