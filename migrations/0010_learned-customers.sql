-- Who is whose subcustomer, as the switch told it in trusted mode. A row holds from its poll until the next row of the same
-- customer, so that explanations and backtests count subcustomers as the passes of that time did.
CREATE TABLE ledger_customer (
  id INTEGER PRIMARY KEY,
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  customer INTEGER NOT NULL,
  parent INTEGER NOT NULL,                  -- the nearest known customer above it
  placed INTEGER NOT NULL CHECK (placed IN (0, 1)),     -- whether it is known below whom it stands, and below whom not
  answered INTEGER NOT NULL CHECK (answered IN (0, 1)), -- whether it is known who stands below it
  learned_at INTEGER NOT NULL               -- the poll with which it was known; milliseconds since the epoch
) STRICT;

CREATE INDEX ledger_customer_newest ON ledger_customer (switch_id, customer, id);
