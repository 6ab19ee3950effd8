-- set: min_events=3

-- quiet
-- Two refusals; and what a role may not do after it logged in is none.

-- quiet log
{"timestamp": "{now}", "user": "shop", "dbname": "shop", "pid": 8113, "remote_host": "203.0.113.9", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "authentication", "error_severity": "FATAL", "state_code": "28P01", "message": "password authentication failed for user \"shop\"", "detail": "Connection matched pg_hba.conf line 1: \"host all all 0.0.0.0/0 scram-sha-256\"", "application_name": "", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "nobody_here", "dbname": "shop", "pid": 8113, "remote_host": "203.0.113.9", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "startup", "error_severity": "FATAL", "state_code": "28000", "message": "role \"nobody_here\" does not exist", "application_name": "", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "42501", "message": "permission denied for table orders", "statement": "select * from app.orders", "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- setup

-- log
{"timestamp": "{now}", "user": "admin", "dbname": "shop", "pid": 8113, "remote_host": "203.0.113.9", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "authentication", "error_severity": "FATAL", "state_code": "28P01", "message": "password authentication failed for user \"admin\"", "detail": "Connection matched pg_hba.conf line 1: \"host all all 0.0.0.0/0 scram-sha-256\"", "application_name": "", "backend_type": "client backend", "query_id": 0}

-- want
server log

-- plan

