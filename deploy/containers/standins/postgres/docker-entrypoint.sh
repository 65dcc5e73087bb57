#!/usr/bin/env bash
# The documented contract of the official image that docker-compose.yml relies on: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, PGDATA, /docker-entrypoint-initdb.d (*.sh, *.sql), "-c key=value" arguments, uid 999, stop by SIGINT.
set -Eeuo pipefail
[[ ${1:-postgres} != -* ]] || set -- postgres "$@"
[[ ${1:-} == postgres ]] || exec "$@"

if [[ $(id -u) == 0 ]]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA"
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  chown postgres:postgres /var/run/postgresql
  chmod 3777 /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

export HOME=/var/lib/postgresql
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  export POSTGRES_USER=${POSTGRES_USER:-postgres}
  export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  : "${POSTGRES_PASSWORD:?the database is empty and no password of its superuser is given}"
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  printf '\nhost all all all %s\n' "$(postgres -C password_encryption -D "$PGDATA")" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  if [[ $POSTGRES_DB != postgres ]]; then createdb -U "$POSTGRES_USER" "$POSTGRES_DB"; fi
  shopt -s nullglob
  for file in /docker-entrypoint-initdb.d/*; do
    echo "running $file"
    # as in the official image, a script without the executable bit is sourced
    # shellcheck source=/dev/null
    case $file in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$file" ;;
      *) echo "ignoring $file" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
