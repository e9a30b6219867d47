-- Keys that seal personal data. Deleting a customer's row forgets the person; the log stays as it is.

CREATE TABLE customer_keys (
    customer_id uuid  PRIMARY KEY,
    key         bytea NOT NULL CHECK (octet_length(key) = 32),
    email_index bytea UNIQUE -- keyed hash of the e-mail address: finds a customer without opening any seal
);

-- The shop's own keys by name, such as the one of the e-mail index.
CREATE TABLE shop_keys (
    name text  PRIMARY KEY,
    key  bytea NOT NULL CHECK (octet_length(key) = 32)
);
