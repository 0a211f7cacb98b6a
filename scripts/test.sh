#!/bin/sh
# All tests. Real calls one after the other in front, for sound must not be hurried. Beside them, at the lowest priority,
# what only waits and computes, side by side; when that is done, what starts and ends whole hotlines. Fails when any of
# the three fails; arguments go to all.
#
# A machine that pauses for a moment is heard: a story of real calls may be told again (the report names it as "rerun").
set -u

cd "$(dirname "$0")/.."
PYTEST=".venv/bin/python -m pytest -q"
AGAIN="--reruns 2 --reruns-delay 5"
REAL_CALLS="tests/e2e tests/contract tests/sip"
WHOLE_HOTLINES="tests/docker/test_start.py tests/cli/test_serve.py tests/cli/test_asterisk.py tests/cli/test_own_asterisk.py tests/cli/test_existing_asterisk.py"
mkdir -p build

ignored=
for place in $REAL_CALLS $WHOLE_HOTLINES; do ignored="$ignored --ignore=$place"; done

# shellcheck disable=SC2086  # lists of words
beside() {
    trap 'kill -TERM "$running" 2>/dev/null; wait "$running"; exit 143' TERM
    # A session of its own, so that the scheduler's grouping by session cannot outweigh its low priority.
    setsid sh -c 'echo 19 >/proc/self/autogroup; exec nice -n 19 "$@"' behind \
        $PYTEST -n 2 --dist loadfile $ignored "$@" >build/tests-computing.log 2>&1 </dev/null &
    running=$!
    wait "$running"
    computed=$?
    $PYTEST $AGAIN $WHOLE_HOTLINES "$@" >build/tests-hotlines.log 2>&1 </dev/null &
    running=$!
    wait "$running" && return "$computed"
}

: >build/tests-computing.log
: >build/tests-hotlines.log
beside "$@" &
beside=$!
# The real calls stay in the foreground: what is started behind it would not hear a Ctrl-C.
trap 'kill -TERM "$beside" 2>/dev/null; wait "$beside"; exit 143' INT TERM HUP

# shellcheck disable=SC2086
$PYTEST $AGAIN $REAL_CALLS "$@"
front=$?

echo "== what only computes, and whole hotlines"
tail --pid="$beside" -q -n +1 -f build/tests-computing.log build/tests-hotlines.log
wait "$beside"
behind=$?
[ "$front" = 0 ] && [ "$behind" = 0 ]
