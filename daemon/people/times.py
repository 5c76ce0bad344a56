"""Which times are known to be true: the newest that a daemon recorded is a floor for the clock.

What is recorded by a clock that went back lies on top of what was newer, so the floor is kept in
the state directory. A clock that was ahead raised it; only the operator can say so, of what was
recorded until then (`pawl doctor --accept-clock`).
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from gitops import refs
from gitops.objects import read_object
from gitops.people.header import header_of
from gitops.repository import Store
from policy.ids import CommitId, MissionId
from policy.mission.states import Mission
from policy.people.permission import Instant, instant
from policy.people.trusted_time import TrustedTime, trusted_time
from policy.value import Value

TIMES = "times.json"
"""In the state directory. Lost, the floor is what the newest commits have."""
Times = Mapping[CommitId, datetime]


class _Kept(Value):
    schema_version: Literal[1] = Field(default=1, alias="schema")
    newest: Instant | None = None
    wrong: frozenset[CommitId] = frozenset()
    """Commits whose time the operator said to be wrong."""


def asking(missions: Iterable[Mission]) -> tuple[MissionId, ...]:
    """Return those that wait for a person or have waited."""
    return tuple(one.history.mission for one in missions if one.history.requests)


def recorded(store: Store, introduction: CommitId, missions: Iterable[MissionId]) -> Times:
    """Return when the newest commits of the ledger and of *missions* were made, by commit."""
    ledgers = [refs.read(store, refs.mission_ref(one)) for one in missions]
    found: dict[CommitId, datetime] = {}
    for commit in (introduction, refs.read(store, refs.LEDGER), *ledgers):
        header = header_of(read_object(store, commit, "commit")) if commit else None
        if commit is not None and header is not None:
            found[commit] = datetime.fromtimestamp(header.committed, UTC)
    return found


class Floor:
    """The newest time known; *path* is a file in the state directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _recall(path)
        self._newest = None if self._kept.newest is None else instant(self._kept.newest)

    def time(self, clock: datetime, times: Times, skew_s: int) -> TrustedTime:
        """Return the time to decide by; *times* are what was recorded."""
        return trusted_time(clock, self._known(times), skew_s)

    def raised(self, times: Times, skew_s: int) -> None:
        """Keep the newest of *times*; written where it is later by more than clocks may differ."""
        newest = max(self._known(times), default=None)
        if newest is None or newest == self._newest:
            return
        self._newest = newest
        written = self._kept.newest
        if written is None or newest > instant(written) + timedelta(seconds=skew_s):
            self._kept = self._kept.model_copy(update={"newest": _text(newest)})
            with suppress(OSError):  # a full disk is said where something is at stake
                _write(self._path, self._kept)

    def _known(self, times: Times) -> tuple[datetime, ...]:
        found = (at for commit, at in times.items() if commit not in self._kept.wrong)
        return (*found, *(() if self._newest is None else (self._newest,)))


def accept(path: Path, now: datetime, times: Times) -> frozenset[CommitId]:
    """Have *now* be the floor; return the commits of *times* that are later, and believed no more.

    Raises `OSError`.
    """
    wrong = frozenset(commit for commit, at in times.items() if at > now)
    _write(path, _Kept(schema=1, newest=_text(now), wrong=_recall(path).wrong | wrong))
    return wrong


def _recall(path: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return _Kept(schema=1)


def _write(path: Path, kept: _Kept) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(kept.model_dump_json(by_alias=True))
    new.replace(path)


def _text(at: datetime) -> Instant:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
