-- Changes are numbered by a sequence, which no writer holds until it commits: a server that
-- is frozen within a transaction keeps nobody from writing. A higher number may be seen
-- before a lower one; running servers know that.
CREATE SEQUENCE change_numbers MINVALUE 0;
SELECT setval('change_numbers', (SELECT seq FROM change_counter));
DROP TABLE change_counter;

-- What is written to learn whether anything can be.
CREATE TABLE write_probe (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO write_probe (only_row, number) VALUES (1, 0);
