"""A person's checkout beside the daemon: what they see, do and lose while landings happen."""

import os
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitops.landing.land import Moved, land
from gitops.landing.landed import LandedCommit
from gitops.repository import Store

AT = 1_700_000_000
MAIN = "refs/heads/main"


@dataclass
class House:
    """A repository with a checkout of `main`, in a person's hands. Paths are relative to it."""

    root: Path
    bare: bool = False

    @property
    def gitdir(self):
        return self.root if self.bare else self.root / ".git"

    @property
    def store(self):
        return Store.open(self.gitdir, durability="process")

    def git(self, *argv, code=0, at=None, stdin=None, uid=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
        env |= {"GIT_CONFIG_VALUE_0": "*"}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": "ada", f"GIT_{who}_EMAIL": "ada@x"}
        done = subprocess.run(
            ["git", *argv],
            cwd=at or self.root,
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            **({"user": uid, "group": uid, "extra_groups": []} if uid else {}),
        )
        assert done.returncode == code, (argv, done.stdout, done.stderr)
        return done.stdout.rstrip("\n")

    def write(self, files, at=None):
        for path, content in files.items():
            file = (at or self.root) / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    def commits(self, files, message="by hand"):
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.tip()

    def candidate(self, files, base=None, modes=None):
        """Return a landed commit on *base* with *files* changed (None: removed), beside the index.

        *modes* are other than 100644: {"link": "120000"}.
        """
        base = base or self.tip()
        index = self.gitdir / "candidate-index"
        env = {**os.environ, "GIT_INDEX_FILE": str(index), "GIT_DIR": str(self.gitdir)}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": "pawl", f"GIT_{who}_EMAIL": "pawl@x"}

        def git(*argv, stdin=""):
            command = ["git", *argv]
            done = subprocess.run(
                command, env=env, input=stdin, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (argv, done.stderr)
            return done.stdout.strip()

        git("read-tree", base)
        for path, content in sorted(files.items(), key=lambda row: row[1] is not None):
            if content is None:
                git("update-index", "--force-remove", "--", path)
                continue
            mode = (modes or {}).get(path, "100644")
            blob = (
                content if mode == "160000" else git("hash-object", "-w", "--stdin", stdin=content)
            )
            git("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{blob},{path}")
        tree = git("write-tree")
        commit = git("commit-tree", tree, "-p", base, "-m", f"landing {sorted(files)}")
        index.unlink()
        return LandedCommit(commit, base, tree)

    def tip(self, ref=MAIN):
        return self.git("rev-parse", ref)

    def lands(self, landed, *, ref=MAIN, watch=lambda _: None, paths=None, store=None):
        if paths is None:
            names = self.git(
                "diff", "--name-only", "--no-renames", "-z", landed.base, landed.commit
            )
            paths = {path for path in names.split("\0") if path}
        return land(store or self.store, ref=ref, landed=landed, paths=paths, watch=watch)

    def status(self, at=None):
        return self.git("status", "--porcelain", "--ignored", at=at)

    def reads(self, path, at=None):
        return ((at or self.root) / path).read_text()

    def leftovers(self):
        names = ("index.lock", "pawl-index*")
        return [path.name for name in names for path in self.gitdir.rglob(name)]

    def belongs_to(self, uid):
        """Give everything to another user, who can get there through pytest's directories."""
        for parent in self.root.parents:
            if not parent.stat().st_mode & stat.S_IXOTH:
                parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
        subprocess.run(["chown", "-R", f"{uid}:{uid}", str(self.root)], check=True)

    def dies(self, landed, moment, before=None):
        """Land in a child process that is killed at *moment*, after doing *before* there."""
        child = os.fork()
        if child == 0:

            def watch(now):
                if now == moment:
                    if before:
                        before()
                    os.kill(os.getpid(), signal.SIGKILL)

            try:
                self.lands(landed, watch=watch)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"the child was not killed at {moment}"
        sys.stdout.flush()


def assert_landed(house, landed, answer):
    assert answer == Moved(landed, ())
    assert house.tip() == landed.commit
    assert house.status() == ""
    assert house.leftovers() == []
    assert house.git("fsck", "--strict", "--no-dangling") == ""


def assert_untouched(house, before):
    assert (house.tip(), house.status()) == before
    assert house.leftovers() == []


def seen(house):
    return house.tip(), house.status()


def snapshot(house):
    """Every file of work tree, index and HEAD, with content; objects and logs aside."""
    found = {}
    for parent, folders, names in os.walk(house.root):
        folders[:] = [name for name in folders if name not in ("objects", "logs", "hooks")]
        for path in (Path(parent) / name for name in names):
            found[path] = path.readlink() if path.is_symlink() else path.read_bytes()
    return found


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path / "house")
    house.root.mkdir()
    house.git("init", "-q", "-b", "main", ".")
    house.commits(
        {
            "a.txt": "one\n",
            "b.txt": "stays\n",
            "gone.txt": "leaves\n",
            "dir/deep.txt": "deep\n",
            ".gitignore": "*.log\n",
        },
        "the first",
    )
    return house


@pytest.fixture
def landed(house):
    """Changes a file, adds two, removes one."""
    return house.candidate(
        {"a.txt": "two\n", "new.txt": "new\n", "dir/more.txt": "more\n", "gone.txt": None}
    )


@pytest.fixture
def make_bare(tmp_path, house):
    def make():
        bare = House(tmp_path / "hub.git", bare=True)
        house.git("clone", "-q", "--bare", ".", str(bare.root))
        return bare

    return make
