#!/bin/sh
# Writes both lock files anew: names, versions and hashes only, never a registry's address.
set -eu
cd "$(dirname "$0")/.."
lock() {
    .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@"
}
lock --output-file requirements/run.lock pyproject.toml
lock --extra dev --constraint requirements/run.lock --output-file requirements/dev.lock pyproject.toml
