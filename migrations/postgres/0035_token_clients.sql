-- The clients of the tokens that a token was derived from, where they are others
-- than its own: it is limited by each of them, and ends with each.
CREATE TABLE token_clients (
    token_id  TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    PRIMARY KEY (token_id, client_id)
);
CREATE INDEX token_clients_by_client ON token_clients (client_id);
