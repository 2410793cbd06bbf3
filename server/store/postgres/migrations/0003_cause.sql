-- Why the server wrote a change, where that is more than the change itself: a JSON object.
ALTER TABLE changes ADD COLUMN cause text COLLATE "C";
