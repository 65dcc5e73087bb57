#!/usr/bin/env bash
# shellcheck disable=SC2329  # the functions are handed to `step`
#
# All that can be said about the container files without an engine, in seconds: static_check.sh [DIR]
#
# DIR is the project (by default the one this script stands in). Exit status 0: sound; 1: a fault, printed;
# 3: a tool could not be had (no network, no Debian), so nothing was judged.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=$(cd "${1:-$here/../..}" && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/baocao
ENGINE_HOME=${ENGINE_HOME:-$CACHE/engine}
python=$here/../../.venv/bin/python
[[ -x $python ]] || python=python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# The linters, by their hashes, in a virtual environment named by the lock: a new lock makes a new one.
tools=$CACHE/lint-$(sha256sum "$here/lint.lock" | cut -c1-12)
if [[ ! -f $tools/complete ]]; then
  rm -rf "$tools"
  if ! "$python" -m venv "$tools" >&2 || ! "$tools/bin/python" -m pip install -q --disable-pip-version-check \
    --require-hashes -r "$here/lint.lock" 2>"$work/pip"; then
    cat "$work/pip" >&2
    echo "the linters of lint.lock could not be installed" >&2
    exit 3
  fi
  touch "$tools/complete"
fi
"$here/engine.sh" plugins || exit 3

step() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok    $name"
  else
    echo "FAIL  $name"
    # shellcheck disable=SC2001  # every line is indented
    sed 's/^/      /' <<<"$output"
    failed=1
  fi
}

# The plugin runs without docker and without an engine. A new environment file shows that make_env.sh and the compose
# file agree on the secrets' names; env -i keeps variables of the caller from filling a gap.
"$dir/deploy/make_env.sh" "$work/env" >/dev/null || exit 1
compose() {
  env -i PATH="$PATH" HOME="$HOME" "$ENGINE_HOME/config/cli-plugins/docker-compose" \
    --project-directory "$dir" --env-file "$1" -f "$dir/docker-compose.yml" "${@:2}"
}
no_start_without_every_secret() {
  local name
  while read -r name; do
    grep -v "^$name=" "$work/env" >"$work/gap"
    if compose "$work/gap" config -q 2>"$work/refusal"; then
      echo "it starts without $name"
      return 1
    fi
    grep -q "$name.*make_env.sh" "$work/refusal" || { cat "$work/refusal"; return 1; }
  done < <(cut -d= -f1 "$work/env")
}
example_names_every_variable() {
  diff <(grep -oE '^[A-Z_]+=' "$dir/.env.example" | sort) <(grep -oE '^[A-Z_]+=' "$work/env" | sort)
}
lint() { compose "$work/env" config --format json >"$work/model.json" && "$python" "$here/compose_lint.py" <"$work/model.json"; }

step "compose: the file resolves" compose "$work/env" config -q
step "compose: no start without every secret" no_start_without_every_secret
step "compose: .env.example names what make_env.sh writes" example_names_every_variable
step "compose: specification" "$tools/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$dir/docker-compose.yml"
step "compose: own rules" lint
for file in "$dir/Dockerfile" "$dir"/deploy/containers/standins/*/Dockerfile; do
  step "hadolint ${file#"$dir"/}" "$tools/bin/hadolint" -c "$dir/.hadolint.yaml" "$file"
done
scripts=("$dir"/deploy/*.sh "$dir"/deploy/*/*.sh "$dir"/deploy/containers/standins/*/*{.sh,entrypoint})
step "shellcheck" "$tools/bin/shellcheck" -x "${scripts[@]}"
exit $failed
