"""The launcher: one single-threaded process, the parent of every sandbox for as long as it lives.

Single-threaded because the kernel's parent-death signal follows the *thread* that forked. It ends
when the daemon closes the control socket or dies, and every sandbox ends with it. It is also the
reaper of its runs' namespaces: bwrap leaves before its namespace is empty, and only who reaps the
namespace's init learns that it is, and what all of it used.
"""

import contextlib
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict

from daemon.sandbox.launcher import kernel, seccomp
from daemon.sandbox.launcher.enter import enter
from daemon.sandbox.launcher.wire import Finished, Request, receive, send

_PAGE = 64 * 1024


class Run:
    """One sandbox: bwrap, the init of its pid namespace, the socket to the daemon's worker."""

    def __init__(self, pid: int, socket_: socket.socket, status: int) -> None:
        self.pid, self.socket, self.status = pid, socket_, status
        self.pidfd = os.pidfd_open(pid)
        self.init: tuple[int, int] | None = None
        self.wait_status: int | None = None
        self.code: int | None = None
        self.usage: resource.struct_rusage | None = None
        self._pending = b""

    def read_status(self) -> bool:
        """Take in what bwrap has said so far, as JSON lines; False once it will say no more."""
        while chunk := _read_now(self.status):
            self._pending += chunk
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "child-pid" in said:
                self._meet_init(said["child-pid"])
            self.code = said.get("exit-code", self.code)
        return chunk is None

    def _meet_init(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            pidfd = os.pidfd_open(pid)
            if _parent_of(pid) in {self.pid, os.getpid()}:
                self.init = (pid, pidfd)
            else:
                os.close(pidfd)  # already reaped: the number is somebody else's

    def kill(self) -> None:
        for fd in (self.init[1] if self.init else None, self.pidfd):
            if fd is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(fd, signal.SIGKILL)

    def close(self) -> None:
        self.socket.close()
        for fd in (self.status, self.pidfd, *(self.init or ())[1:]):
            os.close(fd)


class Launcher:
    def __init__(self, control: socket.socket, program: bytes) -> None:
        self._control, self._program = control, program
        self._runs: list[Run] = []
        self._selector = selectors.DefaultSelector()
        self._watch(control.fileno(), self._accept)

    def serve(self) -> None:
        """Serve until the daemon goes. Waits without a timeout: idle costs nothing."""
        while True:
            for key, _ in self._selector.select():
                if self._selector.get_map().get(key.fd) is key:  # not ended by an earlier event
                    key.data()

    def _accept(self) -> None:
        message = receive(self._control)
        if message is None:
            sys.exit(0)
        request_fd, run_fd, output = message[2]
        run_socket = socket.socket(fileno=run_fd)
        try:
            self._start(Request.from_file(request_fd), run_socket, output)
        except OSError as error:
            send(run_socket, "failed", f"the launcher could not fork: {error}")
            run_socket.close()
        finally:
            os.close(request_fd)
            os.close(output)

    def _start(self, request: Request, run_socket: socket.socket, output: int) -> None:
        status, status_end = os.pipe()
        os.set_blocking(status, False)
        parent = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                _become(
                    run_socket,
                    lambda: enter(
                        request,
                        run_socket,
                        output=output,
                        status=status_end,
                        seccomp=self._program,
                        parent=parent,
                    ),
                )
        finally:
            os.close(status_end)
        run = Run(pid, run_socket, status)
        self._runs.append(run)
        send(run_socket, "forked", None, (run.pidfd,))
        self._watch(run_socket.fileno(), lambda: self._hang_up(run))
        self._watch(status, lambda: self._hear(run))
        self._watch(run.pidfd, lambda: self._reap(run))

    def _hang_up(self, run: Run) -> None:
        """Kill: the daemon says nothing on a run's socket, so that it is readable means closed."""
        self._forget(run.socket.fileno())
        run.kill()

    def _hear(self, run: Run) -> None:
        known = run.init
        more = run.read_status()
        if run.init and not known:
            send(run.socket, "running", None, (run.init[1],))
            self._watch(run.init[1], lambda: self._reap_init(run))
        if not more:
            self._forget(run.status)

    def _reap(self, run: Run) -> None:
        _, run.wait_status, run.usage = os.wait4(run.pid, 0)
        self._forget(run.pidfd)
        self._hear(run)
        if run.init and run.init[1] in self._selector.get_map():
            run.kill()
        else:
            self._finish(run)

    def _reap_init(self, run: Run) -> None:
        assert run.init  # noqa: S101  (for mypy: watched only when known)
        self._forget(run.init[1])
        if run.wait_status is not None:
            self._finish(run)

    def _finish(self, run: Run) -> None:
        usage = (self._usage_of_init(run) if run.init else None) or run.usage
        assert usage  # noqa: S101  (for mypy: set with wait_status)
        finished = Finished(
            status=run.wait_status or 0,
            code=run.code,
            cpu_s=usage.ru_utime + usage.ru_stime,
            max_rss_bytes=usage.ru_maxrss * 1024,
        )
        send(run.socket, "finished", asdict(finished))
        for fd in (run.socket.fileno(), run.status):
            self._forget(fd)
        self._runs.remove(run)
        run.close()
        self._reap_strangers()

    def _usage_of_init(self, run: Run) -> resource.struct_rusage | None:
        """None if bwrap reaped it: then bwrap's own usage contains it."""
        assert run.init  # noqa: S101  (for mypy)
        try:
            return os.wait4(run.init[0], 0)[2]
        except ChildProcessError:
            return None

    def _reap_strangers(self) -> None:
        """Orphans of a run whose bwrap died before it named its init."""
        ours = {run.pid for run in self._runs} | {run.init[0] for run in self._runs if run.init}
        with contextlib.suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid in ours:
                    return
                os.waitpid(found.si_pid, 0)

    def _watch(self, fd: int, then: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, then)

    def _forget(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)


def _become(run_socket: socket.socket, enter_: Callable[[], None]) -> None:
    """In the child: never return into the launcher's loop, whatever happens."""
    try:
        enter_()
    except BaseException as error:  # noqa: BLE001  (the child must say why and end)
        send(run_socket, "failed", f"{type(error).__name__}: {error}")
    finally:
        os._exit(1)


def _read_now(fd: int) -> bytes | None:
    """None: nothing at the moment. Empty: the other end is closed."""
    try:
        return os.read(fd, _PAGE)
    except BlockingIOError:
        return None


def _parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        return int(file.read().rpartition(b")")[2].split()[1])


def main() -> None:
    """argv: the control socket's descriptor. The first message on it says whether we can serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    kernel.die_with_parent(signal.SIGKILL)
    kernel.adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the daemon ends us, after its last checkpoint
    try:
        program = seccomp.program()
    except Exception as error:  # noqa: BLE001  (typed on the other side: no sandbox without it)
        send(control, "unavailable", f"{type(error).__name__}: {error}")
        return
    gc.collect()
    gc.freeze()
    if send(control, "ready"):
        Launcher(control, program).serve()


if __name__ == "__main__":
    main()
