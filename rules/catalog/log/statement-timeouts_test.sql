-- set: min_events=3

-- quiet
-- A person cancelled one; others are of yesterday, or of another database.

-- quiet log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to user request", "statement": "select pg_sleep(5)", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "elsewhere", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "2020-01-01 00:00:00.000 UTC", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "2020-01-01 00:00:00.000 UTC", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- setup

-- log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "57014", "message": "canceling statement due to statement timeout", "statement": "select count(*) from app.orders where v = 'secret'", "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- want
database {database}

-- plan

