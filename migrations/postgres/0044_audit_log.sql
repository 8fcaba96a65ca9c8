-- Who did what to what. An entry has its number, and the digest that binds it to the one
-- before, a moment after it was written.
CREATE TABLE audit_log (
    id         TEXT PRIMARY KEY,
    number     BIGINT UNIQUE,
    created_at BIGINT NOT NULL,
    action     TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    who        TEXT NOT NULL,
    target     TEXT NOT NULL,
    detail     TEXT,
    client_id  TEXT,
    token_id   TEXT,
    address    TEXT,
    request_id TEXT,
    times      BIGINT NOT NULL,
    digest     TEXT
);
CREATE INDEX audit_log_unchained ON audit_log (id) WHERE number IS NULL;
CREATE INDEX audit_log_who ON audit_log (who, id);
CREATE INDEX audit_log_target ON audit_log (target, id);

-- The ends of the chain: the last entry that was removed as too old, and the last entry.
CREATE TABLE audit_chain (
    only_row    BIGINT PRIMARY KEY CHECK (only_row = 1),
    base_number BIGINT NOT NULL,
    base_digest TEXT NOT NULL,
    head_number BIGINT NOT NULL,
    head_digest TEXT NOT NULL
);
INSERT INTO audit_chain (only_row, base_number, base_digest, head_number, head_digest)
VALUES (1, 0, '', 0, '');
