"""The environments of one repository on this host: folders in the state directory, by key.

A folder there has its name by a rename, when it is whole; what a kill left has another name and is
swept. Before each use it is seen to be what was kept: by the times of its files, and after a reboot
(which may have torn it) by its content. What is not is removed, and built again.
"""

import json
import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from daemon.environments.contents import contents, freeze, seal
from daemon.sandbox.settings import Builder
from daemon.sandbox.workspace import remove
from policy.bus.operation import Furnished
from policy.bus.result import Contact
from policy.canonical import canonical
from policy.ids import Digest
from policy.rules.environments import EnvironmentSize
from policy.rules.failures import FailureClass
from policy.value import Value

_BUILDING, _TREE, _ABOUT, _FAILED = ".building-", "tree", "about.json", "failed"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Setup(Value):
    """One set-up command that ran to its end, and what it asked of the network."""

    argv: tuple[str, ...]
    wall_s: float
    output: Digest
    contacts: tuple[Contact, ...]


class About(Value):
    """What an environment is: evidence for whoever asks what a gate ran in."""

    schema_version: int = Field(default=1, alias="schema")
    name: str
    key: Digest
    contents: Digest
    files: int
    bytes: int
    built_at: str
    setup: tuple[Setup, ...]
    path: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]

    @property
    def furnished(self) -> Furnished:
        return Furnished(name=self.name, key=self.key, contents=self.contents)


class _Kept(Value):
    about: About
    boot: str
    seal: Digest


class Failure(Value):
    """Why an environment could not be built the last time, and how often that was."""

    schema_version: int = Field(default=1, alias="schema")
    name: str
    key: Digest
    failure: FailureClass
    why: str
    output: str
    """What the command printed: head and tail."""
    contacts: tuple[Contact, ...]
    at: datetime
    failures: int


class DamagedError(Exception):
    """The environment on disk is not what was kept; it is removed, and is to be built again."""


@dataclass(frozen=True)
class Place:
    """An empty folder that set-up commands may fill."""

    directory: Path


class Environments:
    """Thread-safe. *builder*: whom set-up commands run as, None for the daemon's own user."""

    def __init__(self, root: Path, builder: Builder | None) -> None:
        self._root, self._builder = root, builder
        self._lock = threading.Lock()
        self._used: Counter[Digest] = Counter()
        self._seen: set[Digest] = set()
        """Looked at by this process, and found to be what was kept."""
        self._boot = _BOOT.read_text().strip()

    def prepare(self) -> None:
        """Sweep what a kill left. Once, at start, holding the repository's lock."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._root.glob(f"{_BUILDING}*"):
            remove(leftover)

    def find(self, key: Digest) -> About | None:
        """Return the environment of *key*, None where there is none that can be used at once.

        Its files are looked at the first time, and by `opened` before each use.
        """
        kept = self._read(key)
        if kept is None:
            return None
        if key not in self._seen:
            with suppress(OSError):
                if kept.boot == self._boot and kept.seal == seal(self._root / key / _TREE):
                    self._seen.add(key)
        return kept.about if key in self._seen else None

    def reclaim(self, key: Digest) -> bool:
        """Tell whether *key* was kept before this boot and still is what it was; else it goes.

        Reads all of it: call it from a worker.
        """
        kept, top = self._read(key), self._root / key / _TREE
        with suppress(OSError):
            known = kept is not None and kept.boot != self._boot
            if kept is not None and known and contents(top) == kept.about.contents:
                self._seal(top, kept.about)
                return True
        self._discard(key)
        return False

    @contextmanager
    def opened(self, furnished: Furnished) -> Iterator[tuple[Path, About]]:
        """Yield the folder and what it is, verified; it is not removed meanwhile.

        Raises `DamagedError`.
        """
        with self._lock:
            self._used[furnished.key] += 1
        try:
            kept = self._verified(furnished)
            with suppress(OSError):
                os.utime(self._root / furnished.key / _ABOUT)
            yield self._root / furnished.key / _TREE, kept.about
        finally:
            with self._lock:
                self._used[furnished.key] -= 1

    @contextmanager
    def building(self) -> Iterator[Place]:
        """Yield a folder to be filled; what is not kept of it is removed."""
        place = self._root / f"{_BUILDING}{secrets.token_hex(8)}"
        (place / _TREE).mkdir(mode=0o755, parents=True)
        if self._builder:
            os.chown(place / _TREE, self._builder.uid, self._builder.gid)
        try:
            yield Place(place / _TREE)
        finally:
            if place.exists():
                remove(place)

    def keep(
        self,
        place: Place,
        *,
        name: str,
        key: Digest,
        size: EnvironmentSize,
        at: str,
        setup: tuple[Setup, ...],
        path: tuple[str, ...],
        env: tuple[tuple[str, str], ...],
        links: tuple[tuple[str, str], ...],
    ) -> About:
        """Make what was filled the environment of *key*; raise `RefusedError` or `OSError`."""
        top = place.directory
        measured = freeze(top, size, own=os.geteuid() == 0)
        about = About(
            name=name, key=key, contents=contents(top), files=measured.files, bytes=measured.bytes,
            built_at=at, setup=setup, path=path, env=env, links=links,
        )  # fmt: skip
        self._seal(top, about)
        with self._lock:
            if (self._root / key).exists():
                self._remove(key)
            top.parent.rename(self._root / key)
            self.failed_file(key).unlink(missing_ok=True)
        return about

    def failure(self, key: Digest) -> Failure | None:
        """Return how building *key* failed the last time."""
        try:
            return Failure.model_validate_json(self.failed_file(key).read_bytes())
        except (OSError, ValidationError):
            return None

    def fail(self, failure: Failure) -> None:
        """Remember a failure; a disk that says no costs a back-off, nothing else."""
        path = self.failed_file(failure.key)
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            new = path.with_suffix(f".{secrets.token_hex(4)}")
            new.write_text(failure.model_dump_json(by_alias=True))
            new.replace(path)

    def every(self) -> list[About]:
        """Return what there is, used last first."""
        names = [path.parent.name for path in self._root.glob(f"*/{_ABOUT}")]
        found = sorted(names, key=self._last_used, reverse=True)
        kept = (self._read(Digest(name)) for name in found)
        return [each.about for each in kept if each is not None]

    def failures(self) -> list[Failure]:
        """Return what failed and was not built since, newest first."""
        names = [path.stem for path in (self._root / _FAILED).glob("*.json")]
        found = [each for name in names if (each := self.failure(Digest(name))) is not None]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def stale(self, before: datetime) -> list[Path]:
        """Return the files of failures that were last seen before *before*."""
        return [self.failed_file(each.key) for each in self.failures() if each.at < before]

    def prunable(self, *, most: int, most_bytes: int) -> list[About]:
        """Return what is over the host's limits: the longest unused, nothing that is in use."""
        kept, size, over = 0, 0, []
        for about in self.every():
            kept, size = kept + 1, size + about.bytes
            if (kept > most or size > most_bytes) and not self._used[about.key]:
                over.append(about)
                kept, size = kept - 1, size - about.bytes
        return over

    def prune(self, *, most: int, most_bytes: int) -> None:
        for about in self.prunable(most=most, most_bytes=most_bytes):
            with self._lock:
                if not self._used[about.key]:
                    self._remove(about.key)

    def _verified(self, furnished: Furnished) -> _Kept:
        kept = self._read(furnished.key)
        top = self._root / furnished.key / _TREE
        if kept is not None and kept.about.furnished == furnished:
            with suppress(OSError):
                if kept.boot == self._boot and kept.seal == seal(top):
                    return kept
        self._discard(furnished.key)  # whoever else is using it finds out for himself
        raise DamagedError(
            f"environment {furnished.name} ({furnished.key[:12]}) is not on disk as it was built; "
            "it was removed and is built again"
        )

    def _discard(self, key: Digest) -> None:
        with self._lock:
            if (self._root / key).exists():
                self._remove(key)

    def _seal(self, top: Path, about: About) -> None:
        kept = _Kept(about=about, boot=self._boot, seal=seal(top))
        path = top.with_name(_ABOUT)
        new = path.with_suffix(".new")
        new.write_bytes(canonical(kept.model_dump(mode="json", by_alias=True)))
        new.replace(path)

    def _read(self, key: Digest) -> _Kept | None:
        try:
            content = (self._root / key / _ABOUT).read_bytes()
            kept = _Kept.model_validate_json(content)
        except (OSError, ValidationError):
            return None
        whole = canonical(json.loads(content)) == content and kept.about.key == key
        return kept if whole else None

    def _last_used(self, name: str) -> float:
        try:
            return (self._root / name / _ABOUT).stat().st_mtime
        except OSError:
            return 0.0

    def failed_file(self, key: Digest) -> Path:
        return self._root / _FAILED / f"{key}.json"

    def _remove(self, key: Digest) -> None:
        # Renamed first: it is there whole or not at all, whenever the daemon dies.
        self._seen.discard(key)
        gone = self._root / f"{_BUILDING}{secrets.token_hex(8)}"
        (self._root / key).rename(gone)
        remove(gone)
