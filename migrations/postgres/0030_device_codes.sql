-- Device authorizations (RFC 8628): the device holds the code of which the
-- SHA-256 is kept, the user types the other one.

CREATE TABLE device_codes (
    hash       TEXT PRIMARY KEY,
    user_code  TEXT NOT NULL UNIQUE,
    client_id  TEXT NOT NULL,
    -- What the device asked for; once the user has approved, what was granted.
    scopes     TEXT NOT NULL,
    audience   TEXT NOT NULL,
    -- pending, approved, denied or spent
    state      TEXT NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- When the user who approved had signed in.
    auth_time  BIGINT,
    expires_at BIGINT NOT NULL,
    -- Seconds that the device has to wait between two questions.
    pace       BIGINT NOT NULL,
    asked_at   BIGINT
);
