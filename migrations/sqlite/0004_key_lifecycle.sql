-- The state of a key follows from these times and the clock. NULL is "not set":
-- a key without `activates_at` waits for a rotation, one without `retires_at`
-- has no successor, one without `verifies_until` has no end.
ALTER TABLE signing_keys ADD COLUMN activates_at BIGINT;
ALTER TABLE signing_keys ADD COLUMN retires_at BIGINT;
ALTER TABLE signing_keys ADD COLUMN verifies_until BIGINT;
-- Whether `private_key` is encrypted with the key encryption key.
ALTER TABLE signing_keys ADD COLUMN sealed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE signing_keys SET activates_at = created_at;
ALTER TABLE signing_keys DROP COLUMN state;
