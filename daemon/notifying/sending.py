"""One notice to one destination, whatever that is. Called in a thread of its own; never raises."""

from dataclasses import dataclass
from pathlib import Path

from daemon.notifying.secret import SecretError, read_secret
from policy.notifying.destinations import Apprise, Destination, Webhook
from policy.notifying.notice import Notice, plain

_WHY_CHARS = 300


@dataclass(frozen=True)
class Sent:
    """The other side said that it has it."""


@dataclass(frozen=True)
class NotSent:
    """*why* holds nothing of a secret or of an address that is one."""

    why: str


def send(
    destination: Destination, notice: Notice, *, timeout_s: float, credentials: Path | None
) -> Sent | NotSent:
    """Send *notice*; *credentials* is where systemd put the unit's secrets."""
    try:
        why = _send(destination, notice, timeout_s, credentials)
    except SecretError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and work goes on
        why = f"{type(error).__name__} while it was sent"  # its words may hold the address
    return Sent() if why is None else NotSent(plain(why, _WHY_CHARS))


def _send(
    destination: Destination, notice: Notice, timeout_s: float, credentials: Path | None
) -> str | None:
    """Return why it was not sent; both libraries are loaded by who needs them only."""
    secret = read_secret(Path(destination.secret_file), credentials)
    match destination:
        case Webhook(webhook=url):
            from daemon.notifying import webhook  # noqa: PLC0415  # above

            return webhook.post(url, secret, notice, timeout_s)
        case Apprise():
            from daemon.notifying import service  # noqa: PLC0415  # above

            return service.tell(secret, notice)
