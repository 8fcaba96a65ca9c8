-- Users whose table is another application's, once they have logged in here:
-- which row there, and the SHA-256 of each password hash that it may have for
-- their tokens to be good, joined by spaces. `owns_row`: the row in `users` was
-- made for this alone.
CREATE TABLE shared_users (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    foreign_id  TEXT NOT NULL,
    credentials TEXT NOT NULL,
    owns_row    BOOLEAN NOT NULL
);
