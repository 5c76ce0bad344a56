"""The launcher: one single-threaded process, the parent of every sandbox for as long as it lives.

Single-threaded because the kernel's parent-death signal follows the *thread* that forked. It ends
when the daemon closes the control socket or dies, and every sandbox ends with it.

bwrap runs as the init of a pid namespace of our own: whatever it leaves behind at whatever moment,
the kernel kills with it, and bwrap cannot be reaped before its last descendant is gone. So one
`wait4` says both "over" and "empty", and what all of it used. (By itself bwrap leaves before its
namespace is empty, and, killed early, leaves a child that waits for ever.)
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
from daemon.sandbox.launcher.enter import Ends, enter
from daemon.sandbox.launcher.wire import Finished, Request, receive, send

_PAGE = 64 * 1024


class Run:
    """One sandbox. *pid* is first the process that makes the namespaces, then bwrap's, its child.

    The child waits until it is told to *go*, and ends if this end of *go* is closed: nothing runs
    that the launcher does not know.
    """

    def __init__(self, pid: int, socket_: socket.socket, *, born: int, go: int, said: int) -> None:
        self.pid, self.socket = pid, socket_
        self.born, self.go, self.said = born, go, said
        self.wanted = True
        self.pidfd = os.pidfd_open(pid)
        self._pending = b""

    def bear(self) -> bool:
        """Adopt the child the first process announced; False if it came to nothing."""
        announced = os.read(self.born, _PAGE)
        os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        self.pidfd = -1
        if announced:
            self.pid = int(announced)
            self.pidfd = os.pidfd_open(self.pid)
        return bool(announced)

    def code(self) -> int | None:
        """Return the command's exit code as bwrap told it; None if there never was a command."""
        lines = os.read(self.said, _PAGE).splitlines()
        codes = [json.loads(line).get("exit-code") for line in lines]
        return next((code for code in codes if code is not None), None)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def close(self) -> None:
        self.socket.close()
        for fd in (self.born, self.go, self.said, self.pidfd):
            if fd != -1:
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
        born, born_end = os.pipe()
        go_end, go = os.pipe()
        said, said_end = os.pipe()
        ends = Ends(run_socket, output=output, born=born_end, go=go_end, said=said_end)
        pid = os.fork()
        if pid == 0:
            _become(run_socket, lambda: enter(request, ends, self._program))
        for fd in (born_end, go_end, said_end):
            os.close(fd)
        run = Run(pid, run_socket, born=born, go=go, said=said)
        self._runs.append(run)
        self._watch(run_socket.fileno(), lambda: self._hang_up(run))
        self._watch(born, lambda: self._adopt(run))

    def _adopt(self, run: Run) -> None:
        self._forget(run.born)
        if not run.bear():
            self._end(run)
            return
        self._watch(run.pidfd, lambda: self._finish(run))
        if not run.wanted:  # the kill came too late for the first process and too early for this
            run.kill()
        send(run.socket, "running", None, (run.pidfd,))
        with contextlib.suppress(BrokenPipeError):  # it died already
            os.write(run.go, b"g")

    def _hang_up(self, run: Run) -> None:
        """Kill: the daemon says nothing on a run's socket, so that it is readable means closed."""
        self._forget(run.socket.fileno())
        run.wanted = False
        run.kill()

    def _finish(self, run: Run) -> None:
        _, status, usage = os.wait4(run.pid, 0)
        finished = Finished(
            status=status,
            code=run.code(),
            cpu_s=usage.ru_utime + usage.ru_stime,
            max_rss_bytes=_max_rss(usage),
        )
        send(run.socket, "finished", asdict(finished))
        self._forget(run.pidfd)
        self._end(run)

    def _end(self, run: Run) -> None:
        self._forget(run.socket.fileno())
        self._runs.remove(run)
        run.close()
        self._reap_unborn()

    def _reap_unborn(self) -> None:
        """Reap children whose first process was killed before it could announce them."""
        known = {run.pid for run in self._runs}
        with contextlib.suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid in known:
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


def _max_rss(usage: resource.struct_rusage) -> int:
    """Not below this interpreter's own size: the fork of it that becomes bwrap counts too."""
    return usage.ru_maxrss * 1024


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
