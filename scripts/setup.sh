#!/bin/sh
# Prepares this folder for running or testing the hotline. Safe to repeat; quick when nothing is missing.
#
#   scripts/setup.sh run     Python environment, prompts, database, hotline.toml
#   scripts/setup.sh run asterisk     ... and an Asterisk, unless one answers or is on PATH
#   scripts/setup.sh test    what the tests need on top: SIP phones, a browser, PostgreSQL, fonts
#
# Debian packages are installed by apt when this runs as root; otherwise it says which ones to install.
# Without a network everything that is already installed is used as it is.
set -eu

cd "$(dirname "$0")/.."
VENV=.venv
PYTHON=$VENV/bin/python
LOG=build/setup.log
mkdir -p build

say() { printf '%s\n' "$*"; }
step() { printf '  %-52s' "$1"; }
done_() { printf ' %s\n' "${1:-ok}"; }
fail() {
    printf '\n%s\n' "$*" >&2
    exit 3
}

# Run a command quietly; show the end of its output when it fails.
quietly() {
    if ! "$@" >>"$LOG" 2>&1 </dev/null; then
        printf ' failed\n' >&2
        tail -n 15 "$LOG" >&2
        return 1
    fi
}

# --- Debian packages ------------------------------------------------------------------------------

# missing_packages NAME... -> the names that are not installed
missing_packages() {
    for name in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
        *" installed") ;;
        *) printf '%s ' "$name" ;;
        esac
    done
}

# packages "what for" NAME... : install what is missing; returns 1 when that is not possible here
packages() {
    what=$1
    shift
    command -v dpkg-query >/dev/null 2>&1 || return 1
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "  For $what please install: sudo apt-get install $missing"
        return 1
    fi
    step "Debian packages: $what"
    export DEBIAN_FRONTEND=noninteractive
    [ -n "${APT_UPDATED:-}" ] || quietly apt-get -q -o Acquire::Retries=3 update || true
    APT_UPDATED=1
    # shellcheck disable=SC2086  # a list of names
    quietly apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $missing || return 1
    done_
}

# --- Python ---------------------------------------------------------------------------------------

find_python() {
    for name in ${HOTLINE_PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

python_environment() { # python_environment EXTRAS
    extras=$1
    stamp=$VENV/.setup-stamp-$(printf '%s' "$extras" | tr ',' '-')
    sum=$(cksum <pyproject.toml)
    if [ -x "$PYTHON" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && "$PYTHON" -c 'import hotline' 2>/dev/null; then
        return 0
    fi
    if ! [ -x "$PYTHON" ] || ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        find_python >/dev/null || packages "Python" python3 python3-venv || true
        python=$(find_python) || fail "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv"
        step "Python environment in $VENV"
        quietly "$python" -m venv --clear "$VENV" || fail "could not make $VENV; see $LOG"
        done_
    fi
    step "Python packages ($extras)"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
    if "$PYTHON" -m pip install --retries 3 -e ".[$extras]" >>"$LOG" 2>&1 </dev/null; then
        done_
    elif packages_complete "$extras"; then
        done_ "kept as installed (no network)"
    else
        done_ failed
        tail -n 5 "$LOG" >&2
        fail "The Python packages could not be installed; is there a network, or an index set for pip? See $LOG"
    fi
    printf '%s' "$sum" >"$stamp"
}

# Everything pyproject.toml asks for is installed already? (No network is needed for the answer.)
packages_complete() {
    "$PYTHON" scripts/packages_complete.py "$1" >>"$LOG" 2>&1
}

# --- what each target needs -----------------------------------------------------------------------

for_running() {
    python_environment voice
    # WAV reading and writing: the wheel of soundfile brings libsndfile, except on rare machines.
    "$PYTHON" -c 'import soundfile' 2>/dev/null || packages "sound files" libsndfile1 || true
    packages "reports as PDF" libpango-1.0-0 libpangoft2-1.0-0 fonts-noto-cjk ||
        say "  (reports are HTML only until these are there)"
    config=${HOTLINE_CONFIG:-hotline.toml}
    if ! [ -f "$config" ]; then
        step "Settings in $config"
        quietly "$VENV/bin/hotline" init --config "$config" || fail "could not write $config; see $LOG"
        done_
    fi
    if [ "${1:-}" = asterisk ]; then
        asterisk_to_run
    fi
    # Quick when there is nothing to do; shows its own progress when there is. (The database is made by `serve`.)
    "$VENV/bin/hotline" voice build --quiet </dev/null || [ $? = 1 ] # 1: something is stale, and said so
}

# The one that answers, one on PATH, or one in a folder; when there is none, `hotline serve` says what to do.
asterisk_to_run() {
    HOTLINE_ASTERISK_ROOT=${HOTLINE_ASTERISK_ROOT:-build/asterisk-root} "$VENV/bin/hotline" asterisk which \
        >>"$LOG" 2>&1 </dev/null || asterisk_folder || true
}

for_testing() {
    packages "telephones for the tests" sip-tester baresip-core || say "  (tests that need sipp and baresip are skipped by name)"
    packages "one more telephone for the tests" linphone-cli || say "  (tests that need linphonec are skipped by name)"
    asterisk_folder || say "  (tests that need Asterisk are skipped by name)"
    packages "PostgreSQL for the tests" postgresql || say "  (tests that need PostgreSQL are skipped by name)"
    packages "browser and Chinese fonts for the tests" chromium fonts-noto-cjk || say "  (tests in a browser are skipped by name)"
    python_environment voice,postgres,dev
    accessibility_checker
}

# Asterisk 22 in a folder of its own, unless the machine has one: nothing of it is installed.
asterisk_folder() {
    case $(asterisk -V 2>/dev/null) in
    "Asterisk 22."[4-9]* | "Asterisk 22."[1-9][0-9]* | "Asterisk 2"[3-9]*) return 0 ;;
    esac
    if packages "what makes a folder with Asterisk" mmdebstrap debian-archive-keyring; then
        [ ! -f build/asterisk-root/.complete ] || made=yes
        [ "${made:-}" ] || step "Asterisk in build/asterisk-root (a minute or two)"
        if quietly docker/asterisk-root.sh build/asterisk-root; then
            [ "${made:-}" ] || done_
            return 0
        fi
    fi
    return 1
}

# axe-core, the accessibility checker the browser tests run inside the pages (pinned in tests/web/package-lock.json).
accessibility_checker() {
    [ -f tests/web/node_modules/axe-core/axe.min.js ] && return 0
    command -v npm >/dev/null 2>&1 || packages "npm for the accessibility checker" npm nodejs || true
    command -v npm >/dev/null 2>&1 || {
        say "  (the accessibility test is skipped by name: npm is missing)"
        return 0
    }
    step "Accessibility checker (axe-core)"
    if quietly npm ci --prefix tests/web --no-audit --no-fund; then
        done_
    else
        say "  (the accessibility test is skipped by name)"
    fi
}

: >"$LOG"
case ${1:-} in
run) for_running "${2:-}" ;;
test) for_testing ;;
*) fail "usage: scripts/setup.sh run [asterisk] | test" ;;
esac
