"""When a decision that a mission rests on is over next: the loop is woken then.

A hint and nothing else: whether it holds is asked anew in each turn, by trusted time.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from gitops.objects import DamagedObjectError, MissingObjectError, read_blob
from gitops.repository import Store
from policy.ids import BlobId
from policy.mission.states import Mission
from policy.people.permission import instant
from policy.strictyaml import Document, load

_KEPT = 256  # permissions whose time is not read again


def next_expiry(store: Store, missions: Iterable[Mission], now: datetime) -> datetime | None:
    """Return the next moment after *now* at which a decision of *missions* is over."""
    blobs = {one.answered.permission for each in missions for one in each.history.decisions}
    moments = (_expiry(store, blob) for blob in blobs)
    return min((one for one in moments if one is not None and one > now), default=None)


def _expiry(store: Store, blob: BlobId) -> datetime | None:
    try:
        return _said(read_blob(store, blob))
    except (MissingObjectError, DamagedObjectError):
        return None


@lru_cache(maxsize=_KEPT)
def _said(content: bytes) -> datetime | None:
    document = load(content)
    row = document.value if isinstance(document, Document) else None
    said = row.get("expires") if isinstance(row, dict) else None
    try:
        return instant(said) if isinstance(said, str) else None
    except ValueError:
        return None
