#!/bin/sh
# Run once by the PostgreSQL image: a database and a role for each service, which sees no other's tables.
set -e
for service in scheduler attendance notifications; do
  psql -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres \
    -v role="$service" -v password="${PARCOURS_DATABASE_PASSWORD:-$POSTGRES_PASSWORD}" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
