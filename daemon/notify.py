"""What systemd is told: READY, STATUS, WATCHDOG, RELOADING, STOPPING, over `$NOTIFY_SOCKET`.

Sent by the main loop only, so that a live helper thread cannot vouch for a dead loop (R24). Ten
lines over a datagram socket; no library is needed. Without the variable nothing is sent.
"""

import os
import socket
from collections.abc import Mapping

_BEATS = 2
"""Beats in the time after which systemd takes a service for hung: sd_watchdog_enabled(3)."""
_MICROSECONDS = 1_000_000


def beat_s(environ: Mapping[str, str]) -> float | None:
    """Return how often the supervisor wants to hear of us, in seconds; None: not at all."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not usec.isdecimal() or int(usec) == 0 or pid != str(os.getpid()):
        return None
    return int(usec) / _MICROSECONDS / _BEATS


_PATIENCE_S = 1.0
"""A supervisor that does not read, and whose queue is full, is not waited for: work goes on."""


class Notify:
    def __init__(self, address: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET") if address is None else address

    def beat(self) -> None:
        """Tell that the main loop gets on."""
        self.tell("WATCHDOG=1")

    def tell(self, *lines: str) -> None:
        """Send `READY=1`-like *lines*; an unreachable supervisor never stops the work."""
        if not self._address:
            return
        path = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.settimeout(_PATIENCE_S)
            try:
                link.sendto("\n".join(lines).encode(), path)
            except OSError:
                return
