"""The command `service status`: what systemd says of a service, joined with what pawl says.

systemd knows that a process is there and feeds its watchdog; whether it does its work only the
health file tells (R24). Good is only what both call good.
"""

from dataclasses import dataclass
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError, worst
from daemon.health import HEALTH, read_health
from daemon.service import removing, systemctl, unit

_ASKED = (
    "LoadState", "ActiveState", "SubState", "Result", "MainPID", "NRestarts", "StatusText",
    "ExecMainStatus", "UnitFileState", "ActiveEnterTimestamp", "MemoryCurrent", "TasksCurrent",
    "NeedDaemonReload",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    name: str
    systemd: dict[str, str]
    health: dict[str, object] | None
    doubts: tuple[str, ...]
    """What is wrong, each with what to do; none: all is well."""

    @property
    def code(self) -> Exit:
        return Exit.ENVIRONMENT if self.doubts else Exit.OK

    def as_object(self) -> dict[str, object]:
        return {
            "name": self.name,
            "unit": unit.unit_of(self.name),
            "health": "red" if self.doubts else "green",
            "doubts": list(self.doubts),
            "systemd": self.systemd,
            "pawl": self.health,
        }


def status(name: str | None, *, as_json: bool) -> Exit:
    """Tell how *name* is; without a name, all services there are."""
    names = removing.installed()
    if name is not None and name not in names:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="look at",
            on=f"the service {name!r}",
            why="it is not installed",
            then=f"Installed: {', '.join(names) or 'none'}. `pawl service install` adds one.",
        )
    found = [look(one) for one in ([name] if name is not None else names)]
    if as_json:
        output.dump({"schema": 1, "services": [one.as_object() for one in found]})
    elif not found:
        output.say("no service is installed; `pawl service install` in a repository adds one")
    for one in found if not as_json else ():
        _tell(one)
    return worst(one.code for one in found)


def look(name: str) -> Found:
    """Return what systemd and pawl say of *name*."""
    systemd = systemctl.show(unit.unit_of(name), *_ASKED) if systemctl.is_booted() else {}
    state = unit.STATE / name
    health = read_health(state)
    return Found(name, systemd, health, tuple(_doubts(name, systemd, health, state)))


def _doubts(
    name: str, systemd: dict[str, str], health: dict[str, object] | None, state: Path
) -> list[str]:
    if not systemd:
        return ["systemd does not run this host"]
    active, log = systemd.get("ActiveState", "?"), f"journalctl -u {unit.unit_of(name)} -n 20"
    if active not in {"active", "reloading"}:
        why = f"{active} ({systemd.get('Result')}, exit {systemd.get('ExecMainStatus')})"
        return [f"it is {why}: {log}, then systemctl restart {unit.unit_of(name)}"]
    doubts = []
    if systemd.get("NeedDaemonReload") == "yes":
        doubts.append("its unit was changed: systemctl daemon-reload, then restart it")
    if health is None:
        return [*doubts, _unread(state)]
    if str(health.get("pid")) != systemd.get("MainPID"):
        return [*doubts, "it has not looked at the repository yet"]
    frozen, stale = health.get("frozen"), health.get("stale")
    doubts += [f"frozen: {why}" for why in (frozen if isinstance(frozen, list) else [])]
    doubts += [str(short)] if (short := health.get("short")) else []
    doubts += [f"{one} gets nowhere: {log}" for one in (stale if isinstance(stale, list) else [])]
    if health.get("health") != "green" and not doubts:
        doubts.append("its health is red: `pawl status` in the repository tells why")
    return doubts


def _unread(state: Path) -> str:
    try:
        (state / HEALTH).stat()
    except PermissionError:
        return f"{state} cannot be read by you; ask as root"
    except OSError:
        return "it has not looked at the repository yet"
    return f"{state / HEALTH} cannot be read; ask as root"


def _tell(found: Found) -> None:
    said = found.systemd
    state = f"{said.get('ActiveState', '?')} ({said.get('SubState', '?')})"
    output.say(f"{unit.unit_of(found.name)}: {state}, health {found.as_object()['health']}")
    output.say(
        f"  since     {said.get('ActiveEnterTimestamp') or '-'}, pid {said.get('MainPID')}, "
        f"{said.get('NRestarts')} restarts, {said.get('UnitFileState')}"
    )
    if said.get("StatusText"):
        output.say(f"  says      {said['StatusText']}")
    if found.health:
        output.say(f"  looked at {found.health.get('at')}")
    output.say(*(f"  BAD       {doubt}" for doubt in found.doubts))
