-- The language that a user reads: a tag of BCP 47.
ALTER TABLE users ADD COLUMN locale TEXT;
