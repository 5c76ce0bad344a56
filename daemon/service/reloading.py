"""`systemctl reload`, as ExecReload= on a systemd without Type=notify-reload.

SIGHUP alone says nothing about when it has been heeded. The daemon counts the reloads it was asked
for in its health file, after the reconcile that began later; that number is what is waited for.
"""

import os
import signal
import time
from pathlib import Path

from daemon.health import read_health
from gitops.processes import is_alive

_LOOK_S = 0.05


class NotReloadedError(Exception):
    """The daemon ended before it had read everything anew."""


def reload(state: Path, pid: int) -> None:
    """Have the daemon *pid* read everything anew; return when it has.

    How long that may take is systemd's to say (TimeoutStartSec=).
    """
    before = _reloads(state, pid)
    try:
        os.kill(pid, signal.SIGHUP)
    except ProcessLookupError as error:
        raise NotReloadedError(f"there is no process {pid}") from error
    while _reloads(state, pid) <= before:
        if not is_alive(pid):
            raise NotReloadedError(f"process {pid} ended; `journalctl` tells why")
        time.sleep(_LOOK_S)


def _reloads(state: Path, pid: int) -> int:
    health = read_health(state) or {}
    found = health.get("reloads")
    return found if health.get("pid") == pid and isinstance(found, int) else 0
