#!/usr/bin/env bash
# Runs once, on an empty PostgreSQL: a database and its owner for Airflow, and one for the warehouse.
# The warehouse's roles are made here, because the warehouse's owner may not create roles; so is the account of a unit,
# which has no password: nobody logs in with it, it tells the console what the login of that name sees.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --no-psqlrc -U "${POSTGRES_USER:-postgres}" -d postgres <<'SQL'
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv warehouse_password WAREHOUSE_DB_PASSWORD
CREATE ROLE baocao_loader NOLOGIN;
CREATE ROLE baocao_reader NOLOGIN;
CREATE ROLE baocao_reviewer NOLOGIN;
CREATE ROLE baocao_unit NOLOGIN;
CREATE ROLE tuyen_quang LOGIN;
GRANT baocao_unit TO tuyen_quang;
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE warehouse LOGIN PASSWORD :'warehouse_password';
CREATE DATABASE airflow OWNER airflow TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE warehouse OWNER warehouse TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE airflow, warehouse FROM PUBLIC;
GRANT CONNECT ON DATABASE warehouse TO baocao_loader, baocao_reader, baocao_reviewer, baocao_unit;
GRANT TEMPORARY ON DATABASE warehouse TO baocao_loader;
SQL
