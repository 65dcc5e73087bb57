#!/usr/bin/env bash
# What must be there before the services start. Every step can be repeated: it runs on each `docker compose up`.
set -euo pipefail
cd "$(dirname "$0")"

airflow db migrate
python prepare.py
python accounts.py "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS" "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
