-- Why something was done, as whoever did it said.
ALTER TABLE changes ADD COLUMN reason text COLLATE "C";
