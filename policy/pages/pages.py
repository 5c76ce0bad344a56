"""Every generated page, by its name at the top of the ledger's tree."""

from collections.abc import Callable, Iterable

from policy.pages.blocked import blocked_page
from policy.pages.glance import Glance
from policy.pages.handoff import handoff_page
from policy.pages.inbox import inbox_page
from policy.pages.markdown import HEADING
from policy.pages.metrics_page import metrics_page
from policy.pages.queue import queue_page
from policy.pages.umbrellas import umbrellas_page

_PAGES: dict[str, Callable[[Glance], str]] = {
    "BLOCKED.md": blocked_page,
    "HANDOFF.md": handoff_page,
    "INBOX.md": inbox_page,
    "METRICS.md": metrics_page,
    "QUEUE.md": queue_page,
    "UMBRELLAS.md": umbrellas_page,
}


_OFF = f"""{HEADING}
Not written any more (`pages.written` in `.pawl/policy.yaml`); `pawl status`, `inbox`, `explain` and
`metrics` tell the same.
"""


def off_pages(there: Iterable[str]) -> dict[str, bytes]:
    """Return what those pages say that are *there* from when they were written."""
    return {name: _OFF.encode() for name in there if name in _PAGES}


def pages_of(now: Glance) -> dict[str, bytes]:
    """Return each page's text (UTF-8) by its name."""
    return {name: page(now).encode() for name, page in _PAGES.items()}
