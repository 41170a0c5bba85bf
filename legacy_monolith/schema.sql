-- seq gives each table its order: newest first is seq descending, and an index on a filter column carries it along.
CREATE TABLE api_keys (key TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE merchants (email TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL, password BLOB NOT NULL);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY, email TEXT NOT NULL REFERENCES merchants (email), csrf TEXT NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE customers (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT,
  country TEXT NOT NULL, balance INTEGER NOT NULL, delinquent INTEGER NOT NULL,
  payment_methods TEXT NOT NULL, -- JSON list of {id, brand, last4}
  created INTEGER NOT NULL
);
CREATE INDEX customers_by_email ON customers (email);

CREATE TABLE charges (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, amount_refunded INTEGER NOT NULL,
  currency TEXT NOT NULL, customer TEXT NOT NULL REFERENCES customers (id), description TEXT, failure_code TEXT,
  invoice TEXT, receipt_email TEXT, status TEXT NOT NULL,
  brand TEXT NOT NULL, last4 TEXT NOT NULL, country TEXT NOT NULL, exp_month INTEGER NOT NULL, exp_year INTEGER NOT NULL,
  tags TEXT NOT NULL, -- JSON list of strings
  metadata TEXT NOT NULL, -- JSON object of strings
  created INTEGER NOT NULL
);
CREATE INDEX charges_by_customer ON charges (customer);
CREATE INDEX charges_by_status ON charges (status);
CREATE INDEX charges_by_currency ON charges (currency);

CREATE TABLE refunds (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, charge TEXT NOT NULL REFERENCES charges (id),
  currency TEXT NOT NULL, reason TEXT, status TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX refunds_by_charge ON refunds (charge);

CREATE TABLE invoices (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE,
  customer TEXT NOT NULL REFERENCES customers (id), charge TEXT, currency TEXT NOT NULL, description TEXT,
  status TEXT NOT NULL, subtotal INTEGER NOT NULL, tax INTEGER NOT NULL, total INTEGER NOT NULL, due_date INTEGER,
  lines TEXT NOT NULL, -- JSON list of {id, description, quantity, unit_amount, amount}
  created INTEGER NOT NULL
);
CREATE INDEX invoices_by_customer ON invoices (customer);
CREATE INDEX invoices_by_status ON invoices (status);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
  object TEXT NOT NULL, -- JSON, the object as it was
  created INTEGER NOT NULL
);

-- A retry may arrive at another process than the first try, so what every writer puts here is agreed: `fingerprint` is the
-- SHA-256 (hex) of the path, a newline, and the validated parameters as JSON (sorted keys, no spaces, ASCII).
CREATE TABLE idempotency (
  api_key TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, -- JSON, without request_id and served_at
  created INTEGER NOT NULL, PRIMARY KEY (api_key, key)
) WITHOUT ROWID;
