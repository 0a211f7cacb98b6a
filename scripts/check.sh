#!/bin/sh
# The quick checks: style, types, imports, flows. The type check reads alone beside the others, for it takes longest.
set -u

cd "$(dirname "$0")/.."
mkdir -p build
.venv/bin/mypy >build/mypy.log 2>&1 &
mypy=$!
trap 'kill -TERM "$mypy" 2>/dev/null; exit 143' INT TERM HUP
failed=0
for check in "ruff check ." "ruff format --check ." lint-imports "hotline flow check"; do
    # shellcheck disable=SC2086
    .venv/bin/$check || failed=1
done
wait "$mypy" || failed=1
cat build/mypy.log
exit "$failed"
