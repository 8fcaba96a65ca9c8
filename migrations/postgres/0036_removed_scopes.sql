-- What left the catalogue, and the id that tokens issued until then sort before: one
-- added later under the name is another, which they do not have.
CREATE TABLE removed_scopes (
    name  TEXT PRIMARY KEY,
    fence TEXT NOT NULL
);

-- Whoever the operator let hold every scope, until one is taken away: they hold
-- scopes that are added later as well.
ALTER TABLE users ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET administrator = TRUE WHERE NOT EXISTS (
    SELECT 1 FROM scopes
    WHERE name NOT IN (SELECT scope FROM user_scopes WHERE user_id = users.id)
) AND EXISTS (SELECT 1 FROM scopes);
CREATE INDEX users_administrators ON users (id) WHERE administrator;
