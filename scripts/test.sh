#!/bin/sh
# All tests, in two lanes for two cores. In front, at normal priority: the stories of real sound and of whole hotlines,
# the longest files first, then signalling and the engines' contract; they wait far more than they compute, so three at
# once. Behind, at the lowest priority: the quick checks, then what only waits and computes, side by side. Fails when
# anything fails; arguments go to all of pytest's runs. HOTLINE_NIGHTLY=1: all of the long series.
#
# Nothing is run again because it failed. A machine that pauses for a moment is heard, so a story of real calls that
# failed while a witness saw such a pause is told once more (tests/support/told_again.py); three in a run are a failure.
set -u

cd "$(dirname "$0")/.."
# Compiled once for all: without it each of the processes spends half a minute on reading the tests.
export PYTHONDONTWRITEBYTECODE=
PYTEST=".venv/bin/python -m pytest -q"
E2E=tests/e2e/test
FRONT="${E2E}_heard.py ${E2E}_phones.py ${E2E}_asterisk.py ${E2E}_asterisk_survives.py tests/cli/test_serve.py"
FRONT="$FRONT ${E2E}_sipp.py ${E2E}_call_back.py ${E2E}_hanging_up.py tests/docker/test_start.py"
FRONT="$FRONT tests/cli/test_own_asterisk.py tests/cli/test_existing_asterisk.py tests/cli/test_asterisk.py"
for file in tests/e2e/test_*.py tests/cli/test_door.py tests/contract/test_*.py tests/sip/test_*.py; do
    case " $FRONT " in
    *" $file "*) ;;
    *) FRONT="$FRONT $file" ;;
    esac
done
LOGS="check computing calls"
mkdir -p build

ignored=
for place in $FRONT; do ignored="$ignored --ignore=$place"; done
for log in $LOGS; do : >"build/tests-$log.log"; done

# gently COMMAND...: at the lowest priority. A session of its own, so that the scheduler's grouping by session cannot
# outweigh it.
gently() {
    setsid sh -c 'echo 19 >/proc/self/autogroup; exec nice -n 19 "$@"' behind "$@"
}

# behind LOG COMMAND...: run it, its output in build/tests-LOG.log
behind() {
    log=build/tests-$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null &
    running=$!
    wait "$running"
}

# shellcheck disable=SC2086  # lists of words
beside() {
    trap 'kill -TERM "$running" 2>/dev/null; wait "$running"; exit 143' TERM
    failed=0
    behind check gently scripts/check.sh || failed=1
    behind computing gently $PYTEST -n 3 --dist loadfile --no-loadscope-reorder $ignored "$@" || failed=1
    return "$failed"
}

beside "$@" &
beside=$!
# What is in front stays in the foreground: what is started behind it would not hear a Ctrl-C.
trap 'kill -TERM "$beside" 2>/dev/null; wait "$beside"; exit 143' INT TERM HUP

# in_front LOG COMMAND...: run it in sight, and keep its output
in_front() {
    log=build/tests-$1.log
    shift
    { "$@" 2>&1 || echo $? >build/tests-front.failed; } | tee "$log"
}

rm -f build/tests-front.failed
# shellcheck disable=SC2086
in_front calls $PYTEST -n 3 --dist loadfile --no-loadscope-reorder $FRONT "$@"

echo "== checks, and what only computes"
tail --pid="$beside" -q -n +1 -f build/tests-check.log build/tests-computing.log
wait "$beside"
failed=$?
[ -f build/tests-front.failed ] && failed=1

cd build && again=$(grep -h '^TOLD AGAIN ' tests-computing.log tests-calls.log)
if [ -n "$again" ]; then
    echo "== told again because the machine paused, at most two in a run"
    echo "$again"
    [ "$(echo "$again" | wc -l)" -le 2 ] || failed=1
fi
exit "$failed"
