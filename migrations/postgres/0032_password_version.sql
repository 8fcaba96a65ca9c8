-- Goes up with each new password, and not with a better hash of the same one: what
-- is issued after a login is bound to the password that was typed.
ALTER TABLE users ADD COLUMN password_version BIGINT NOT NULL DEFAULT 0;
