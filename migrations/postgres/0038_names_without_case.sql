-- E-mail addresses as names are found without their case.
CREATE INDEX users_by_name_without_case ON users (lower(username));
