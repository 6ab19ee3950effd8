-- set: min_size=1MB

-- quiet
-- Many small files, and another database's large one.

-- quiet log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "LOG", "message": "temporary file: path \"base/pgsql_tmp/pgsql_tmp8206.1\", size 100000", "statement": "select customer, count(*) from app.orders where v = 'secret' group by customer order by 2", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "LOG", "message": "temporary file: path \"base/pgsql_tmp/pgsql_tmp8206.1\", size 200000", "statement": "select customer, count(*) from app.orders where v = 'secret' group by customer order by 2", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "LOG", "message": "temporary file: path \"base/pgsql_tmp/pgsql_tmp8206.1\", size 300000", "statement": "select customer, count(*) from app.orders where v = 'secret' group by customer order by 2", "application_name": "shop", "backend_type": "client backend", "query_id": 0}
{"timestamp": "{now}", "user": "shop", "dbname": "elsewhere", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "LOG", "message": "temporary file: path \"base/pgsql_tmp/pgsql_tmp8206.1\", size 1073741824", "statement": "select customer, count(*) from app.orders where v = 'secret' group by customer order by 2", "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- setup

-- log
{"timestamp": "{now}", "user": "shop", "dbname": "{database}", "pid": 8113, "remote_host": "10.0.0.7", "session_id": "6b068c73.1fb1", "line_num": 1, "ps": "SELECT", "error_severity": "LOG", "message": "temporary file: path \"base/pgsql_tmp/pgsql_tmp8206.1\", size 1400000", "statement": "select customer, count(*) from app.orders where v = 'secret' group by customer order by 2", "application_name": "shop", "backend_type": "client backend", "query_id": 0}

-- want
database {database}

-- plan

