"""Trees planted in a real repository, work trees left behind by hand, and a real overlay."""

import os
import pickle
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.sandbox.launcher import kernel
from gitops.objects import Batch
from gitops.tree.ignore import BaseIgnores
from gitops.tree.layers import Layers
from gitops.tree.laying import Owner
from gitops.tree.snapshot import snapshot_copy, snapshot_overlay
from policy.bus.result import Refused, Taken
from policy.rules.sandbox import TreeLimits

NOBODY = 64999
LIMITS = TreeLimits(
    max_files=50,
    max_bytes=100_000,
    max_file_bytes=60_000,
    max_depth=6,
    max_name_bytes=100,
    max_path_bytes=200,
)
BASE = {
    "a.txt": b"a",
    "dir/b.txt": b"b",
    "dir/deep/c.txt": b"c",
    "run": (0o100755, b"#!"),
    "link": (0o120000, b"a.txt"),
    "sub": (0o160000, "1" * 40),
    ".gitignore": b"*.o\nbuild/\n!keep.o\n/top\n",
    "dir/.gitignore": b"local\n",
    "kept.o": b"tracked although ignored",
}


@pytest.fixture
def limits():
    return LIMITS


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
def base(plant):
    return plant(BASE)


def tree_of(result):
    taken, _ = result
    assert isinstance(taken, Taken), taken
    return taken.tree


def refused(result):
    answer, batch = result
    assert isinstance(answer, Refused), answer
    assert batch._unsaved == {}, "a refused work tree stores nothing"
    return answer.reason, answer.path


def in_child(function):
    """Return what *function* returned in a child process; fail with what it raised."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            said, code = function(), 0
        except BaseException as error:  # noqa: BLE001  # the parent fails the test with it
            said = repr(error)
        finally:
            with os.fdopen(write_end, "wb") as pipe:
                pickle.dump(said, pipe)
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        said = pickle.load(pipe)
    _, status = os.waitpid(child, 0)
    assert status == 0, said
    return said


def become(owner):
    """Drop every privilege for good, as root; nothing to drop otherwise."""
    if owner is not None:
        os.setgroups([])
        os.setresgid(owner.gid, owner.gid, owner.gid)
        os.setresuid(owner.uid, owner.uid, owner.uid)


@pytest.fixture
def as_nobody(nobody):
    """Run a function without privileges, in a child, and return what it returned.

    A daemon that is not root has no other way to read what its builder made unreadable.
    """

    def run(function):
        def unprivileged():
            become(nobody)
            return function()

        return in_child(unprivileged)

    return run


@pytest.fixture
def nobody():
    """Whom trees are given to: an unprivileged user where we may, else ourselves."""
    return Owner(NOBODY, NOBODY) if os.geteuid() == 0 else None


@pytest.fixture
def laid(store, plant, nobody, tmp_path):
    """Plant a tree; return it and layers to lay it out with."""

    def laid(files, **more):
        return plant(files), Layers(store, tmp_path / "layers", owner=nobody, **more)

    return laid


@dataclass
class Overlaid:
    """A real overlay in a user namespace of an unprivileged user, as the sandbox makes it."""

    top: Path
    nobody: Owner | None

    def over(self, lowers):
        """Return a function that calls another in the merged tree, and the upper directory."""
        place = self.top / f"work-{len(list(self.top.iterdir()))}"
        place.mkdir(mode=0o755)
        for name in ("upper", "work"):
            (place / name).mkdir()
            if self.nobody:
                os.chown(place / name, self.nobody.uid, self.nobody.gid)
        stack = ":".join(os.path.relpath(lower, self.top) for lower in lowers)
        layers = f"lowerdir={stack},upperdir={place.name}/upper,workdir={place.name}/work"

        def mounted():
            kernel.mount("none", "/mnt", "tmpfs", 0)
            Path("/mnt/tree").mkdir()
            kernel.mount("overlay", "/mnt/tree", "overlay", 0, f"{layers},userxattr")
            os.chdir("/mnt/tree")

        return self._calling(self.top, mounted), place / "upper"

    def plain(self, directory):
        """Return a function that calls another in a plain directory, unprivileged as well."""

        def bound():
            kernel.mount("none", "/mnt", "tmpfs", 0)
            Path("/mnt/tree").mkdir()
            kernel.mount(".", "/mnt/tree", "", kernel.MS_BIND)
            os.chdir("/mnt/tree")

        return self._calling(directory, bound)

    def _calling(self, directory, prepare):
        def call(function):
            def inside():
                os.chdir(directory)
                try:
                    self._enter()
                    prepare()
                except OSError as error:
                    message = (
                        "these tests need unprivileged user namespaces, overlayfs with userxattr "
                        "(Linux >= 5.11), and a temporary directory that can be an upper layer; "
                        f"they do not skip: {error}"
                    )
                    raise RuntimeError(message) from error
                return function()

            return in_child(inside)

        return call

    def _enter(self):
        become(self.nobody)
        kernel.own_proc_files()
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)


@pytest.fixture
def overlaid(tmp_path, nobody):
    tmp_path.chmod(0o755)
    return Overlaid(tmp_path, nobody)


@pytest.fixture
def git_inside():
    """Run git in the current directory, as a builder would; only within `overlaid`."""

    def git(*argv, code=0):
        done = subprocess.run(
            ["git", *argv],
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": "/nonexistent",
                "LC_ALL": "C",
                **{name: value for name, value in os.environ.items() if name == "GIT_INDEX_FILE"},
            },
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, (argv, done.stdout, done.stderr)
        return done.stdout.decode(errors="surrogateescape").strip()

    return git
