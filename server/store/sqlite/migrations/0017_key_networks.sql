-- The networks that a key may be used from, as a list in JSON; empty: from anywhere.
ALTER TABLE api_keys ADD COLUMN allowed_ips TEXT NOT NULL DEFAULT '[]';

-- When it was last used, to about a minute.
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
