"""A bare repository, a real door to the sandbox, and trees written as maps of path to content."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.bus.door import Door
from daemon.sandbox.settings import Builder, SandboxHost
from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store
from policy.bus.operation import Limits
from policy.rules.load import shipped_policy
from tests.daemon.gates.judged import House

GATE = shipped_policy().policy.sandbox.gate
NOBODY = 65_432


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    gitdir = tmp_path_factory.mktemp("house") / "house.git"
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env["GIT_CONFIG_GLOBAL"] = "/dev/null"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(gitdir)], check=True, env=env)
    return Store.open(gitdir, durability="process")


@pytest.fixture(scope="module")
def door(store, tmp_path_factory):
    """The real one. The interpreter that runs the tests is mounted, so that gates have pytest."""
    host = SandboxHost(
        ceilings=Limits.model_validate(GATE.model_dump(), strict=False),
        report_bytes=1 << 20,
        spill_bytes=0,
        shm_bytes=1 << 20,
        builder=Builder(uid=NOBODY, gid=NOBODY) if os.getuid() == 0 else None,
        mounts=tuple(dict.fromkeys((Path(sys.base_prefix), Path(sys.prefix)))),
    )
    state = tmp_path_factory.mktemp("door")
    limits = shipped_policy().policy.sandbox.tree
    with Door(host=host, state=state, store=store, tree_limits=limits) as opened:
        yield opened


@pytest.fixture
def batch(store):
    return Batch(store)


class Trees:
    """`trees.write({"a/b": "text", "run": ("100755", "...")})`, and back."""

    def __init__(self, batch):
        self.batch = batch

    def write(self, files):
        folder = {}
        for path, written in files.items():
            mode, text = written if isinstance(written, tuple) else ("100644", written)
            content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
            *parents, name = path.encode("utf-8", "surrogateescape").split(b"/")
            into = folder
            for parent in parents:
                into = into.setdefault(parent, {})
            into[name] = (int(mode, 8), self.batch.blob(content))
        return self._write(folder)

    def _write(self, folder):
        return self.batch.tree(
            {
                name: (TREE_MODE, self._write(one)) if isinstance(one, dict) else one
                for name, one in folder.items()
            }
        )

    def read(self, tree, prefix=""):
        found = {}
        for name, (mode, oid) in self.batch.read_tree(tree).items():
            path = prefix + name.decode("utf-8", "surrogateescape")
            if mode == TREE_MODE:
                found |= self.read(oid, f"{path}/")
            else:
                found[path] = self.batch.read_blob(oid).decode("utf-8", "surrogateescape")
        return found


@pytest.fixture
def trees(batch):
    return Trees(batch)


@pytest.fixture
def house(trees, store, door, tmp_path):
    return House(trees, store, door, tmp_path / "base-records")
