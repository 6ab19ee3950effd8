   AND NOT s.active AND NOT s.temporary
   -- Since 17: a slot that a standby keeps in step with its primary's is not ours to drop.
   AND COALESCE(pg_catalog.to_jsonb(s) ->> 'synced', 'false') = 'false'
   AND COALESCE(pg_catalog.to_jsonb(s) ->> 'failover', 'false') = 'false'
 ORDER BY s.slot_name
