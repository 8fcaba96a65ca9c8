-- Tries from a usual address are counted as all others are, in login_failures.
ALTER TABLE usual_addresses DROP COLUMN failures;
ALTER TABLE usual_addresses DROP COLUMN since;
