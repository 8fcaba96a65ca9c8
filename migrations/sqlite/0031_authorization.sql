-- The authorization code flow: where clients may be answered, sessions of people
-- in their browsers, what they agreed to, and the codes that came of it. Of what
-- is secret the SHA-256 is kept. Lists are joined by spaces.

ALTER TABLE clients ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN application_type TEXT NOT NULL DEFAULT 'web';
ALTER TABLE clients ADD COLUMN first_party BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE sessions (
    hash         TEXT PRIMARY KEY,
    -- What the session is named by where it is listed.
    id           TEXT NOT NULL UNIQUE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- When the password was typed.
    auth_time    BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    address      TEXT NOT NULL,
    user_agent   TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Authorization requests: those that wait for the user's answer, and those that
-- clients pushed (RFC 9126). JSON.
CREATE TABLE authorization_requests (
    hash       TEXT PRIMARY KEY,
    request    TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE authorization_codes (
    hash         TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The family of what it gave.
    grant_id     TEXT NOT NULL,
    -- As the request named it; null where it named none.
    redirect_uri TEXT,
    challenge    TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    nonce        TEXT,
    auth_time    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    spent_at     BIGINT
);

-- What a user let a client have.
CREATE TABLE consents (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- What the client asked for, and what of it the user left ticked.
    asked      TEXT NOT NULL,
    granted    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
