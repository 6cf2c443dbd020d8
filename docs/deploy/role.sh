#!/bin/sh
# Run by the image of PostgreSQL when it makes a new cluster: gives the service a role and a database of its own, and
# leaves the superuser without a password, so that nobody enters as that one from outside.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE booking LOGIN PASSWORD :'password';
CREATE DATABASE booking OWNER booking ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE booking FROM PUBLIC;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
