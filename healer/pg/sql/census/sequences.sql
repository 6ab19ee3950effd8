-- The sequences that are most used up, of those the role may read.
SELECT s.schemaname AS schema, s.sequencename AS name, s.last_value, s.max_value,
       (s.last_value::numeric - s.min_value) / NULLIF(s.max_value::numeric - s.min_value, 0) AS used
  FROM pg_catalog.pg_sequences AS s
 WHERE s.increment_by > 0 AND NOT s.cycle AND s.last_value IS NOT NULL
 ORDER BY 5 DESC, 1, 2
 LIMIT 12
