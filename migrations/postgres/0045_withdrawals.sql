-- Tokens that APIs which verify by themselves are told to refuse: their user or client is
-- disabled, or has lost one of their scopes. Here that is looked up at each request.
CREATE TABLE withdrawals (
    token_id   TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    seq        BIGINT NOT NULL
);
CREATE INDEX withdrawals_by_seq ON withdrawals (seq);
CREATE INDEX withdrawals_by_expiry ON withdrawals (expires_at);
