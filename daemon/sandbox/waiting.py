"""Waiting for one run: drains its output, watches its limits, and knows when its last process died.

The writable layer is handed on only after the pid namespace is proven empty: a process that
outlives bwrap by milliseconds would otherwise still be writing what is being snapshotted.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from daemon.sandbox.egress.proxy import Proxy
from daemon.sandbox.launcher.wire import Finished, receive
from daemon.sandbox.output import Capture
from policy.bus.operation import Limits
from policy.bus.result import (
    Contact,
    Ending,
    Exited,
    Killed,
    NotStarted,
    Output,
    Stopped,
    TimedOut,
    Usage,
)

_CHUNK = 1024 * 1024
_STOP_POLL_S = 0.1
"""How often the stop event is looked at: a `threading.Event` cannot be polled with descriptors."""
_SIGNALLED, _LAST_SIGNAL = 128, 64
_TOOL_MISSING = ("bwrap: execvp ", "bwrap: Can't chdir to ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is over. *upper* and *report* are directory descriptors; `close` closes them.

    They are None if the work tree was never mounted, or nobody could prove it has no writer left.
    """

    ending: Ending
    output: Output
    usage: Usage
    upper: int | None
    report: int | None
    contacts: tuple[Contact, ...] = ()

    def close(self) -> None:
        for fd in (self.upper, self.report):
            if fd is not None:
                os.close(fd)


def output_pipe() -> tuple[int, int]:
    """Return a pipe as wide as the host allows: fewer wake-ups for those who write much."""
    read_end, write_end = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, _CHUNK)
    return read_end, write_end


@dataclass(slots=True)
class Waiting:
    """The daemon's view of one run. *run* and *output* are taken over and closed."""

    run: socket.socket
    output: int
    capture: Capture
    limits: Limits
    stop: threading.Event | None
    free_floor: "Floor | None" = None
    proxy: Proxy | None = None
    _started: float = field(default_factory=time.monotonic)
    _heard: float = field(default_factory=time.monotonic)
    _init: int | None = None
    _upper: int | None = None
    _report: int | None = None
    _failure: str = ""
    _finished: Finished | None = None
    _ended_by_us: TimedOut | Stopped | Killed | None = None
    _lost: bool = False

    def wait(self) -> Ended:
        """Block until the last process of the run is gone."""
        try:
            self._until_over()
            contacts = self.proxy.close() if self.proxy else ()
            wall = time.monotonic() - self._started
            output = self.capture.close()
            upper, report = self._left_behind()
            return Ended(
                ending=self._ending(output),
                output=output,
                usage=self._usage(wall),
                upper=upper,
                report=report,
                contacts=contacts,
            )
        finally:
            if self.proxy:
                self.proxy.close()
            self.run.close()
            os.close(self.output)
            if self._init is not None:
                os.close(self._init)

    def _until_over(self) -> None:
        poll = select.poll()
        for fd in (self.run.fileno(), self.output):
            poll.register(fd, select.POLLIN)
        watched = 2
        while watched:
            for fd, _ in poll.poll(self._patience_ms()):
                going_on = self._drain() if fd == self.output else self._listen()
                if not going_on:
                    poll.unregister(fd)
                    watched -= 1
            self._enforce()

    def _drain(self) -> bool:
        chunk = os.read(self.output, _CHUNK)
        if chunk:
            self._heard = time.monotonic()
            self.capture.take(chunk)
        return bool(chunk)

    def _listen(self) -> bool:
        """Take one message; False after the last."""
        message = receive(self.run)
        if message is None:
            self._lost = self._finished is None and not self._failure
            if self._lost:
                self._make_sure()
            return False
        kind, body, fds = message
        match kind:
            case "running":
                (self._init,) = fds
            case "mounted":
                self._upper, self._report, *listeners = fds
                self._serve(listeners)
            case "failed":
                self._failure = str(body)
            case "finished" if isinstance(body, dict):
                self._finished = Finished(**body)
            case _:
                raise ValueError(f"the launcher said {kind!r}: daemon and launcher differ")
        if self._ended_by_us:
            self._kill()  # it may have been started after the first signal
        return True

    def _serve(self, listeners: list[int]) -> None:
        for listener in listeners:
            opened = socket.socket(fileno=listener)
            if self.proxy is None:
                opened.close()
            else:
                self.proxy.serve(opened)

    def _make_sure(self) -> None:
        """Wait for the end of a run whose launcher died: the kernel kills it."""
        self._kill()
        if self._init is not None:
            poll = select.poll()
            poll.register(self._init, select.POLLIN)
            poll.poll()

    def _left_behind(self) -> tuple[int | None, int | None]:
        proven_empty = self._finished is not None or (self._lost and self._init is not None)
        if proven_empty:
            return self._upper, self._report
        for fd in (self._upper, self._report):
            if fd is not None:
                os.close(fd)
        return None, None

    def _patience_ms(self) -> float | None:
        now = time.monotonic()
        waits = [] if self._ended_by_us else [due - now for due, _ in self._deadlines()]
        if not self._ended_by_us and (self.stop or self.free_floor):
            waits.append(_STOP_POLL_S)
        return max(0.0, min(waits)) * 1000 + 1 if waits else None

    def _deadlines(self) -> list[tuple[float, TimedOut]]:
        limits = self.limits
        wall = TimedOut(limit="wall", seconds=limits.wall_s)
        deadlines = [(self._started + limits.wall_s, wall)]
        if limits.idle_s is not None:
            idle = TimedOut(limit="idle", seconds=limits.idle_s)
            deadlines.append((self._heard + limits.idle_s, idle))
        return deadlines

    def _enforce(self) -> None:
        if self._ended_by_us or self._finished:
            return
        now = time.monotonic()
        if self.stop and self.stop.is_set():
            self._ended_by_us = Stopped()
        elif late := [end for due, end in self._deadlines() if now >= due]:
            self._ended_by_us = late[0]
        elif self.free_floor and self.free_floor.reached():
            self._ended_by_us = Killed(signal=signal.SIGKILL)
            self.capture.take(self.free_floor.why.encode())
        if self._ended_by_us:
            self._kill()

    def _kill(self) -> None:
        """Kill the namespace's init: all of it goes. Before it is there, ask the launcher to."""
        if self._init is None:
            with contextlib.suppress(OSError):  # the launcher is gone, and so is the run
                self.run.shutdown(socket.SHUT_WR)
        else:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)

    def _ending(self, output: Output) -> Ending:
        if self._ended_by_us:
            return self._ended_by_us
        if self._failure:
            return NotStarted(cause="sandbox", why=self._failure)
        if self._finished is None:
            return _of_lost(running=self._init is not None)
        if self._finished.code is not None:
            return _of_command(self._finished.code)
        if os.WIFSIGNALED(self._finished.status):
            return Killed(signal=os.WTERMSIG(self._finished.status))
        return _of_refusal(output.text)

    def _usage(self, wall: float) -> Usage:
        cpu = self._finished.cpu_s if self._finished else 0.0
        rss = self._finished.max_rss_bytes if self._finished else 0
        return Usage(wall_s=wall, cpu_s=cpu, max_rss_bytes=rss)


@dataclass(frozen=True, slots=True)
class Floor:
    """Free space below which a run is killed, where its writable layer has no size of its own."""

    directory: int | str
    free_bytes: int

    def reached(self) -> bool:
        now = os.statvfs(self.directory)
        return now.f_bavail * now.f_frsize < self.free_bytes

    @property
    def why(self) -> str:
        return f"\npawl: killed: less than {self.free_bytes} bytes are free for work trees\n"


def _of_command(code: int) -> Exited | Killed:
    """Read bwrap's code: 128 + n for a command killed by signal n, and nobody else can tell.

    A command that *exits* with such a number is taken for killed: a crash satisfies no expectation.
    """
    if _SIGNALLED < code <= _SIGNALLED + _LAST_SIGNAL:
        return Killed(signal=code - _SIGNALLED)
    return Exited(code=code)


def _of_lost(*, running: bool) -> Killed | NotStarted:
    if running:
        return Killed(signal=signal.SIGKILL)
    return NotStarted(cause="sandbox", why="the sandbox launcher was killed; run it again")


def _of_refusal(said: str) -> NotStarted:
    """Read bwrap's words: all is its own, as it reports no exit of a command that never ran."""
    cause: Literal["tool_missing", "sandbox"] = "sandbox"
    last = said.strip().rpartition("\n")[2]
    if last.startswith(_TOOL_MISSING):
        cause = "tool_missing"
    return NotStarted(cause=cause, why=last or "bwrap ended without a word")
