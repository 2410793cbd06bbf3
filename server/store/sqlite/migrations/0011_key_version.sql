-- How often keys, or what their users may do, have changed, so that what is
-- remembered of a key can be checked without reading it.
CREATE TABLE key_version (version INTEGER NOT NULL) STRICT;
INSERT INTO key_version VALUES (0);

CREATE TRIGGER key_inserted AFTER INSERT ON api_keys BEGIN UPDATE key_version SET version = version + 1; END;
CREATE TRIGGER key_updated AFTER UPDATE ON api_keys BEGIN UPDATE key_version SET version = version + 1; END;
CREATE TRIGGER key_deleted AFTER DELETE ON api_keys BEGIN UPDATE key_version SET version = version + 1; END;
CREATE TRIGGER key_user_updated AFTER UPDATE ON users BEGIN UPDATE key_version SET version = version + 1; END;
CREATE TRIGGER key_user_deleted AFTER DELETE ON users BEGIN UPDATE key_version SET version = version + 1; END;
