#!/bin/sh
# Prints the path of the newest Python here that can make pawl's virtual environment.
# A name on PATH is not enough: version switchers put names there that only say "not installed".
set -eu

suits() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PAWL_PYTHON:-}" ]; then
    if suits "$PAWL_PYTHON"; then printf '%s\n' "$PAWL_PYTHON"; exit 0; fi
    echo "setup: PAWL_PYTHON=$PAWL_PYTHON is not a Python 3.11 or later with venv and ensurepip" >&2
    exit 1
fi
for name in python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3 /usr/local/bin/python3; do
    if suits "$name"; then command -v "$name"; exit 0; fi
done
echo "setup: no Python 3.11 or later with venv and ensurepip was found on PATH" >&2
exit 1
