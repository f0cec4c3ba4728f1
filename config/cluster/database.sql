-- The database of several nodes, made once by the superuser. The nodes' own role owns it and may do nothing else.
\set password `cat "$PORTICO_DATABASE_PASSWORD_FILE"`
CREATE ROLE portico LOGIN PASSWORD :'password';
CREATE DATABASE portico OWNER portico;
REVOKE ALL ON DATABASE portico FROM PUBLIC;
