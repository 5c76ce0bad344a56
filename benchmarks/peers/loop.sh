#!/bin/bash
# The bash loop: a worktree, the builder, a test, a commit, a fast-forward; no sandbox, no sync, no
# record. Reads a name a line from its input, answers "landed". $1 is the checkout of main.
set -e
work=$1-work
while read -r name; do
    git -C "$1" worktree add --quiet -B work "$work" main
    cd "$work"
    cp README "made-$name.txt"
    test -s "made-$name.txt"
    git add "made-$name.txt"
    git commit --quiet -m "make made-$name.txt"
    cd "$1"
    git merge --quiet --ff-only work
    git worktree remove "$work"
    echo landed
done
