-- From which address a refresh token was spent: within a moment, the same client may ask
-- again from there (two tabs at once, an answer that was lost).
ALTER TABLE refresh_tokens ADD COLUMN spent_from TEXT;

-- When the user of a family typed the password, for the ID tokens of its refreshes.
ALTER TABLE grants ADD COLUMN auth_time BIGINT;
