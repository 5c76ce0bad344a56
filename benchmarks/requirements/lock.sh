#!/bin/sh
# Writes the peers' lock files anew: names, versions and hashes only, never a registry's address.
set -eu
cd "$(dirname "$0")/../.."
for peer in dbos buildbot; do
    .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --output-file "benchmarks/requirements/$peer.lock" "benchmarks/requirements/$peer.in"
done
