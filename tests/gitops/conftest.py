"""A real repository, the daemon's key, and a mission to tell: shared by every test of gitops."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitops import ledger, signing
from gitops.ledger import Keep
from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store
from policy.mission import facts
from policy.mission.record import Recorded

AT = 1_700_000_000


@pytest.fixture(autouse=True)
def no_inherited_git(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@dataclass
class Repository:
    """A repository seen by git alone, as a person sees it."""

    gitdir: Path

    def git(self, *argv, stdin="", code=0):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": "ada", f"GIT_{who}_EMAIL": "ada@x"}
            env |= {f"GIT_{who}_DATE": f"{AT} +0000"}
        command = ["git", "--git-dir", str(self.gitdir), *argv]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, env=env
        )
        assert done.returncode == code, (argv, done.stdout, done.stderr)
        return done.stdout.strip()

    def commit(self, message, parent=None):
        """Commit an empty tree, as a person; return the commit."""
        tree = self.git("mktree")
        parents = ("-p", parent) if parent else ()
        return self.git("commit-tree", tree, *parents, "-m", message)

    def refs(self):
        rows = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(row.split() for row in rows)

    def fsck(self):
        return self.git("fsck", "--strict", "--full", "--no-dangling", "--no-progress")


@pytest.fixture
def make_repository(tmp_path):
    def make(name="house.git", *more):
        path = tmp_path / name
        repository = Repository(path)
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", *more, str(path)],
            check=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
        )
        return repository

    return make


@pytest.fixture
def repository(make_repository):
    return make_repository()


@pytest.fixture
def store(repository):
    return Store.open(repository.gitdir, durability="process")


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    return signing.DaemonKey.generate(tmp_path_factory.mktemp("key") / "daemon_ed25519")


@dataclass
class Teller:
    """Tells missions: `teller.tells(teller.opened())` appends to the ledger."""

    store: Store
    key: signing.DaemonKey
    keep: Keep
    mission: str = "H-1"
    tip: str | None = None
    told: list[Recorded] = field(default_factory=list)

    def record(self, fact, step=None):
        seq = len(self.told) + 1
        recorded = Recorded(
            mission=self.mission,
            seq=seq,
            step=step or f"{seq:064x}",
            at="2026-01-15T12:00:00Z",
            host="here",
            epoch=1,
            policy="d" * 64,
            fact=fact,
        )
        self.told.append(recorded)
        return recorded

    def tells(self, *told, evidence=None, code=(), sentence="something happened", batch=None):
        records = [self.record(fact) for fact in told]
        self.tip = self.appends(
            records, evidence=evidence or {}, code=code, sentence=sentence, batch=batch
        )
        return self.tip

    def appends(
        self, records, *, evidence, code=(), sentence="said", batch=None, after=..., **more
    ):
        return ledger.append(
            self.store,
            self.key,
            self.mission,
            after=self.tip if after is ... else after,
            records=records,
            evidence=evidence,
            code=code,
            sentence=sentence,
            at=AT + len(self.told),
            keep=self.keep,
            batch=batch,
            **more,
        )

    def reads(self, store=None, trusted=...):
        trusted = self.key.public if trusted is ... else trusted
        return ledger.read(store or self.store, self.mission, trusted=trusted)

    def opened(self, title="say hello"):
        return facts.MissionOpened(
            item_path="backlog/H-1.yaml",
            item_blob="a" * 40,
            title=title,
            spec_hash="5" * 64,
            base="b" * 40,
            profile="direct",
            today="2026-01-15",
            conditions=(),
            selection=facts.SelectionRecord(digest="0" * 64, rank=1, counts={}),
            previous=None,
        )

    def started(self, n=1):
        return facts.AttemptStarted(
            n=n,
            stage="build",
            level=0,
            builder="command",
            argv=("true",),
            base="b" * 40,
            start="b" * 40,
            start_tree="7" * 40,
            environment="e" * 64,
        )

    def landed(self):
        return facts.Landed(commit="f" * 40, tree="7" * 40)

    def interrupted(self, n=1):
        return facts.AttemptInterrupted(n=n, cause="daemon_died")


@pytest.fixture
def teller(store, key, tmp_path):
    return Teller(store, key, Keep(1000, 3000, tmp_path / "spill"))


@pytest.fixture
def make_teller(key, tmp_path):
    def make(store, mission="H-1", **keep):
        limits = Keep(keep.get("piece", 1000), keep.get("total", 3000), tmp_path / "spill")
        return Teller(store, key, limits, mission)

    return make


@pytest.fixture
def a_commit(store, key):
    """Make a signed commit of an empty tree, saved: `a_commit("one")`."""

    def make(message, *parents):
        batch = Batch(store)
        commit = batch.commit(signing.signed_commit(key, batch.tree({}), parents, message, AT))
        batch.save()
        return commit

    return make


def _tree(batch, files):
    below, entries = {}, {}
    for path, (mode, content) in files.items():
        name, _, rest = path.partition(b"/")
        if rest:
            below.setdefault(name, {})[rest] = (mode, content)
        elif mode == 0o160000:
            entries[name] = (mode, content)
        else:
            entries[name] = (mode, batch.blob(content))
    entries |= {name: (TREE_MODE, _tree(batch, inside)) for name, inside in below.items()}
    return batch.tree(entries)


def _full(files):
    return {
        path if isinstance(path, bytes) else path.encode(): (
            value if isinstance(value, tuple) else (0o100644, value)
        )
        for path, value in files.items()
    }


@pytest.fixture
def plant(store):
    """Save a tree: `plant({"a/b": b"content", "run": (0o100755, b"")})`."""

    def plant(files):
        batch = Batch(store)
        tree = _tree(batch, _full(files))
        batch.save()
        return tree

    return plant


@pytest.fixture
def listed():
    """Read a tree back, pending or saved: path -> (mode, content)."""

    def listed(source, tree, prefix=b""):
        found = {}
        for name, (mode, oid) in source.read_tree(tree).items():
            if mode == TREE_MODE:
                found |= listed(source, oid, prefix + name + b"/")
            else:
                content = oid if mode == 0o160000 else source.read_blob(oid)
                found[prefix + name] = (mode, content)
        return found

    return listed
