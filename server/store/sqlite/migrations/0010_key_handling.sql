-- How requests of a key are read that do not say it themselves; empty: as their path has it.
ALTER TABLE api_keys ADD COLUMN handling TEXT NOT NULL DEFAULT '' CHECK (handling IN ('', 'strict', 'lenient'));
