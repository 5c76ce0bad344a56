"""What a work tree has used of its limits so far; one file too many ends the walk."""

from gitops.tree.refused import RefusedError
from policy.gates.names import is_dot_git
from policy.rules.sandbox import TreeLimits


class Budget:
    """Counts what is new or changed. *entries_max* bounds untracked names, ignored ones too."""

    def __init__(self, limits: TreeLimits, entries_max: int | None) -> None:
        self.limits = limits
        self._entries_max = limits.max_files if entries_max is None else entries_max
        self._entries = self._files = self._bytes = 0

    def entry(self, path: bytes) -> None:
        """Count a name the base does not have, before anything is known of it."""
        self._entries += 1
        if self._entries > self._entries_max:
            why = f"more than {self._entries_max} names the base does not have"
            raise RefusedError("too_many_files", path, f"{why}; {_RAISE} max_files")

    def file(self, path: bytes, size: int) -> None:
        """Count something new or changed of *size* bytes."""
        self._files += 1
        self._bytes += size
        if self._files > self.limits.max_files:
            why = f"more than {self.limits.max_files} new or changed files; {_RAISE} max_files"
            raise RefusedError("too_many_files", path, why)
        if self._bytes > self.limits.max_bytes:
            why = f"more than {self.limits.max_bytes} new or changed bytes; {_RAISE} max_bytes"
            raise RefusedError("too_large", path, why)

    def size(self, path: bytes, size: int) -> None:
        """Refuse one file that is too large to be read."""
        if size > self.limits.max_file_bytes:
            why = f"{size} bytes, {self.limits.max_file_bytes} are allowed; {_RAISE} max_file_bytes"
            raise RefusedError("file_too_large", path, why)

    def depth(self, path: bytes, depth: int) -> None:
        """Refuse to go deeper; *depth* counts the names in *path*. Tracked or not."""
        if depth > self.limits.max_depth:
            why = f"deeper than {self.limits.max_depth} folders; {_RAISE} max_depth"
            raise RefusedError("too_deep", path, why)

    def name(self, path: bytes, name: bytes) -> None:
        """Refuse a new name that is too long, or that some git would take for its own folder.

        Names that are not UTF-8 or hold control characters are kept as they are: a checkpoint
        of them is evidence, and gate `tree` bars them from a candidate.
        """
        if len(name) > self.limits.max_name_bytes or len(path) > self.limits.max_path_bytes:
            why = (
                f"a name of {len(name)} bytes in a path of {len(path)}; "
                f"{self.limits.max_name_bytes} and {self.limits.max_path_bytes} are allowed"
            )
            raise RefusedError("bad_name", path, why)
        if is_dot_git(name.decode("utf-8", "surrogateescape")):
            raise RefusedError("bad_name", path, "git would, on some system, take it for .git")


_RAISE = "remove it, or raise sandbox.tree"
