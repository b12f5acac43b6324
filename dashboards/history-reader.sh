#!/bin/sh
# Runs once, when the database of the history is made: the role by which Grafana reads, and which can change nothing.
set -eu
password=$(cat "${READER_PASSWORD_FILE:-/run/secrets/history_password}")
psql --quiet --set ON_ERROR_STOP=1 --set password="$password" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE grafana LOGIN PASSWORD :'password';
GRANT USAGE ON SCHEMA public TO grafana;
-- Lamplighter makes its tables later, as the user that runs this.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO grafana;
SQL
