#!/bin/sh
# Two roles and one database for each service: `<service>_owner` migrates, `<service>` runs, with no
# right to create or change tables. Keycloak owns its own. Nobody enters another's.
# The image runs this once, as superuser, on an empty data folder.
set -eu

sql() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres
}

for name in directory meetings assignments rating; do
    upper="$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')"
    eval "password=\${${upper}_DB_PASSWORD:?}"
    eval "owner_password=\${${upper}_OWNER_PASSWORD:?}"
    # Through the environment and not the command line, which others can read.
    NAME="$name" PASSWORD="$password" OWNER_PASSWORD="$owner_password" sql <<'SQL'
\getenv name NAME
\getenv password PASSWORD
\getenv owner_password OWNER_PASSWORD
\set owner :name _owner
create role :"owner" login password :'owner_password';
create role :"name" login password :'password';
create database :"name" owner :"owner";
revoke all on database :"name" from public;
grant connect, temporary on database :"name" to :"name";
\connect :"name"
grant usage on schema public to :"name";
alter default privileges for role :"owner" in schema public
    grant select, insert, update, delete on tables to :"name";
alter default privileges for role :"owner" in schema public
    grant usage, select on sequences to :"name";
SQL
done

PASSWORD="${KEYCLOAK_DB_PASSWORD:?}" sql <<'SQL'
\getenv password PASSWORD
create role keycloak login password :'password';
create database keycloak owner keycloak;
revoke all on database keycloak from public;
SQL
