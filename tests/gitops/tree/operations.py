"""Random work in the current directory. Call only inside a namespace, as nobody in particular.

`work` returns the tree that git makes of it from an index of the base: the oracle.
"""

import contextlib
import os
import random
import shutil
import stat
from pathlib import Path

NAMES = [
    os.fsdecode(name)
    for name in (
        b"a",
        b"b",
        b"c.o",
        b"keep.o",
        b"build",
        b"new\nline",
        b"\xff\xfe",
        b"sp ace",
        b":x",
        b"-f",
    )
]


class Work:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def existing(self, kind=None):
        found = []
        for top, folders, files in os.walk("."):
            if top == ".":
                folders[:] = [name for name in folders if name != ".git"]
            folders.sort()
            for name in sorted(folders + files):
                path = Path(top, name)
                if name != ".gitignore" and (kind is None or kind(path.lstat().st_mode)):
                    found.append(path)
        return found

    def some(self, kind=None):
        found = self.existing(kind)
        return self.random.choice(found) if found else None

    def fresh(self):
        folders = [Path(), *self.existing(stat.S_ISDIR)]
        return self.random.choice(folders) / self.random.choice(NAMES)

    def content(self):
        return b"".join(b"%d\n" % self.random.randrange(5) for _ in range(self.random.randrange(4)))

    def write(self):
        path = self.fresh()
        if not os.path.lexists(path):
            path.write_bytes(self.content())

    def rewrite(self):
        if path := self.some(stat.S_ISREG):
            with path.open("r+b") as file:
                file.write(self.content())

    def append(self):
        if path := self.some(stat.S_ISREG):
            with path.open("ab") as file:
                file.write(b"more\n")

    def remove(self):
        if path := self.some():
            _remove(path)

    def again(self):
        """Remove a folder and make it anew: what the overlay marks opaque."""
        if path := self.some(stat.S_ISDIR):
            shutil.rmtree(path)
            path.mkdir()
            (path / self.random.choice(NAMES)).write_bytes(self.content())

    def folder(self):
        self.fresh().mkdir()

    def deep(self):
        (self.fresh() / "x" / "y").mkdir(parents=True, exist_ok=True)

    def move(self):
        """A folder of the base cannot be renamed (EXDEV): it is copied, as mv does."""
        source, target = self.some(), self.fresh()
        if source and not os.path.lexists(target) and source not in target.parents:
            shutil.move(source, target)

    def link(self):
        target = self.random.choice(["a", "../..", "/etc/passwd", "nowhere", "\udcff"])
        self.fresh().symlink_to(target)

    def hard_link(self):
        if source := self.some(stat.S_ISREG):
            self.fresh().hardlink_to(source)

    def mode(self):
        if path := self.some(stat.S_ISREG):
            path.chmod(self.random.choice([0o644, 0o755, 0o600, 0o000, 0o4755, 0o100, 0o055]))

    def lock_folder(self):
        if path := self.some(stat.S_ISDIR):
            path.chmod(self.random.choice([0o000, 0o400, 0o755]))

    def swap(self):
        """A file where a folder was, a folder where a file was, a link where either was."""
        if path := self.some():
            was_folder = path.is_dir() and not path.is_symlink()
            _remove(path)
            if self.random.random() < 0.3:
                path.symlink_to("a")
            elif was_folder:
                path.write_bytes(self.content())
            else:
                path.mkdir()
                (path / "in").write_bytes(self.content())

    def touch(self):
        if path := self.some(stat.S_ISREG):
            path.touch()

    def same(self):
        """Write what is there already, so that the layer holds an unchanged file."""
        if path := self.some(stat.S_ISREG):
            path.write_bytes(path.read_bytes())


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


OPERATIONS = [
    value
    for name, value in vars(Work).items()
    if callable(value) and name not in ("__init__", "existing", "some", "fresh", "content")
]


def _restore_rules(git):
    """Undo what happened to .gitignore files: git obeys a builder's, a snapshot the base's."""
    found = [Path(top, ".gitignore") for top, _, files in os.walk(".") if ".gitignore" in files]
    for path in found:
        path.unlink()
    for name in git("ls-tree", "-r", "--name-only", "HEAD").splitlines():
        path = Path(name)
        if path.name == ".gitignore" and path.parent.is_dir() and not path.parent.is_symlink():
            path.write_text(git("show", f"HEAD:{name}") + "\n")


def work(git, seed, count):
    """Do *count* random things; return the tree `git add -A && git write-tree` makes."""
    doing = Work(seed)
    for _ in range(count):
        operation = doing.random.choice(OPERATIONS)
        with contextlib.suppress(OSError):
            operation(doing)
    _restore_rules(git)
    os.environ["GIT_INDEX_FILE"] = ".git/oracle"
    git("read-tree", "HEAD")
    git("-c", "core.checkStat=default", "add", "-A")
    return git("write-tree")
