-- undo: session, deadline=4h
-- if: SELECT 1 WHERE @tablespace IS NULL
{definition:concurrently};
-- if: SELECT 1 WHERE @tablespace IS NOT NULL
{definition:concurrently} TABLESPACE {tablespace};
