"""The sandbox's /etc: a directory made once, holding what programs need and nothing secret.

A copy, not a mount of the host's: the host's /etc has keys, and what a program may read must not
change between the start of the daemon and a gate.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

_WRITTEN = {
    "passwd": "nobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    "group": "nogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost mission\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
    "resolv.conf": "",
    "hostname": "mission\n",
}
_COPIED = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone",
    "ssl/certs", "ssl/openssl.cnf", "ca-certificates.conf", "mime.types", "services", "protocols",
    "debian_version", "os-release", "terminfo", "magic", "login.defs", "shells",
)  # fmt: skip
"""Of the host's /etc, where they exist. Symbolic links are copied as links."""


def make(directory: Path, mounts: Iterable[Path], host: Path = Path("/etc")) -> None:
    """Write the sandbox's /etc into *directory*, with mount points for *mounts* inside /etc."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o755, parents=True)
    for name, content in _WRITTEN.items():
        (directory / name).write_text(content)
    for name in _COPIED:
        _copy(host / name, directory / name)
    for mount in mounts:
        if mount.is_relative_to("/etc"):
            _mount_point(directory / mount.relative_to("/etc"), is_directory=mount.is_dir())
    _readable(directory)


def _copy(source: Path, target: Path) -> None:
    if not os.path.lexists(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, ignore=_private, dirs_exist_ok=True)
    elif source.is_symlink() or _is_public(source):
        shutil.copy2(source, target, follow_symlinks=False)


def _private(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if not _is_public(Path(directory, name))]


def _is_public(path: Path) -> bool:
    """Readable by everybody on the host: then it is no secret of the host."""
    return path.is_symlink() or bool(path.stat().st_mode & 0o004)


def _mount_point(target: Path, *, is_directory: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_directory:
        target.mkdir(exist_ok=True)
    else:
        target.touch()


def _readable(directory: Path) -> None:
    """Whatever the daemon's umask: the builder is another user."""
    for folder, _, names in os.walk(directory):
        os.chmod(folder, 0o755)  # noqa: PTH101, S103  (holds nothing private)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o644)
