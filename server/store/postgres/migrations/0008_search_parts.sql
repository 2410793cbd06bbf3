-- A text of which a part changes is not handed to the index of trigrams anew as a whole,
-- which takes ten times as long as the change: the index has the words that it was handed,
-- and the changed part for itself, until there is time to hand it the text. What is found
-- by either is looked for in the text.
ALTER TABLE search_texts RENAME COLUMN text TO words;
ALTER TABLE search_texts ADD COLUMN text text COLLATE "C"; -- as it is, if it is not the words any more

-- The parts of texts that have changed since, those together that changed together.
CREATE TABLE search_parts (
    company_id bigint NOT NULL,
    kind       text   COLLATE "C" NOT NULL CHECK (kind IN ('accounts', 'contacts')),
    record_id  bigint NOT NULL,
    places     bigint NOT NULL, -- of the parts, as bits: 1 is the first one of the text
    text       text   COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, kind, record_id, places)
) WITH (fillfactor = 80);
CREATE INDEX search_parts_trigrams ON search_parts USING gin (company_id, kind, text gin_trgm_ops) WITH (fastupdate = on, gin_pending_list_limit = 16384);
