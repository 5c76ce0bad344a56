"""Hints: file-system events and scheduled jobs that shorten the loop's wait, and do nothing else.

Correctness needs none of them: the loop reconciles every `reconcile_s` seconds anyhow (R23).
Events are filtered to refs that are not the daemon's own, so that its commits never wake it, and to
changes, so that its reads do not (perf.md B, feedback loop).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from apscheduler.schedulers.background import BackgroundScheduler
from watchdog.events import (
    DirCreatedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from daemon.wake import Wake

_OWN = ("refs/pawl/", "refs/heads/pawl/")


class _RefMoved(FileSystemEventHandler):
    def __init__(self, gitdir: Path, wake: Wake) -> None:
        self._gitdir = gitdir
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if any(self._foreign(str(path)) for path in (event.src_path, event.dest_path) if path):
            self._wake.up()

    def _foreign(self, path: str) -> bool:
        inside = path.removeprefix(f"{self._gitdir}/")
        if inside.endswith(".lock") or inside.startswith(_OWN):
            return False
        return inside.startswith("refs/") or inside in {"HEAD", "packed-refs"}


class HintsDiedError(Exception):
    """A thread ended that should have lived as long as the daemon."""


class Hints:
    """Watches the repository's refs and wakes the loop at times it is asked to."""

    def __init__(self, gitdir: Path, wake: Wake) -> None:
        self._wake = wake
        self._observer = Observer()
        kinds: list[type[FileSystemEvent]] = [
            FileMovedEvent,
            FileCreatedEvent,
            FileDeletedEvent,
            DirCreatedEvent,
        ]
        moved = _RefMoved(gitdir, wake)
        self._observer.schedule(moved, str(gitdir), event_filter=kinds)
        self._observer.schedule(moved, str(gitdir / "refs"), recursive=True, event_filter=kinds)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def wake_at(self, name: str, moment: datetime) -> None:
        """Wake the loop at *moment*; a later call with the same *name* replaces it."""
        self._scheduler.add_job(
            self._wake.up, "date", run_date=moment, id=name, replace_existing=True
        )

    def check(self) -> None:
        """Raise `HintsDiedError` where a thread that should wake the loop is dead (F69)."""
        for what, threads in self._threads():
            if not all(thread.is_alive() for thread in threads):
                raise HintsDiedError(f"the thread of the {what} is dead; only a restart mends that")

    def _threads(self) -> Iterator[tuple[str, tuple[Thread, ...]]]:
        yield "file-system watch", (self._observer, *self._observer.emitters)
        scheduler = self._scheduler._thread  # noqa: SLF001  # there is no public way to ask
        yield "scheduler", (scheduler,)

    def __enter__(self) -> Self:
        self._observer.start()
        self._scheduler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Else its thread, if a job is due just now, looks for that job in a stopped scheduler.
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)
        self._observer.stop()
        self._observer.join()
