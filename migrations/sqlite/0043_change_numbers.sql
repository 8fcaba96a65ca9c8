-- Only PostgreSQL changes: SQLite has one writer at a time, who may hold the counter.
SELECT 1;
