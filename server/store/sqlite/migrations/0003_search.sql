-- Records whose text has changed and may not be in the search file yet.
CREATE TABLE search_queue (
    sequence   INTEGER PRIMARY KEY, -- none is used twice: the last entry stays when others are removed
    company_id INTEGER NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('accounts', 'contacts')),
    record_id  INTEGER NOT NULL
) STRICT;

-- Which search file goes with this database: the one with the epoch that has
-- all entries of the queue up to the one that was removed last.
CREATE TABLE search_state (
    epoch  BLOB    NOT NULL,
    pruned INTEGER NOT NULL
) STRICT;

INSERT INTO search_state (epoch, pruned) VALUES (randomblob(16), 0);
