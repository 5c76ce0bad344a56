"""Who asked for a mission's work: whom the item names, and who committed it as it was opened."""

from collections.abc import Iterable

from gitops.people.wished import Wished
from policy.backlog.item import BacklogItem
from policy.people.approvers import Approver
from policy.people.requesters import names_in


def requesters(by: Wished, item: BacklogItem, approvers: Iterable[Approver]) -> frozenset[str]:
    """Return all they may be called; who signed the item is told by whose key it is."""
    named = () if item.requested_by is None else (item.requested_by,)
    keys = (one.principal for one in approvers if one.key == by.key)
    return frozenset(name for one in (*named, *by.addresses, *keys) for name in names_in(one))
