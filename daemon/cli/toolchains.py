"""What a project's tests will need that is not in `/usr`: found once, by `init`, and printed.

Only files are looked at, nothing is run. A virtual environment alone is not enough: its python is
a link, so every folder that link passes through is part of the toolchain.
"""

import os
import pwd
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from daemon.sandbox.bwrap import WORK_TREE as MISSION

WORK_TREE = PurePosixPath(MISSION)


@dataclass(frozen=True)
class Toolchain:
    """Folders to mount, what to put in front of PATH, what to set."""

    name: str
    mounts: tuple[Path, ...]
    path: tuple[Path, ...]
    env: tuple[tuple[str, str], ...] = ()


def detect(checkout: Path, environ: Mapping[str, str]) -> tuple[Toolchain, ...]:
    """Return the toolchains of a project, the most specific first."""
    found = [*_venvs(checkout, environ), *_node(environ), *_pyenv(checkout, environ)]
    return tuple(dict.fromkeys(found))


def mounts_of(toolchains: tuple[Toolchain, ...]) -> tuple[Path, ...]:
    """Return each folder once, without those that lie inside another."""
    wanted = sorted({mount for toolchain in toolchains for mount in toolchain.mounts})
    return tuple(
        mount
        for mount in wanted
        if not any(other != mount and mount.is_relative_to(other) for other in wanted)
    )


def _venvs(checkout: Path, environ: Mapping[str, str]) -> Iterator[Toolchain]:
    folders = [checkout / ".venv", checkout / "venv"]
    active = environ.get("VIRTUAL_ENV", "")
    # The environment pawl itself runs in is not the project's, unless it lies in the project.
    if active and Path(active).resolve() != Path(sys.prefix).resolve():
        folders.append(Path(active).absolute())
    for folder in dict.fromkeys(folders):
        python = folder / "bin" / "python"
        if _is_there(folder / "pyvenv.cfg") and os.path.lexists(python):
            yield Toolchain(
                name=f"virtual environment {folder}",
                mounts=_once(folder, *_installations(python, _home(environ))),
                path=(folder / "bin",),
                env=(("VIRTUAL_ENV", str(folder)), *_python_path(checkout, folder)),
            )


def _python_path(checkout: Path, venv: Path) -> Iterator[tuple[str, str]]:
    """Yield what stands for the checkout where it is installed editable (`pip install -e`).

    No sandbox sees the checkout; the tree that is judged is in its place, so its folders are.
    """
    found = tuple(dict.fromkeys(_editable(checkout.resolve(), venv)))
    if found:
        yield "PYTHONPATH", ":".join(found)


def _editable(checkout: Path, venv: Path) -> Iterator[str]:
    for file in sorted(venv.glob("lib/python*/site-packages/*.pth")):
        try:
            lines = file.read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            folder = Path(line)
            if folder.is_absolute() and folder.resolve().is_relative_to(checkout):
                yield str(WORK_TREE / folder.resolve().relative_to(checkout))


def _node(environ: Mapping[str, str]) -> Iterator[Toolchain]:
    node = shutil.which("node", path=environ.get("PATH"))
    if node is None:
        return
    mounts = _once(*_installations(Path(node).absolute(), _home(environ)))
    if mounts:
        yield Toolchain(f"node {node}", mounts, (Path(node).absolute().parent,))


def _pyenv(checkout: Path, environ: Mapping[str, str]) -> Iterator[Toolchain]:
    root = Path(environ.get("PYENV_ROOT") or _home(environ) / ".pyenv")
    for version in _pyenv_versions(checkout, root, environ):
        folder = root / "versions" / version
        if _is_there(folder / "bin" / "python3"):
            yield Toolchain(f"pyenv {version}", _once(folder, folder.resolve()), (folder / "bin",))
            return


def _pyenv_versions(checkout: Path, root: Path, environ: Mapping[str, str]) -> Iterator[str]:
    yield from environ.get("PYENV_VERSION", "").split(":")
    for file in (checkout / ".python-version", root / "version"):
        try:
            yield from file.read_text().split()
        except (OSError, UnicodeDecodeError):
            continue


def _is_there(path: Path) -> bool:
    """Tell whether *path* can be seen; what is in a folder closed to us is no toolchain.

    `su` and `sudo -E` keep PYENV_ROOT and VIRTUAL_ENV of whoever called them.
    """
    try:
        return path.exists()
    except OSError:
        return False


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def _once(*paths: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def _installations(program: Path, home: Path) -> Iterator[Path]:
    """Yield what must be mounted for *program*: where it and each link on its way are installed.

    `~/.local/bin` and the like hold much that is nobody's toolchain: of those only the one file.
    """
    for hop in _hops(program):
        prefix = hop.parent.parent
        if hop.is_relative_to("/usr") or prefix == Path("/"):
            continue
        shared = home.is_relative_to(prefix) or prefix == home / ".local"
        yield hop if shared or hop.parent.name != "bin" else prefix


def _hops(program: Path) -> Iterator[Path]:
    hop = program
    for _ in range(_LINKS):
        yield hop
        try:
            hop = Path(os.path.normpath(hop.parent / hop.readlink()))
        except OSError:  # no link, or in a folder closed to us
            yield Path(os.path.realpath(program))
            return


_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""
