#!/bin/sh
# What the hotline's container runs: settings and prompts at the first start, Asterisk's configuration, then the hotline.
#
#   start-hotline hotline serve
#
# A secret can come from a file: HOTLINE_KEY_FILE=/run/secrets/key instead of HOTLINE_KEY, and so on.
set -eu
umask 027

for name in HOTLINE_KEY HOTLINE_ASTERISK_SECRET HOTLINE_DATABASE_URL PGPASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$name=$value"
        unset "${name}_FILE"
    fi
done

config=${HOTLINE_CONFIG:-hotline.toml}
[ -f "$config" ] || hotline init --config "$config"
hotline voice build --quiet || [ $? = 1 ] # 1: a recording is stale, and it said so
if [ "${HOTLINE_ENGINE:-}" = asterisk ]; then
    hotline asterisk init "${ASTERISK_CONFIG:-/etc/hotline-asterisk}"
fi
exec "$@"
