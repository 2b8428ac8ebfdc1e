-- With which config each service that polls a switch started, so that `status`, `doctor` and `rules explain` do not take the file for
-- it: a service reads its config at the start alone. Several may poll one switch. Whether one still lives its lock tells; what one that
-- was killed left is taken away when another one starts.
CREATE TABLE running_service (
  switch TEXT NOT NULL,
  service TEXT NOT NULL,                    -- an id that each process draws for itself: the name of its lock file has it, too
  config TEXT NOT NULL,                     -- absolute path of the config, as it was named
  mode TEXT NOT NULL CHECK (mode IN ('enforce', 'monitor')),
  config_hash TEXT NOT NULL,                -- SHA-256 in hex, over what the config came to, without passwords
  started_at INTEGER NOT NULL,              -- milliseconds since the epoch
  PRIMARY KEY (switch, service)
) STRICT, WITHOUT ROWID;
