#!/bin/sh
# One role and one database for each service and for Keycloak; nobody enters another's.
# The image runs this once, as superuser, on an empty data folder.
set -eu

for name in directory meetings assignments rating keycloak; do
    variable="$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')_DB_PASSWORD"
    eval "password=\${$variable:?}"
    # Through the environment and not the command line, which others can read.
    NAME="$name" PASSWORD="$password" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
        --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv name NAME
\getenv password PASSWORD
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done
