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

-- Every access token that was issued, until it expires: what a revocation by
-- subject, client or grant finds its tokens by.
CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    subject    TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_by_subject ON tokens (subject);
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
