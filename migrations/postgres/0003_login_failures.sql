-- Tries to log in that failed, or are still being checked (`pending`), within
-- a window that began at `since`. A key is a digest of a username or an address.
CREATE TABLE login_failures (
    key      TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    pending  BIGINT NOT NULL,
    since    BIGINT NOT NULL
);
CREATE INDEX login_failures_by_since ON login_failures (since);

-- Addresses that users have logged in from, each pair as a digest, with the
-- tries that have failed from there.
CREATE TABLE usual_addresses (
    key      TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    since    BIGINT NOT NULL,
    seen_at  BIGINT NOT NULL
);
CREATE INDEX usual_addresses_by_seen_at ON usual_addresses (seen_at);
