# ruff: noqa: INP001  # a script, not a package
"""Ledger facts a second against plain SQLite loops, interleaved.

G3 and G4 of the goals compare with DBOS, which on SQLite keeps a rollback journal and syncs about
four times a step; the loop here does the same without DBOS around it, so it is the harder
yardstick. WAL with one sync a row is what a database of our own would cost. Numbers are only
comparable within one run; run it on the disk that matters, which is its only argument.
"""

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gitops import ledger
from gitops.git import Durability
from gitops.ledger import Keep
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, MissionId, PolicyDigest, StepId
from policy.mission.facts import AttemptInterrupted
from policy.mission.record import Recorded

ROUNDS = 5
FACTS = 120
MISSION_FACTS = 30


class Ledger:
    """Appends facts to one mission after another, as many to a commit as asked for."""

    def __init__(self, place: Path, durability: Durability, per_commit: int) -> None:
        subprocess.run(["git", "init", "-q", "--bare", place], check=True)  # noqa: S603, S607  # our own argv
        self._store = Store.open(place.resolve(), durability=durability)
        self._key = DaemonKey.generate(place.with_suffix(".key"))
        self._keep = Keep(65536, 524288, place.with_suffix(".spill"))
        self._per_commit = per_commit
        self._missions = 0

    def __call__(self, facts: int) -> None:
        for _ in range(facts // MISSION_FACTS):
            self._missions += 1
            self._mission(MissionId(f"H-{self._missions}"))

    def _mission(self, mission: MissionId) -> None:
        tip: CommitId | None = None
        for first in range(1, MISSION_FACTS + 1, self._per_commit):
            tip = ledger.append(
                self._store,
                self._key,
                mission,
                after=tip,
                records=[_record(mission, first + more) for more in range(self._per_commit)],
                evidence={},
                code=(),
                sentence=f"{mission} went on",
                at=1_700_000_000 + first,
                keep=self._keep,
            )


def _record(mission: MissionId, seq: int) -> Recorded:
    return Recorded(
        mission=mission,
        seq=seq,
        step=StepId(f"{seq:064x}"),
        at="2026-01-15T12:00:00Z",
        host="bench",
        epoch=1,
        policy=PolicyDigest("d" * 64),
        fact=AttemptInterrupted(n=1, cause="daemon_died"),
    )


class Rows:
    """The same facts as rows of a table, one transaction each."""

    def __init__(self, place: Path, journal: str, synchronous: str) -> None:
        self._db = sqlite3.connect(place, isolation_level=None)
        self._db.execute(f"pragma journal_mode={journal}")
        self._db.execute(f"pragma synchronous={synchronous}")
        self._db.execute("create table facts (mission text, seq integer, content blob)")

    def __call__(self, facts: int) -> None:
        for seq in range(facts):
            content = _record(MissionId("H-1"), seq + 1).to_json()
            self._db.execute("insert into facts values ('H-1', ?, ?)", (seq, content))


def main(directory: Path) -> None:
    """Print facts a second, medians of the rounds, and the ratio to SQLite as DBOS uses it."""
    contenders: dict[str, Callable[[int], None]] = {
        "sqlite WAL FULL": Rows(directory / "full.db", "wal", "full"),
        "sqlite DELETE FULL (as DBOS)": Rows(directory / "delete.db", "delete", "full"),
        "sqlite WAL NORMAL": Rows(directory / "normal.db", "wal", "normal"),
        "ledger full, 1 fact a commit": Ledger(directory / "f1", "full", 1),
        "ledger full, 2 facts a commit": Ledger(directory / "f2", "full", 2),
        "ledger full, 3 facts a commit": Ledger(directory / "f3", "full", 3),
        "ledger process, 1 fact a commit": Ledger(directory / "p1", "process", 1),
        "ledger process, 2 facts a commit": Ledger(directory / "p2", "process", 2),
    }
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, act in contenders.items():
            start = time.perf_counter()
            act(FACTS)
            speeds[name].append(FACTS / (time.perf_counter() - start))
    base = statistics.median(speeds["sqlite DELETE FULL (as DBOS)"])
    for name, measured in speeds.items():
        speed = statistics.median(measured)
        print(f"{name:34} {speed:8.0f} facts/s   x{speed / base:.2f} of sqlite DELETE FULL")  # noqa: T201  # its output


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main(Path(name))
