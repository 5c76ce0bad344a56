"""The system call filter of every sandbox, as BPF bytes.

Compared values are masked to 32 bits: the kernel takes `int` arguments, so an unmasked equality is
walked around by setting a high bit. 32-bit and x32 calls kill the caller (libseccomp's default).

AF_UNIX stays open: no socket of the host is mounted and abstract names belong to the network
namespace; real projects' tests need socketpairs and multiprocessing. AF_NETLINK stays open for
routing only (getaddrinfo, getifaddrs); its other protocols are kernel surface without a use here.
pidfd_getfd would hand bwrap's own descriptors, and with them a forged exit code, to the builder.
"""

import errno
import os
from collections.abc import Iterable

AF_ALLOWED = frozenset({0, 1, 2, 10, 16})
"""unspec, unix, inet, inet6, netlink (see above)."""

DENIED = """
mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
setns unshare ptrace pidfd_getfd process_vm_readv process_vm_writev kcmp bpf perf_event_open
userfaultfd keyctl add_key request_key
kexec_load kexec_file_load init_module finit_module delete_module
fanotify_init open_by_handle_at lookup_dcookie quotactl swapon swapoff acct reboot syslog
settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname vhangup iopl ioperm
""".split()  # noqa: SIM905  (a table of names reads better so)

ABSENT = "clone3 io_uring_setup io_uring_enter io_uring_register".split()  # noqa: SIM905
"""Answered ENOSYS, so that callers fall back to what can be filtered or is harmless."""

NAMESPACES = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""

TIOCSTI, TIOCLINUX = 0x5412, 0x541C
_FAMILIES, _NETLINK, _NETLINK_PROTOCOLS = 64, 16, 32
_WORD = 0xFFFFFFFF


def program() -> bytes:
    """Compile the filter. Raises `ImportError`/`OSError` where libseccomp is missing."""
    import pyseccomp as sc  # noqa: PLC0415  (looks for libseccomp when imported: 50 ms)

    built = sc.SyscallFilter(sc.ALLOW)
    refused, absent = sc.ERRNO(errno.EPERM), sc.ERRNO(errno.ENOSYS)
    for name in DENIED:
        built.add_rule(refused, name)
    for name in ABSENT:
        built.add_rule(absent, name)
    for flag in NAMESPACES[1:]:  # 0x80 means an exit signal in clone(2); only unshare knows it
        built.add_rule(refused, "clone", sc.Arg(0, sc.MASKED_EQ, flag, flag))
    for request in (TIOCSTI, TIOCLINUX):
        built.add_rule(refused, "ioctl", sc.Arg(1, sc.MASKED_EQ, _WORD, request))
    for family in _refused_families():
        for call in ("socket", "socketpair"):
            built.add_rule(refused, call, sc.Arg(0, sc.MASKED_EQ, _WORD, family))
    for protocol in range(1, _NETLINK_PROTOCOLS):
        built.add_rule(
            refused,
            "socket",
            sc.Arg(0, sc.MASKED_EQ, _WORD, _NETLINK),
            sc.Arg(2, sc.MASKED_EQ, _WORD, protocol),
        )
    return _exported(built)


def _refused_families() -> Iterable[int]:
    """Name those below 64: the kernel refuses larger numbers itself."""
    return (family for family in range(_FAMILIES) if family not in AF_ALLOWED)


def _exported(built: object) -> bytes:
    fd = os.memfd_create("seccomp")
    with os.fdopen(fd, "r+b") as file:
        built.export_bpf(file)  # type: ignore[attr-defined]  # pyseccomp has no types
        file.seek(0)
        return file.read()
