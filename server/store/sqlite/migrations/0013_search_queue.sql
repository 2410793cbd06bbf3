-- A record waits in the queue once, however often it changes: with each change
-- its entry is replaced by one at the end.
DELETE FROM search_queue
WHERE sequence NOT IN (SELECT max(sequence) FROM search_queue GROUP BY record_id, kind);

CREATE UNIQUE INDEX search_queue_record ON search_queue (record_id, kind);
