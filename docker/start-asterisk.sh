#!/bin/sh
# What Asterisk's container runs: waits until the hotline has written its configuration, then starts.
# ASTERISK: the program, with what stands before it.
set -eu

config=${ASTERISK_CONFIG:-/etc/hotline-asterisk}/asterisk.conf
until [ -r "$config" ]; do
    sleep 1
done
# shellcheck disable=SC2086  # a command line
exec ${ASTERISK:-asterisk} -f -C "$config"
