"""Trees planted in a real repository, work trees left behind by hand, and a real overlay."""

import os
import pickle
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitops.objects import TREE_MODE, Batch
from gitops.tree.ignore import BaseIgnores
from gitops.tree.laying import Owner
from gitops.tree.snapshot import snapshot_copy, snapshot_overlay
from policy.rules.model import TreeLimits

NOBODY = 64999
LIMITS = TreeLimits(
    max_files=50,
    max_bytes=100_000,
    max_file_bytes=60_000,
    max_depth=6,
    max_name_bytes=100,
    max_path_bytes=200,
)


@pytest.fixture
def limits():
    return LIMITS


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


@dataclass
class Left:
    """A directory as a process left it: an overlay's upper layer, or a whole copy."""

    top: Path
    store: object
    scratch: Path
    limits: TreeLimits = LIMITS

    def path(self, name):
        return self.top / os.fsdecode(name)

    def write(self, name, content=b"new", mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)

    def sparse(self, name, size):
        with self.path(name).open("wb") as file:
            file.truncate(size)

    def delete(self, name):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(path, 0o20600, os.makedev(0, 0))

    def opaque(self, name):
        self.path(name).mkdir(parents=True, exist_ok=True)
        os.setxattr(self.path(name), "user.overlay.opaque", b"y")

    def taken(self, base, *, how=snapshot_overlay, batch=None, **more):
        """Take the snapshot; return it with its batch."""
        batch = batch or Batch(self.store)
        descriptor = os.open(self.top, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with BaseIgnores(batch, base, self.scratch, timeout_s=30) as ignored:
                arguments = {"limits": self.limits, "ignored": ignored} | more
                return how(descriptor, batch=batch, base=base, **arguments), batch
        finally:
            os.close(descriptor)

    def copied(self, base, **more):
        return self.taken(base, how=snapshot_copy, **more)


@pytest.fixture
def upper(tmp_path, store):
    (tmp_path / "upper").mkdir()
    (tmp_path / "scratch").mkdir()
    return Left(tmp_path / "upper", store, tmp_path / "scratch")


@pytest.fixture
def as_nobody():
    """Run a function without privileges, in a child, and return what it returned.

    A daemon that is not root has no other way to read what its builder made unreadable.
    """

    def run(function):
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(NOBODY, NOBODY, NOBODY)
                    os.setresuid(NOBODY, NOBODY, NOBODY)
                os.write(write_end, pickle.dumps(function()))
                code = 0
            except BaseException as error:  # noqa: BLE001  # the parent fails the test with it
                os.write(write_end, pickle.dumps(repr(error)))
            finally:
                os._exit(code)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            said = pickle.loads(pipe.read())
        _, status = os.waitpid(child, 0)
        assert status == 0, said
        return said

    return run


@pytest.fixture
def nobody():
    """Whom trees are given to: an unprivileged user where we may, else ourselves."""
    return Owner(NOBODY, NOBODY) if os.geteuid() == 0 else None


@dataclass
class Overlaid:
    """A real overlay in a user namespace of an unprivileged user, as the sandbox makes it."""

    top: Path
    nobody: Owner | None

    @contextmanager
    def over(self, lowers):
        """Yield a function that runs a command in the merged tree, and the upper directory."""
        place = self.top / f"work-{len(list(self.top.iterdir()))}"
        place.mkdir(mode=0o755)
        for name in ("upper", "work"):
            (place / name).mkdir()
            if self.nobody:
                os.chown(place / name, self.nobody.uid, self.nobody.gid)
        stack = ":".join(os.path.relpath(lower, self.top) for lower in lowers)
        options = (
            f"lowerdir={stack},upperdir={place.name}/upper,workdir={place.name}/work,userxattr"
        )

        def run(*command):
            script = (
                "set -e; mount -t tmpfs none /mnt; mkdir /mnt/tree; "
                f'mount -t overlay overlay -o {options} /mnt/tree; cd /mnt/tree; exec "$@"'
            )
            argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
            identity = (
                {"user": self.nobody.uid, "group": self.nobody.gid, "extra_groups": []}
                if self.nobody
                else {}
            )
            done = subprocess.run(
                [*argv, *command],
                cwd=self.top,
                capture_output=True,
                check=False,
                env={
                    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                    "HOME": "/nonexistent",
                    "LC_ALL": "C",
                },
                **identity,
            )
            said = done.stderr.decode(errors="replace")
            assert done.returncode == 0, (
                "a command in an unprivileged overlay failed. These tests need unprivileged user "
                "namespaces, overlayfs with userxattr (Linux >= 5.11) and a temporary directory "
                f"that can be an upper layer; they do not skip: {command} said {said}"
            )
            return done.stdout.decode(errors="surrogateescape")

        yield run, place / "upper"


@pytest.fixture
def overlaid(tmp_path, nobody):
    tmp_path.chmod(0o755)
    return Overlaid(tmp_path, nobody)


@pytest.fixture
def python():
    return os.path.realpath(sys.executable)
