"""From a fresh fork of the launcher to bwrap: the only code that runs between the two.

The order is the safety: a root daemon's child stages its sources as root in a mount namespace of
its own, then gives up root for good and proves it, and only then makes a user namespace, so that
real root is never mapped into one. An ordinary user's child makes its user namespace first.
"""

import os
import resource
import select
import signal
import socket
import stat
from dataclasses import dataclass

from daemon.sandbox.launcher import kernel
from daemon.sandbox.launcher.wire import (
    MERGED,
    REPORT,
    SCRATCH,
    STAGE,
    UPPER,
    WORK,
    Request,
    send,
)

_OVERHEAD = 3
"""Processes of the sandbox itself, counted with the command's: bwrap, its child, its init."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What a run talks over: the daemon's socket, its output, and three pipes of the launcher."""

    daemon: socket.socket
    output: int
    born: int
    go: int
    said: int


def enter(request: Request, ends: Ends, seccomp: bytes) -> None:
    """Make the namespaces, then fork their init and end; in the init, become bwrap.

    Returns or raises only if there is no sandbox; the caller then reports and exits.
    """
    _keep_only(ends.daemon.fileno(), ends.output, ends.born, ends.go, ends.said)
    kernel.die_with_parent(signal.SIGKILL)
    _join(request.cgroups)
    _plain_signals()
    kernel.refuse_new_privileges()
    os.umask(0o022)
    program = os.open(request.bwrap, os.O_PATH | os.O_CLOEXEC)  # the stage may cover its path
    if request.builder:
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWPID)
        _stage(request)
        _drop_to(*request.builder)
        _own_user_namespace(0)
    else:
        _own_user_namespace(kernel.CLONE_NEWPID)
        _stage(request)
    _mount_work_tree(request)
    _hand_out(ends.daemon, _door_of_the_proxy(request))
    pid = os.fork()
    if pid:
        os.write(ends.born, str(pid).encode())
        os._exit(0)
    # Killed before it could announce us, our parent must leave nobody who holds this open.
    os.close(ends.born)
    _wait_to_be_adopted(ends.go)
    if not request.builder:
        _own_proc()
    _limit(request)
    _redirect(ends.output)
    filter_fd = _memory_file(seccomp)
    _keep_only(ends.said, filter_fd, ends.daemon.fileno(), program)
    for fd in (ends.said, filter_fd):
        os.set_inheritable(fd, True)  # noqa: FBT003  (the standard library's signature)
    head = [request.bwrap, "--json-status-fd", str(ends.said), "--seccomp", str(filter_fd)]
    os.execve(program, [*head, *request.options, "--", *request.command], {})  # noqa: S606


def _join(cgroups: list[str]) -> None:
    for group in cgroups:
        with open(f"{group}/cgroup.procs", "w") as file:  # noqa: PTH123  (pathlib is slow to import)
            file.write("0")


def _plain_signals() -> None:
    """Undo what Python, the launcher or a `nohup` around the daemon ignores: it is inherited."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _stage(request: Request) -> None:
    """Bind every source under one private tmpfs. Opened first: the stage may cover them."""
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    sources = dict(request.binds)
    sources |= {f"l{n}": lower for n, lower in enumerate(request.lowers)}
    if request.plain is not None:
        sources[MERGED] = request.plain
    if request.scratch_dir is not None:
        sources[SCRATCH] = request.scratch_dir
    opened = {name: _open_source(path) for name, path in sources.items()}
    kernel.mount("stage", STAGE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=0755")
    os.chdir(STAGE)
    for name, (fd, is_directory) in opened.items():
        _mount_point(name, is_directory=is_directory)
        kernel.mount(f"/proc/self/fd/{fd}", name, "", kernel.MS_BIND | kernel.MS_REC)
        os.close(fd)
    for name in {MERGED, SCRATCH} - opened.keys():
        os.mkdir(name, 0o755)  # noqa: PTH102  (pathlib is slow to import)


def _open_source(path: str) -> tuple[int, bool]:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    return fd, stat.S_ISDIR(os.fstat(fd).st_mode)


def _mount_point(name: str, *, is_directory: bool) -> None:
    if is_directory:
        os.mkdir(name, 0o755)  # noqa: PTH102
    else:
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))


def _drop_to(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    proven = os.getresuid() == (uid,) * 3 and os.getresgid() == (gid,) * 3 and not os.getgroups()
    if not proven or 0 in {uid, gid} or _can_return_to_root():
        raise PermissionError(f"root was not given up: still {os.getresuid()}, {os.getresgid()}")
    kernel.own_proc_files()


def _can_return_to_root() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True


def _own_user_namespace(more: int) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0 or gid == 0:
        raise PermissionError(
            "real root is never mapped into a sandbox: set `builder` in host.yaml"
        )
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | more)
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {uid} 1"),
        ("gid_map", f"0 {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(content)


def _wait_to_be_adopted(go: int) -> None:
    """Return once the launcher is our parent, knows it, and takes us with it when it dies."""
    if not os.read(go, 1):
        os._exit(1)  # it does not want us any more, and nobody else is there to be told
    kernel.die_with_parent(signal.SIGKILL)
    poll = select.poll()
    poll.register(go, 0)
    if poll.poll(0):  # it died before we asked to be taken along
        os._exit(1)


def _own_proc() -> None:
    """Show bwrap its own pid namespace: it looks its child up in /proc by the number it has here.

    In the host's /proc that number is somebody else's: 2 is the kernel's on a host, and nobody in
    a container or where other users' processes are hidden; then no sandbox would start. Root's
    namespace belongs to the host, which lets nobody but root do this; there 2 is always seen.
    """
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _mount_work_tree(request: Request) -> None:
    os.chdir(STAGE)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    if request.scratch_dir is None:
        sized = f"size={request.scratch_bytes},nr_inodes={request.scratch_inodes},mode=0755"
        kernel.mount("scratch", SCRATCH, "tmpfs", flags, sized)
        for name in (UPPER, WORK, REPORT):
            os.mkdir(f"{SCRATCH}/{name}", 0o755)  # noqa: PTH102
    if request.lowers:
        lowers = ":".join(f"l{n}" for n in range(len(request.lowers)))
        layers = f"lowerdir={lowers},upperdir={SCRATCH}/{UPPER},workdir={SCRATCH}/{WORK}"
        kernel.mount("overlay", MERGED, "overlay", flags, f"{layers},userxattr")


def _door_of_the_proxy(request: Request) -> tuple[int, ...]:
    """Listen on a loopback of the run's own, where egress was asked for.

    The daemon accepts there, from outside: inside there is only a port. bwrap keeps this network
    namespace, in which the run has no privilege either: it belongs to the user namespace we are in.
    """
    if request.listen is None:
        return ()
    kernel.unshare(kernel.CLONE_NEWNET)
    kernel.loopback_up()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", request.listen))
    listener.listen()
    return (listener.detach(),)


def _hand_out(run: socket.socket, more: tuple[int, ...]) -> None:
    """Give the daemon the writable layer, the report directory and what *more* there is.

    They outlive the namespace.
    """
    folders = tuple(
        os.open(f"{SCRATCH}/{name}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in (UPPER, REPORT)
    )
    fds = folders + more
    if not send(run, "mounted", None, fds):
        raise BrokenPipeError("the daemon does not wait for this run any more")
    for fd in fds:
        os.close(fd)


def _limit(request: Request) -> None:
    """Set the limits. Processes are counted per user namespace since Linux 5.14: the run's own."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: request.open_files,
        resource.RLIMIT_FSIZE: request.file_bytes,
        resource.RLIMIT_NPROC: request.processes + _OVERHEAD,
    }
    if request.data_bytes is not None:
        wanted[resource.RLIMIT_DATA] = request.data_bytes
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (limit, limit))


def _redirect(output: int) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _keep_only(*kept: int) -> None:
    """Close all but these: a leaked descriptor is a way out of the sandbox."""
    last = 2
    for fd in sorted(kept):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


def _memory_file(content: bytes) -> int:
    fd = os.memfd_create("seccomp")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
