#!/usr/bin/env bash
# Every static check, all of them also after one has failed. Changes nothing. From the project's folder.
set -uo pipefail

python=.venv/bin/python
failed=()

check() {
    local name=$1
    shift
    printf '== %s\n' "$name"
    "$@" || failed+=("$name")
}

scripts() { git ls-files -z --cached --others --exclude-standard -- '*.sh' baocao .ci/run; }

shell_scripts() { scripts | xargs -0 .venv/bin/shellcheck --exclude=SC1091; }

check "ruff" "$python" -m ruff check .
check "ruff format" "$python" -m ruff format --check .
check "mypy" "$python" -m mypy
check "mypy launcher" env MYPYPATH=plugins "$python" -m mypy launcher
check "import-linter" "$python" -c 'import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())'
check "yamllint" "$python" -m yamllint --strict .
check "shellcheck" shell_scripts
check "baocao check" ./baocao check

if [ ${#failed[@]} -gt 0 ]; then
    printf '\n%d không đạt / failed: %s\n' "${#failed[@]}" "${failed[*]}"
    exit 1
fi
printf '\nMọi kiểm tra tĩnh đạt / every static check passed.\n'
