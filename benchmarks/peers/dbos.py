"""DBOS on SQLite: a durable step runner, its database on the disk that is measured."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.frame.bench import Bench
from benchmarks.frame.peers import Peer, PeerFailedError, installed, talking

_SCRIPT = Path(__file__).with_name("dbos_steps.py")
_ENV = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def _argv(bench: Bench, database: Path, what: str) -> list[str | Path]:
    python = installed(bench.cache, "dbos") / "bin" / "python"
    return [python, "-P", "-W", "ignore", _SCRIPT, database, what]


@contextmanager
def dbos(bench: Bench, place: Path) -> Iterator[Peer]:
    """Yield DBOS launched; `ask("steps N")` answers the seconds of N durable steps."""
    argv = _argv(bench, place / "dbos.db", "serve")
    with talking(argv, cwd=place, env=_ENV, said=place / "dbos.log") as peer:
        peer.ask("steps 5")
        yield peer


def interrupted(bench: Bench, place: Path, *, finished: int, pending: int) -> Path:
    """Return a database left by a kill -9 amid *pending* workflows, after *finished* others."""
    database = place / "dbos.db"
    argv = _argv(bench, database, "serve")
    with talking(argv, cwd=place, env=_ENV, said=place / "dbos.log") as peer:
        peer.ask(f"finished {finished}")
        peer.ask(f"pending {pending}")
    return database


def recovery(bench: Bench, database: Path) -> float:
    """Start DBOS, return the seconds until a pending workflow does a step, kill it."""
    argv = _argv(bench, database, "recover")
    start = time.monotonic_ns()
    with subprocess.Popen(
        argv, cwd=database.parent, env=_ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
        finally:
            process.send_signal(signal.SIGKILL)
    if not said:
        raise PeerFailedError(f"DBOS recovered nothing from {database}")
    return (int(said) - start) / 1e9
