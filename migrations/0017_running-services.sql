-- With which config the service polls each switch that started last, so that `status`, `doctor` and `rules explain` do not take the
-- file for it: a service reads its config at the start alone. Whether it still lives its lock tells.
CREATE TABLE running_service (
  switch TEXT PRIMARY KEY,
  service TEXT NOT NULL,                    -- which process wrote the row, by an id of its own: it takes no other's away at its end
  mode TEXT NOT NULL CHECK (mode IN ('enforce', 'monitor')),
  config_hash TEXT NOT NULL,                -- SHA-256 in hex, over what the config came to, without passwords
  started_at INTEGER NOT NULL               -- milliseconds since the epoch
) STRICT, WITHOUT ROWID;
