#!/bin/sh
# Makes .venv with exactly the locked packages, and pawl itself as an editable install.
# The stamp holds what it was made from, so a second run compares two lines and is done.
set -eu

stamp=.venv/pawl-setup
made_from() { cat requirements/dev.lock pyproject.toml setup/venv.sh | sha256sum | cut -d' ' -f1; }
works() { .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

want="$(made_from) $(pwd -P)"
# a service's user cannot write beside the sources, and would translate them at each start; where
# this user cannot either, starts are slower and nothing else
translated() { .venv/bin/python -m compileall -qq policy gitops daemon || true; }
if works && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then translated; exit 0; fi

if ! works || [ ! -x .venv/bin/pip ]; then
    python=$(sh setup/python.sh)
    echo "setup: .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }
echo "setup: the locked packages"
pip install -qq --require-hashes -r requirements/dev.lock
echo "setup: pawl"
pip install -qq --no-deps --no-build-isolation -e .
translated
printf '%s\n' "$want" >"$stamp"
