-- What hash a user was imported with, as its SHA-256: a later import tells by it
-- whether the password has changed where the user came from, although a login
-- has replaced the hash here.
CREATE TABLE imported_hashes (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    digest  TEXT NOT NULL
);
