"""Uninstalling: the unit goes; configuration, key and state stay, unless a person says purge."""

import shutil
from pathlib import Path

from daemon.service import systemctl, unit


def installed() -> tuple[str, ...]:
    """Return the names of the services there are."""
    found = unit.UNITS.glob("pawl@*.service.d")
    names = (path.name.removeprefix("pawl@").removesuffix(".service.d") for path in found)
    return tuple(sorted(name for name in names if (unit.folder_of(name) / unit.DROP_IN).exists()))


def leftovers(name: str, *, purge: bool) -> tuple[Path, ...]:
    """Return what removing *name* deletes, in this order."""
    own = [unit.folder_of(name) / unit.DROP_IN]
    if not set(installed()) - {name}:
        own.append(unit.UNITS / unit.TEMPLATE)
    if purge:
        own += [unit.STATE / name, unit.CONFIG / name]
    return tuple(path for path in own if path.exists())


def remove(name: str, *, purge: bool) -> tuple[Path, ...]:
    """Stop, disable and forget *name*; return what was deleted. Repeatable."""
    paths = leftovers(name, purge=purge)
    if unit.folder_of(name).exists():
        systemctl.tell("disable", "--now", unit.unit_of(name))
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder = unit.folder_of(name)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    systemctl.tell("daemon-reload")
    return paths
