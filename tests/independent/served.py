"""A served repository as git shows it, and what is found wrong with it."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

GIT = (
    "git",
    "--no-replace-objects",
    "-c",
    "core.quotePath=false",
    "-c",
    "gpg.format=ssh",
)
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}


@dataclass
class Commit:
    oid: str
    tree: str
    parents: list[str]
    signed: bool
    message: str

    @property
    def trailers(self):
        """Return key -> values of the last paragraph, where each of its lines is a trailer."""
        found = {}
        for line in self.message.rstrip("\n").split("\n\n")[-1].splitlines():
            key, colon, value = line.partition(": ")
            if not colon:
                return {}
            found.setdefault(key, []).append(value)
        return found

    def says(self, key):
        values = self.trailers.get(key, [])
        return values[0] if len(values) == 1 else None


class Served:
    """What is read is read by git alone; `problems` is what the audit finds, in its order."""

    def __init__(self, gitdir, trust):
        self.gitdir = Path(gitdir)
        words = dict(re.findall(r"^(\w+): *(.*)$", Path(trust).read_text(), re.MULTILINE))
        self.key, self.target = words["daemon_key"], "refs/heads/" + words["target"]
        text = Path(trust).read_text().partition("\npeers:")[2]
        self.keys = [self.key, *re.findall(r"^\s*- (ssh-ed25519 .*)$", text, re.MULTILINE)]
        self.introduction, self.mode = words["introduction"], words.get("mode", "signed")
        self.problems = []
        self._commits = {}

    def git(self, *argv, text=True, code=0):
        done = subprocess.run(
            [*GIT, "--git-dir", self.gitdir, *argv], capture_output=True, check=False, env=ENV
        )
        if done.returncode != code:
            raise RuntimeError(f"git {argv}: {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "surrogateescape") if text else done.stdout

    def wrong(self, where, what):
        self.problems.append(f"{where}: {what}")

    def must(self, holds, where, what):
        if not holds:
            self.wrong(where, what)
        return holds

    def commit(self, oid):
        if oid not in self._commits:
            head, _, message = self.git("cat-file", "commit", oid).partition("\n\n")
            lines = head.split("\n")
            self._commits[oid] = Commit(
                oid,
                lines[0].removeprefix("tree "),
                [one.removeprefix("parent ") for one in lines if one.startswith("parent ")],
                any(one.startswith("gpgsig ") for one in lines),
                message,
            )
        return self._commits[oid]

    def line(self, tip, *without):
        """Return the first-parent line up to *tip*, oldest first."""
        rows = self.git("rev-list", "--first-parent", "--reverse", tip, *without, "--")
        return [self.commit(oid) for oid in rows.split()]

    def refs(self):
        rows = self.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        return {ref: oid for oid, ref in (row.split(" ", 1) for row in rows)}

    def files(self, tree, under=""):
        """Return path -> (mode, oid) of all files of *tree*."""
        rows = self.git("ls-tree", "-r", "-z", tree, *([under] if under else ())).split("\0")
        parts = (row.split("\t", 1) for row in rows if row)
        return {path: (meta.split()[0], meta.split()[2]) for meta, path in parts}

    def blob(self, oid):
        return self.git("cat-file", "blob", oid, text=False)

    def good(self, commits):
        """Return those of *commits* that the daemon's key signed."""
        signed = [one.oid for one in commits if one.signed]
        with tempfile.NamedTemporaryFile("w") as signers:
            signers.writelines(f'* namespaces="git" {key}\n' for key in self.keys)
            signers.flush()
            ask = ("-c", f"gpg.ssh.allowedSignersFile={signers.name}", "verify-commit")
            try:
                if signed:
                    self.git(*ask, *signed)
            except RuntimeError:
                return {oid for oid in signed if self._verifies(ask, oid)}
        return set(signed)

    def _verifies(self, ask, oid):
        try:
            self.git(*ask, oid)
        except RuntimeError:
            return False
        return True

    def changes(self, old, new):
        """Return path -> (old, new), each (mode, oid)."""
        rows = self.git("diff-tree", "-r", "-z", "--no-renames", old, new).split("\0")
        found = {}
        for meta, path in zip(rows[0::2], rows[1::2], strict=False):
            was_mode, mode, was, now, _ = meta.removeprefix(":").split()
            found[path] = ((was_mode, was), (mode, now))
        return found
