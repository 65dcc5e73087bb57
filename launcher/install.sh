#!/usr/bin/env bash
# Makes .venv, if need be, and installs one lock file into it. Usage: install.sh LOCK STAMP, from the project's folder.
set -euo pipefail

lock=$1
stamp=$2
venv=.venv

say() { printf '%s\n' "$*" >&2; }

is_python_3_11() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3 /usr/bin/python3.11; do
        if [ -n "$candidate" ] && is_python_3_11 "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Cần Python 3.11 / Python 3.11 is needed: apt-get install python3.11 python3.11-venv, hoặc đặt / or set PYTHON=..."
    return 1
}

make_venv() {
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "Python này thiếu venv / this Python lacks venv: apt-get install python3.11-venv"
        return 1
    fi
    say "Tạo môi trường / making $venv ($python)"
    # Not --clear on a whole one: only what does not work is made anew.
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

if ! { [ -x "$venv/bin/python" ] && is_python_3_11 "$venv/bin/python" && "$venv/bin/python" -m pip --version; } \
    >/dev/null 2>&1; then
    make_venv
fi

say "Cài đặt / installing $lock (lần đầu mất vài phút / the first time takes minutes)"
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: --requirement "$lock"
cp "$lock" "$stamp"
