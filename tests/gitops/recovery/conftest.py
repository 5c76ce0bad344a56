"""A repository with a commit on its target, and a start that looks at it."""

import pytest

from gitops import recovery
from gitops.signing import signed_commit

MAIN = "refs/heads/main"
MISSION = "refs/pawl/missions/H-1"
LEDGER = "refs/heads/pawl/ledger"
NOW = 2_000_000_000.0
FOREIGN = recovery.LockRules(daemon_owned=False, grace_s=900)
OWN = recovery.LockRules(daemon_owned=True, grace_s=900)


@pytest.fixture
def main(repository):
    commit = repository.commit("the first")
    repository.git("update-ref", MAIN, commit)
    return commit


@pytest.fixture
def signs(repository, key, main):
    tree = repository.git("rev-parse", f"{main}^{{tree}}")

    def sign(*parents, message="a fact"):
        raw = signed_commit(key, tree, parents, message, 1).decode()
        return repository.git("hash-object", "-w", "-t", "commit", "--stdin", stdin=raw)

    return sign


@pytest.fixture
def looks(repository, key):
    def look(rules=FOREIGN, known=None, trusted=..., now=NOW, patience_s=10):
        return recovery.before_open(
            repository.gitdir,
            target=MAIN,
            known=known or {},
            trusted=key.public if trusted is ... else trusted,
            rules=rules,
            now=now,
            patience_s=patience_s,
        )

    return look
