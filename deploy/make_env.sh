#!/usr/bin/env bash
# Writes the secrets that docker-compose.yml needs: deploy/make_env.sh [FILE]   (by default .env of the project)
# A file that is there is kept: its passwords belong to the database that was made with them.
set -euo pipefail

file=${1:-$(cd "$(dirname "$0")/.." && pwd)/.env}
if [[ -e $file ]]; then
  echo "$file is there already and was kept"
  exit 0
fi
umask 077

# 32 random bytes in URL-safe base64: 43 characters and, for a Fernet key, the "=" that fills them up
bytes() { head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_'; }
secret() { bytes | tr -d '='; }

unfinished=$(mktemp "$file.XXXXXX")
trap 'rm -f "$unfinished"' EXIT
{
  for name in POSTGRES_PASSWORD AIRFLOW_DB_PASSWORD WAREHOUSE_DB_PASSWORD; do echo "$name=$(secret)"; done
  echo "FERNET_KEY=$(bytes)"
  for name in JWT_SECRET API_SECRET_KEY BAOCAO_SIMULATOR_TOKEN; do echo "$name=$(secret)"; done
} >"$unfinished"
ln "$unfinished" "$file" # fails, and keeps what is there, when another call was faster
echo "$file holds new secrets; only you can read it"
