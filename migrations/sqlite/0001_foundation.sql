-- Times are seconds since 1970, UTC. Ids are UUIDs in text form.

CREATE TABLE scopes (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    builtin     BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    email         TEXT,
    full_name     TEXT,
    disabled      BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE user_scopes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL REFERENCES scopes (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, scope)
);
CREATE INDEX user_scopes_by_scope ON user_scopes (scope);

CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    private_key BLOB NOT NULL,
    state       TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Kinds of subjects beside users and clients, and what their tokens may carry.
CREATE TABLE subject_kinds (
    kind       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE subject_kind_scopes (
    kind  TEXT NOT NULL REFERENCES subject_kinds (kind) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name) ON DELETE CASCADE,
    PRIMARY KEY (kind, scope)
);

-- OAuth clients. A secret is 256 random bits, of which the SHA-256 is kept.
-- Lists are joined by spaces.
CREATE TABLE clients (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    authentication TEXT NOT NULL,
    secret_hash    TEXT,
    jwks           TEXT,
    grants         TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    default_scopes TEXT NOT NULL,
    audiences      TEXT NOT NULL,
    disabled       BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL
);

-- The JWTs that clients authenticated with: each serves once (RFC 7523 §3).
CREATE TABLE client_assertions (
    client_id    TEXT NOT NULL,
    assertion_id TEXT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (client_id, assertion_id)
);
CREATE INDEX client_assertions_by_expiry ON client_assertions (expires_at);

-- What a user allowed a client: a family of refresh tokens.
CREATE TABLE grants (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    audience   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE refresh_tokens (
    hash       TEXT PRIMARY KEY,
    grant_id   TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT
);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);

-- Every access token that was issued: what a revocation by subject, client,
-- grant or parent finds its tokens by.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    client_id    TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    name         TEXT,
    grant_id     TEXT,
    parent_id    TEXT,
    issued_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX tokens_by_subject ON tokens (subject);
CREATE INDEX tokens_by_client ON tokens (client_id);
CREATE INDEX tokens_by_grant ON tokens (grant_id);
CREATE INDEX tokens_by_parent ON tokens (parent_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

CREATE TABLE revocations (
    token_id   TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    seq        BIGINT NOT NULL
);
CREATE INDEX revocations_by_seq ON revocations (seq);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

-- What running servers hold in memory and must learn of. The counter's row is
-- locked by each writer until it commits, so that the order of the numbers is
-- the order of the commits.
CREATE TABLE change_counter (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    seq      BIGINT NOT NULL
);
INSERT INTO change_counter (only_row, seq) VALUES (1, 0);

CREATE TABLE changes (
    seq        BIGINT PRIMARY KEY,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
