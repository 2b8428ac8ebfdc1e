-- Where the names of rules directories led when they were last used. One directory has many names through symbolic links, and
-- a link leads to another one with the next release: what was in force under its name is what that is compared with.

CREATE TABLE rules_directory (
  named TEXT PRIMARY KEY,                   -- absolute path, as a config says it
  directory TEXT NOT NULL,                  -- the same without links: the key of rules_file and of all else
  used INTEGER NOT NULL                     -- the higher, the later it was used; no time, as clocks are set back
) STRICT;

-- What an earlier version kept bears the name itself as its key, and is let go of once that name is used again.
INSERT INTO rules_directory (named, directory, used)
  SELECT directory, directory, row_number() OVER (ORDER BY max(kept_at), directory) FROM rules_file GROUP BY directory;
