"""Waiting for the next thing that happens in a repository, without asking for it all the time."""

import threading
from collections.abc import Iterator
from pathlib import Path

from watchdog.events import FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class _Moved(FileSystemEventHandler):
    def __init__(self, moved: threading.Event) -> None:
        self._moved = moved

    def on_any_event(self, event: FileSystemEvent) -> None:
        del event
        self._moved.set()


def changes(gitdir: Path) -> Iterator[None]:
    """Yield at once, and then each time a ref has moved, until the caller stops asking."""
    moved = threading.Event()
    observer = Observer()
    # git and the daemon replace a ref by renaming its lock; packed refs lie at the top
    for folder, deep in ((gitdir / "refs", True), (gitdir, False)):
        observer.schedule(_Moved(moved), str(folder), recursive=deep, event_filter=[FileMovedEvent])
    observer.start()
    try:
        while True:
            yield
            moved.wait()
            moved.clear()
    finally:
        observer.stop()
        observer.join()
