-- Changes are numbered as before: SQLite has one writer at a time, who may hold the counter.

-- What is written to learn whether anything can be.
CREATE TABLE write_probe (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO write_probe (only_row, number) VALUES (1, 0);
