-- Roles, made once, when the Postgres container makes its data directory.
-- The indexer's migrations say what capacity_reader may select; the API logs in as capacity_api and inherits that.
\getenv password API_PASSWORD
create role capacity_reader nologin;
create role capacity_api login password :'password' in role capacity_reader;
