"""A notice through apprise: chat, mail, telephone; which one, the address in the secret file says.

The address is a secret. apprise logs parts of addresses, so what it logs is heard for its reason,
of which everything that the address holds is struck out, and goes nowhere else.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from daemon.spared import hollow
from policy.notifying.notice import Notice
from policy.notifying.rules import Priority

with hollow("imghdr"):  # python warns of it, and apprise wants it for nothing it does
    import apprise
    import apprise.utils.pgp

_LOOKS: dict[Priority, apprise.NotifyType] = {
    "info": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "action": apprise.NotifyType.WARNING,
    "urgent": apprise.NotifyType.FAILURE,
}
_LOGGER = logging.getLogger("apprise")
_PART = re.compile(r"[^/?&=:@,;+%\s]{3,}")
"""What of an address may be a secret: whatever is long enough to be one."""


def tell(address: str, notice: Notice) -> str | None:
    """Send *notice* to *address*; return why it was not sent, None where it was."""
    asset = apprise.AppriseAsset(
        app_id="pawl",
        app_desc="pawl",
        app_url="",
        async_mode=False,
        secure_logging=True,
        plugin_paths=[],
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    service = apprise.Apprise(asset=asset)
    with _heard() as said:
        if not service.add(address):
            return "the address in its secret file is none that apprise knows"
        done = service.notify(
            title=f"{notice.repo}: {notice.title}",
            body=notice.text,
            notify_type=_LOOKS[notice.priority],
            body_format=apprise.NotifyFormat.TEXT,
        )
    return None if done else f"apprise: {_struck('; '.join(said), address) or 'it gave no reason'}"


def _struck(text: str, address: str) -> str:
    """Return *text* without anything that *address* holds, but the name of its service."""
    rest = address.partition("://")[2]
    parts = {*_PART.findall(rest), *_PART.findall(unquote(rest))}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


class _Listens(logging.Handler):
    """Keeps what this thread's own deed was told, and nothing of what others are."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    _LOGGER.propagate = False
    listens = _Listens()
    _LOGGER.addHandler(listens)
    try:
        yield listens.said
    finally:
        _LOGGER.removeHandler(listens)
