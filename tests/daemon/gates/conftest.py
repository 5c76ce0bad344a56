"""A bare repository and trees written as maps of path to content."""

import os
import subprocess

import pytest

from gitops.objects import TREE_MODE, Batch
from gitops.repository import Store


@pytest.fixture(autouse=True)
def no_inherited_git(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path):
    gitdir = tmp_path / "house.git"
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(gitdir)], check=True, env=env)
    return Store.open(gitdir, durability="process")


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
