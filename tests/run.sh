#!/bin/sh
# Runs the tests ring by ring, each in processes of its own, so that one cannot lean on or spoil
# another. Arguments go to pytest. Fails at the end if any ring failed.
set -u
cd "$(dirname "$0")/.."
PYTEST_DEBUG_TEMPROOT=$(sh setup/scratch.sh)
export PYTEST_DEBUG_TEMPROOT
failed=

ring() {
    folder=$1
    shift
    echo "== $folder"
    .venv/bin/pytest -q "$@" "$folder" || failed="$failed $folder"
}

for folder in tests/daemon/*/; do
    case $folder in
    */__pycache__/) ;;
    *) ring "$folder" "$@" ;;
    esac
done
for file in tests/daemon/test_*.py; do ring "$file" "$@"; done
ring tests/gitops "$@"
ring tests/policy "$@"
ring tests/benchmarks "$@"
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
