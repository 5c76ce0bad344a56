"""The four system calls Python 3.11 does not offer. Raises `OSError` naming what was attempted."""

import ctypes
import fcntl
import os
import socket
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_SIOCSIFFLAGS = 0x8914
_IFREQ, _IFF_UP = "16sH22x", 1
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Attach a file system: relative names dodge the overlay's escaping of `:` and `,`."""
    result = _LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        os.fsencode(kind),
        ctypes.c_ulong(flags),
        os.fsencode(options),
    )
    _check(result, f"mount {kind or 'bind'} on {target}")


def unshare(flags: int) -> None:
    _check(_LIBC.unshare(flags), f"unshare({flags:#x})")


def loopback_up() -> None:
    """Switch on `lo` of our own, new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack(_IFREQ, b"lo", _IFF_UP))


def die_with_parent(signal_number: int) -> None:
    """Ask for *signal_number* when the parent *thread* ends. Lost when credentials change."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent died, so that their usage can be read."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def refuse_new_privileges() -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def own_proc_files() -> None:
    """After setuid `/proc/self` belongs to root until the process is dumpable again."""
    _prctl(_PR_SET_DUMPABLE, 1)


def _prctl(option: int, value: int) -> None:
    _check(_LIBC.prctl(option, value, 0, 0, 0), f"prctl({option})")


def _check(result: int, attempted: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{attempted}: {os.strerror(number)}")
