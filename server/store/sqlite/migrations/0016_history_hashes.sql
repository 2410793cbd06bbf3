-- Each entry of a company's history carries a hash over the one before it, and the
-- company that of the last: see docs/history-hashes.md. Those of the entries that
-- there are already are made by the program, in the same step.
ALTER TABLE companies ADD COLUMN last_hash BLOB NOT NULL DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
ALTER TABLE changes ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
