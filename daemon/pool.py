"""Deeds that wait for processes run in worker threads; what they found is collected by the loop.

Workers never move a ref: they run processes, take snapshots and write objects, each with its own
`Store`. The main thread takes their outcomes and records them (DESIGN 3).
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from daemon.clock import SystemClock
from daemon.wake import Wake

T = TypeVar("T")
_NOW = SystemClock().now


@dataclass(frozen=True)
class Flight(Generic[T]):
    """A deed under way, and the way to stop it."""

    key: str
    what: str
    future: Future[T]
    thread: threading.Thread
    stop: threading.Event
    since: datetime


class WorkerDiedError(Exception):
    """A worker's thread ended and left no outcome: its deed would be waited for, for ever."""


class Pool(Generic[T]):
    """One thread a deed: how many there are at once is policy's `max_agents`, not ours."""

    def __init__(self, wake: Wake, now: Callable[[], datetime] = _NOW) -> None:
        self._flights: dict[str, Flight[T]] = {}
        self._wake = wake
        self._now = now

    def start(self, key: str, what: str, deed: Callable[[threading.Event], T]) -> None:
        """Run *deed* for *key*; it is given the event that asks it to stop."""
        if key in self._flights:
            raise ValueError(f"{key} has a deed under way already: {self._flights[key].what}")
        stop = threading.Event()
        future: Future[T] = Future()
        thread = threading.Thread(target=self._run, args=(deed, stop, future), name=key)
        self._flights[key] = Flight(key, what, future, thread, stop, self._now())
        thread.start()

    def under_way(self) -> dict[str, str]:
        """Return what each busy key is doing."""
        return {key: flight.what for key, flight in self._flights.items()}

    def since(self) -> dict[str, datetime]:
        """Return when each busy key's deed began."""
        return {key: flight.since for key, flight in self._flights.items()}

    def check(self) -> None:
        """Raise `WorkerDiedError` for a deed nobody works on any more (F69)."""
        for key, flight in self._flights.items():
            if not flight.thread.is_alive() and not flight.future.done():
                raise WorkerDiedError(f"the thread that should {flight.what} for {key} is dead")

    def stop(self, key: str) -> None:
        flight = self._flights.get(key)
        if flight is not None:
            flight.stop.set()

    def stop_all(self) -> None:
        for flight in self._flights.values():
            flight.stop.set()

    def over(self) -> list[Flight[T]]:
        """Return the flights that are over, and forget them."""
        over = [flight for flight in self._flights.values() if flight.future.done()]
        for flight in over:
            flight.thread.join()
            del self._flights[flight.key]
        return over

    def close(self) -> None:
        """Stop everything and wait for the workers to end."""
        self.stop_all()
        for flight in self._flights.values():
            flight.thread.join()

    def _run(
        self, deed: Callable[[threading.Event], T], stop: threading.Event, future: Future[T]
    ) -> None:
        try:
            future.set_result(deed(stop))
        except BaseException as error:  # noqa: BLE001 - it rises again where the flight is taken
            future.set_exception(error)
        finally:
            self._wake.up()
