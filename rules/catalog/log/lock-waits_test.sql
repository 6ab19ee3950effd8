-- set: min_events=3

-- quiet
-- Two waits, the news that one of them ended, and another database's.

-- quiet log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8226, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT waiting", "error_severity": "LOG", "message": "process 8226 still waiting for AccessShareLock on relation 16386 of database 5 after 1003.838 ms", "detail": "Process holding the lock: 8221. Wait queue: 8226.", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT waiting", "error_severity": "LOG", "message": "process 8226 acquired AccessShareLock on relation 16386 of database 5 after 1212.909 ms", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8227, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT waiting", "error_severity": "LOG", "message": "process 8227 still waiting for AccessShareLock on relation 16386 of database 5 after 1003.838 ms", "detail": "Process holding the lock: 8221. Wait queue: 8227.", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "elsewhere", "pid": 1, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT waiting", "error_severity": "LOG", "message": "process 1 still waiting for AccessShareLock on relation 16386 of database 5 after 1003.838 ms", "detail": "Process holding the lock: 8221. Wait queue: 1.", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "elsewhere", "pid": 2, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT waiting", "error_severity": "LOG", "message": "process 2 still waiting for AccessShareLock on relation 16386 of database 5 after 1003.838 ms", "detail": "Process holding the lock: 8221. Wait queue: 2.", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- setup

-- log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "55P03", "message": "canceling statement due to lock timeout", "statement": "select * from app.orders", "cursor_position": 15, "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- want
database {database}

-- plan

