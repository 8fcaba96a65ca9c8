-- Clients that registered themselves (RFC 7591), and the initial access tokens that
-- they may do it with. Of what is secret the SHA-256 is kept.

-- Of the token that such a client manages itself with (RFC 7592); null for the others.
ALTER TABLE clients ADD COLUMN registration_hash TEXT;
-- Whether it said that it sends its secret in the body.
ALTER TABLE clients ADD COLUMN secret_in_body BOOLEAN NOT NULL DEFAULT FALSE;
-- Until when it is kept without having been used; null once it was.
ALTER TABLE clients ADD COLUMN unused_until BIGINT;
CREATE INDEX clients_by_unused_until ON clients (unused_until);

CREATE TABLE registration_tokens (
    hash       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires_at);
