"""The daemon's end of the launcher: starts it, hands it requests, starts it again if it died.

The launcher is spawned by a thread that does nothing but wait for it: the launcher asks the kernel
to die with the thread that spawned it, so that thread has to live as long as the daemon.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from daemon.sandbox.launcher.wire import Request, receive, send

_BOOT = """import sys
sys.path.insert(0, sys.argv.pop(1))
sys.path.append(sys.argv.pop(1))
from daemon.sandbox.launcher.serve import main
main()"""
_CODE = Path(__file__).resolve().parents[2]


class SandboxUnavailableError(Exception):
    """No sandbox can be made now; the text says why and what to do."""


class Launcher:
    """One per daemon; thread-safe. *python* runs the launcher: by default what runs us."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._keeper: threading.Thread | None = None
        self.pid = 0

    def submit(self, request: Request, output: int) -> socket.socket:
        """Start a run; its process writes to *output*. Returns the run's socket.

        Raises `SandboxUnavailableError`.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request_fd = request.to_file()
        try:
            self._hand_over((request_fd, theirs.fileno(), output))
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(request_fd)
        return ours

    def _hand_over(self, fds: tuple[int, ...]) -> None:
        """Send it. A launcher found dead is replaced once: it had taken nothing."""
        first = self._ready()
        if send(first, "run", None, fds):
            return
        self._discard(first)
        if not send(self._ready(), "run", None, fds):
            raise SandboxUnavailableError("the sandbox launcher dies as soon as it is started")

    def close(self) -> None:
        """End the launcher and, with it, every sandbox."""
        with self._lock:
            if self._control:
                self._control.close()
                self._control = None
            keeper, self._keeper = self._keeper, None
        if keeper:
            keeper.join()

    def _ready(self) -> socket.socket:
        with self._lock:
            return self._control or self._start()

    def _discard(self, dead: socket.socket) -> None:
        with self._lock:
            if self._control is dead:
                dead.close()
                self._control = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._keeper = threading.Thread(
            target=self._keep, args=(theirs,), name="launcher-keeper", daemon=True
        )
        self._keeper.start()
        answer = receive(ours)
        if answer is None or answer[0] != "ready":
            ours.close()
            said = answer[1] if answer else "it ended at once; its own words are on stderr"
            raise SandboxUnavailableError(
                f"the sandbox launcher did not start: {said}. "
                "If libseccomp is missing: apt install libseccomp2"
            )
        self._control = ours
        return ours

    def _keep(self, theirs: socket.socket) -> None:
        with theirs:
            code = [_BOOT, str(_CODE), _seccomp_library(), str(theirs.fileno())]
            command = [self._python, "-I", "-c", *code]
            process = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={},
                cwd="/",
            )
        self.pid = process.pid
        process.wait()


def _seccomp_library() -> str:
    """Where the daemon itself finds it: *python* may be another interpreter than ours."""
    found = importlib.util.find_spec("pyseccomp")
    return str(Path(found.origin).parent) if found and found.origin else ""
