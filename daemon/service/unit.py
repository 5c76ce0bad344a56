"""What `pawl service install` writes for systemd: the shipped unit, and one drop-in an instance.

The unit is the same on every host. The drop-in holds what is not: the path of pawl, whose user it
runs as, where the repository lies, how long a stop takes. An operator's own settings belong into
a drop-in of theirs (`systemctl edit`), which ours does not touch.
"""

import hashlib
import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNITS = Path("/etc/systemd/system")
CONFIG = Path("/etc/pawl")
STATE = Path("/var/lib/pawl")
TEMPLATE = "pawl@.service"
DROP_IN = "50-pawl.conf"
_TEMPORARY = tuple(map(Path, ("/tmp", "/var/tmp")))  # noqa: S108  # named to be refused
_HOMES = tuple(map(Path, ("/home", "/root", "/run/user")))
_MARK = re.compile(r"\A# pawl ([0-9a-f]{64})[^\n]*\n")
_STEPS_SINCE = 254


@dataclass(frozen=True)
class Instance:
    """One repository as a service. *name* is its folder's below /etc/pawl, and the instance's."""

    name: str
    command: tuple[str, ...]
    """Absolute: how pawl is called."""
    user: str
    group: str | None
    """Of the people who push to the same repository; None: nobody else writes it."""
    writable: tuple[Path, ...]
    """The git directory and, where there is one, the checkout."""
    readable: tuple[Path, ...]
    """What else it needs to see: pawl's own folders, toolchains."""
    stop_s: int
    systemd: int
    """Its version."""

    @property
    def unit(self) -> str:
        return unit_of(self.name)

    @property
    def drop_in(self) -> Path:
        return folder_of(self.name) / DROP_IN


def unit_of(name: str) -> str:
    return f"pawl@{name}.service"


def folder_of(name: str) -> Path:
    """Return the folder of an instance's drop-ins; it is there while it is installed."""
    return UNITS / f"{unit_of(name)}.d"


def setting(name: str, key: str) -> str | None:
    """Return what the drop-in of an installed *name* says of *key*: installing again keeps it."""
    try:
        text = (folder_of(name) / DROP_IN).read_text("utf-8")
    except OSError:
        return None
    found = re.findall(rf"^{re.escape(key)}=(.+)$", text, re.MULTILINE)
    return found[-1] if found else None


def files(instance: Instance) -> dict[Path, str]:
    """Return what has to be there, each with our mark in its first line."""
    return {
        UNITS / TEMPLATE: _marked(shipped()),
        instance.drop_in: _marked("\n".join(_drop_in(instance)) + "\n"),
    }


def shipped() -> str:
    """Return the unit as it is shipped."""
    return (importlib.resources.files("daemon.service") / TEMPLATE).read_text("utf-8")


def is_untouched(content: str) -> bool:
    """Tell whether *content* is what some pawl wrote, byte for byte."""
    mark = _MARK.match(content)
    return mark is not None and mark[1] == _sum(content[mark.end() :])


def _marked(text: str) -> str:
    how = "written by `pawl service install`; put changes into `systemctl edit`"
    return f"# pawl {_sum(text)} {how}\n{text}"


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _drop_in(instance: Instance) -> Iterator[str]:
    command = " ".join(_word(word) for word in instance.command)
    yield "[Unit]"
    for path in instance.writable:
        yield f"RequiresMountsFor={_path(path)}"
    if instance.systemd >= _STEPS_SINCE:
        yield "StartLimitIntervalSec=30min"
    yield "[Service]"
    yield "ExecStart="
    yield f"ExecStart={command} run --name %i"
    yield "ExecReload="
    yield f"ExecReload={command} service reload %i --pid $MAINPID"
    yield f"User={instance.user}"
    yield f"Group={instance.user}"
    if instance.group is not None:
        yield f"SupplementaryGroups={instance.group}"
    yield f"TimeoutStopSec={instance.stop_s + _TO_RECORD_S}s"
    for path in instance.writable:
        yield f"ReadWritePaths={_path(path)}"
    if any(_is_below_a_home(path) for path in (*instance.writable, *instance.readable)):
        yield "ProtectHome=read-only"
    if instance.systemd >= _STEPS_SINCE:
        yield "RestartSteps=6"
        yield "RestartMaxDelaySec=2min"


_TO_RECORD_S = 60
"""After everything was stopped: to take the last snapshots and to write the last steps."""


def unseen(instance: Instance) -> tuple[Path, ...]:
    """Return what the service needs and does not see: PrivateTmp= gives it a /tmp of its own."""
    needed = (*instance.writable, *instance.readable)
    return tuple(dict.fromkeys(path for path in needed if _is_temporary(path)))


def _is_temporary(path: Path) -> bool:
    return any(at.is_relative_to(tmp) for tmp in _TEMPORARY for at in (path, path.resolve()))


def _is_below_a_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)


def _word(text: str) -> str:
    """Return one word of a command line, systemd.service(5): quotes, `%` and `$` escaped."""
    return _path(text).replace("$", "$$")


def _path(path: Path | str) -> str:
    plain = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if re.search(r"[\s\"'\\;]", plain) else plain
