#!/usr/bin/env bash
# Builds and starts docker-compose.yml for real, runs one quarter through its REST interface, compares the warehouse
# with what the simulator knows to be true, and takes everything down again:
#
#   real_stack.sh [--official] [--keep]      BAOCAO_PERIOD=2026-Q3 BAOCAO_LOGS=FOLDER
#
# Of itself it starts a private engine and builds stand-ins of the official images (root on Debian; see README.md).
# --official takes the engine that is there and the official images. --keep leaves stack and engine running.
# Exit status 0: every figure equal; 1: something failed, see the logs; 3: it did not run, and why.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
period=${BAOCAO_PERIOD:-2026-Q3}
official='' keep=''
for option; do
  case $option in
    --official) official=1 ;;
    --keep) keep=1 ;;
    *) echo "usage: $0 [--official] [--keep]" >&2; exit 2 ;;
  esac
done

stamp() { printf '%s  %s\n' "$(date +%T)" "$*"; }
did_not_run() { echo "the real stack did not run: $*"; exit 3; }

if [[ -n $official ]]; then
  docker info >/dev/null 2>&1 || did_not_run "no engine answers the command docker"
  docker compose version >/dev/null 2>&1 || did_not_run "docker has no compose"
else
  reason=$("$here/engine.sh" why) || did_not_run "$reason"
fi

logs=${BAOCAO_LOGS:-$(mktemp -d)}
mkdir -p "$logs"
work=$(mktemp -d)
name=baocao-real-$$
export COMPOSE_PROJECT_NAME=$name BAOCAO_IMAGE=baocao-etl:$name
compose() { docker compose --project-directory "$project" --env-file "$work/env" -f "$project/docker-compose.yml" "$@"; }

leave() {
  local status=$?
  if [[ -s $work/env ]] && docker version >/dev/null 2>&1; then
    compose ps -a >"$logs/services.txt" 2>&1 || true
    compose logs --no-color >"$logs/services.log" 2>&1 || true
    # task logs: the reason of a failed task stands only there
    compose exec -T api-server tar -C /opt/airflow/logs -czf - . >"$logs/tasks.tar.gz" 2>/dev/null || true
    if [[ -z $keep ]]; then
      compose down -v --remove-orphans >/dev/null 2>&1 || true
      docker rmi -f "$BAOCAO_IMAGE" >/dev/null 2>&1 || true
    fi
  fi
  if [[ -z $keep ]]; then
    if [[ -z $official && -n ${engine_is_ours:-} ]]; then "$here/engine.sh" down; fi
    rm -rf "$work"
  fi
  if [[ $status != 0 ]]; then stamp "failed; logs are in $logs"; fi
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

if [[ -z $official ]]; then
  state=$("$here/engine.sh" up)
  stamp "$state"
  if [[ $state != *already* ]]; then engine_is_ours=1; fi
  eval "$("$here/engine.sh" env)"
  "$here/bases.sh"
  set -a
  # shellcheck source-path=SCRIPTDIR
  . "$here/standin.env"
  set +a
fi

"$project/deploy/make_env.sh" "$work/env" >/dev/null
BAOCAO_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BAOCAO_PORT BAOCAO_DAGS_PAUSED=true

stamp "build and start"
compose up -d --build --wait --wait-timeout 600 >"$logs/up.txt" 2>&1 || { tail -20 "$logs/up.txt"; exit 1; }
stamp "healthy on 127.0.0.1:$BAOCAO_PORT"
compose ps --format 'table {{.Service}}\t{{.Status}}'

compose exec -T api-server cat /opt/airflow/accounts/passwords.json >"$work/passwords.json"
python3 "$here/quarter.py" "http://127.0.0.1:$BAOCAO_PORT" "$work/passwords.json" "$period"
stamp "memory after the quarter"
docker stats --no-stream --format 'table {{.Name}}\t{{.MemUsage}}\t{{.CPUPerc}}'
compose exec -T scheduler python - "$period" <"$here/compare_truth.py"
stamp "the real stack ran $period"
