#!/bin/sh
# Is Asterisk up, and does it answer its console? For health checks.
set -eu

config=${ASTERISK_CONFIG:-/etc/hotline-asterisk}/asterisk.conf
# shellcheck disable=SC2086  # a command line
${ASTERISK:-asterisk} -C "$config" -rx 'core waitfullybooted' | grep -q 'fully booted'
