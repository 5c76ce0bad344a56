"""The sandbox's /etc: a directory made once, holding what programs need and nothing secret.

A copy, not a mount of the host's: the host's /etc has keys, and what a program may read must not
change between the start of the daemon and a gate. Hundreds of links make it the dearest part of a
start, so a copy of what is still the same is kept.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from policy.canonical import digest

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
    """Write the sandbox's /etc into *directory*, with mount points for *mounts* inside /etc.

    What is there is kept if it was completed in this boot (a power loss may have torn it) and
    nothing of its sources has changed since.
    """
    stamp = directory.with_name(f"{directory.name}.made-of")
    sources = _sources(host, [mount for mount in mounts if mount.is_relative_to("/etc")])
    if directory.is_dir() and stamp.is_file() and stamp.read_text() == sources:
        return
    stamp.unlink(missing_ok=True)
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
    stamp.write_text(sources)


def _sources(host: Path, mounts: list[Path]) -> str:
    """Return the digest of all that the copy is made from, by kind, size, time and link."""
    rows = [[str(path), *_look(path)] for name in _COPIED for path in _below(host / name)]
    places = sorted([str(mount), str(mount.is_dir())] for mount in mounts)
    return digest([_BOOT.read_text(), _WRITTEN, sorted(rows), places])


_BOOT = Path("/proc/sys/kernel/random/boot_id")


def _below(path: Path) -> Iterator[Path]:
    if not os.path.lexists(path):
        return
    yield path
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            yield from _below(child)


def _look(path: Path) -> tuple[int, int, int, str]:
    """Return what tells a changed file; a link's file may change, the link is what is copied."""
    seen = path.lstat()
    link = str(path.readlink()) if path.is_symlink() else ""
    return seen.st_mode, seen.st_size, seen.st_mtime_ns, link


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
