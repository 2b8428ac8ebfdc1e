-- Losses of lists and limits that a person accepted, each good for one change of one file: from the text that was in force
-- to the one on disk. The table before knew neither the file nor what was in force, and let a text through for ever.

CREATE TABLE rules_accepted_loss (
  id INTEGER PRIMARY KEY,
  directory TEXT NOT NULL,
  file TEXT NOT NULL,
  hash TEXT NOT NULL,                       -- SHA-256 of the text on disk, in hex; of a deletion that of what is deleted
  in_force_file TEXT NOT NULL,              -- another name than file where a list changed its format
  in_force_hash TEXT NOT NULL,              -- SHA-256 of the text that was in force, in hex; '' where that is not known
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  used_up_at INTEGER                        -- when that text was not in force any more; NULL while the acceptance is good
) STRICT;

CREATE UNIQUE INDEX rules_accepted_loss_open
  ON rules_accepted_loss (directory, file, hash, in_force_file, in_force_hash) WHERE used_up_at IS NULL;

-- Who accepted what stays on record, but opens nothing any more: most of it took effect long ago.
INSERT INTO rules_accepted_loss (directory, file, hash, in_force_file, in_force_hash, actor, at, used_up_at)
  SELECT directory, file, hash, file, '', actor, at, at FROM rules_accepted ORDER BY at, directory, file, hash;

DROP TABLE rules_accepted;
