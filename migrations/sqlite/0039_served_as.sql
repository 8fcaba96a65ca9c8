-- What `serve` was last started with, of what decides whether a token is valid: a
-- command that would issue others says so.
CREATE TABLE served_as (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    issuer    TEXT NOT NULL,
    audience  TEXT NOT NULL,
    algorithm TEXT NOT NULL
);
