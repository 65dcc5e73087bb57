#!/usr/bin/env bash
# What must be there before the services start. Every step can be repeated: it runs on each `docker compose up`.
set -euo pipefail
cd "$(dirname "$0")"

airflow db migrate
python prepare.py
python accounts.py "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS" "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
# Which unit the account sees is the warehouse's to say. In a database from before the account was made it is not there.
python -m etl db grant tuyen_quang --unit 08 \
    || echo "tuyen_quang sees nothing: make the account as deploy/postgres/databases.sh does, then start again" >&2
