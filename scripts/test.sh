#!/bin/sh
# All tests: real calls one after the other in front, for sound must not be hurried; behind them, at the lowest
# priority, what only waits and computes, side by side. Fails when either fails; arguments go to both.
#
# A machine that pauses for a moment is heard: a story of real calls may be told again (the report names it as "rerun").
set -u

cd "$(dirname "$0")/.."
PYTEST=".venv/bin/python -m pytest -q"
REAL_CALLS="tests/docker/test_start.py tests/e2e tests/contract tests/sip tests/cli/test_serve.py tests/cli/test_asterisk.py tests/cli/test_own_asterisk.py tests/cli/test_existing_asterisk.py"
mkdir -p build

ignored=
for place in $REAL_CALLS; do ignored="$ignored --ignore=$place"; done

# A session of its own, so that the scheduler's grouping by session cannot outweigh its low priority.
# shellcheck disable=SC2086  # lists of words
setsid sh -c 'echo 19 >/proc/self/autogroup; exec nice -n 19 "$@"' behind \
    $PYTEST -n 2 --dist loadfile $ignored "$@" >build/tests-behind.log 2>&1 </dev/null &
behind=$!
# The real calls stay in the foreground: what is started behind it would not hear a Ctrl-C.
trap 'kill -TERM "$behind" 2>/dev/null; wait "$behind"; exit 143' INT TERM HUP

# shellcheck disable=SC2086
$PYTEST --reruns 2 --reruns-delay 5 $REAL_CALLS "$@"
front=$?

echo "== what only computes"
tail --pid="$behind" -n +1 -f build/tests-behind.log
wait "$behind"
computed=$?
[ "$front" = 0 ] && [ "$computed" = 0 ]
