"""What the daemon asks of the launcher and what comes back, as JSON with file descriptors.

A request is one datagram on the control socket carrying three descriptors: a memory file with the
request, the run's own socket, the write end of its output pipe. Everything about that run is then
said on its socket; closing the daemon's end of it kills the run.
"""

import array
import json
import os
import socket
from dataclasses import dataclass, fields

STAGE = "/tmp"  # noqa: S108  (covered by a private tmpfs in the run's own mount namespace)
"""Where a run's sources are bound before bwrap starts: bwrap needs no other host path than /usr,
so a builder user need not be able to reach the daemon's state or root's toolchains."""
MERGED, SCRATCH = "merged", "scratch"
UPPER, WORK, REPORT = "upper", "work", "report"

_BIGGEST = 64 * 1024
_MOST_FDS = 4
_INT = array.array("i").itemsize


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run. Paths are the host's; names are relative to the stage.

    *binds* are staged under their key. *lowers* (topmost first) make an overlay, or *plain* is a
    private directory used as it is. *scratch_dir* is a directory with `upper`, `work` and `report`
    inside, or None: a tmpfs of *scratch_bytes* and *scratch_inodes*. *listen* is a port of the
    sandbox's own loopback whose listening socket is handed out; None: bwrap makes its network.
    """

    binds: dict[str, str]
    lowers: list[str]
    plain: str | None
    scratch_dir: str | None
    scratch_bytes: int
    scratch_inodes: int
    builder: tuple[int, int] | None
    cgroups: list[str]
    data_bytes: int | None
    processes: int
    open_files: int
    file_bytes: int
    bwrap: str
    options: list[str]
    command: list[str]
    listen: int | None = None

    def to_file(self) -> int:
        """Return a new memory file with this request; the caller closes it."""
        fd = os.memfd_create("request")
        # Not `asdict`: it copies each word of the options before they are written once.
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        os.write(fd, json.dumps(content).encode())
        return fd

    @classmethod
    def from_file(cls, fd: int) -> "Request":
        content = os.pread(fd, os.fstat(fd).st_size, 0)
        return cls(**json.loads(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run is over and its pid namespace is empty.

    *status* is bwrap's as of wait(2). *code* is the command's own exit code (128 + n by signal),
    None if the command never ran, or nobody was left to tell.
    """

    status: int
    code: int | None
    cpu_s: float
    max_rss_bytes: int


def send(sock: socket.socket, kind: str, body: object = None, fds: tuple[int, ...] = ()) -> bool:
    """Say one thing; False if nobody listens any more."""
    try:
        socket.send_fds(sock, [json.dumps([kind, body]).encode()], list(fds))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def receive(sock: socket.socket) -> tuple[str, object, list[int]] | None:
    """Return the next (kind, body, descriptors); None when the other end is closed."""
    room = socket.CMSG_SPACE(_MOST_FDS * _INT)
    try:  # not socket.recv_fds: it drops its flags, and the descriptors would reach the sandbox
        content, ancillary, _, _ = sock.recvmsg(_BIGGEST, room, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    fds = array.array("i")
    for _, _, packed in ancillary:
        fds.frombytes(packed[: len(packed) - len(packed) % _INT])
    if not content:
        return None
    kind, body = json.loads(content)
    return kind, body, list(fds)
