-- Clients that are known by a document at their id, a URL
-- (draft-ietf-oauth-client-id-metadata-document).
ALTER TABLE clients ADD COLUMN documented BOOLEAN NOT NULL DEFAULT FALSE;
-- Whether an operator said what it may ask for: no document changes that.
ALTER TABLE clients ADD COLUMN scopes_fixed BOOLEAN NOT NULL DEFAULT FALSE;
