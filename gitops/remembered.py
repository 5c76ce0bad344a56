"""Trees that were read or written lately, by id: nobody can change what an id means.

Bounded, and for small trees only: large ones are the rare ones, and would make the bound a lie.
"""

Entries = dict[bytes, tuple[int, str]]
"""Name -> (mode, oid), in git's order."""
KEPT, LARGE = 128, 256
"""How many trees are kept, and of how many entries at most: some 8 MB if all are full."""


class Trees:
    """Belongs to one thread. What is given out is the caller's own."""

    def __init__(self) -> None:
        self._known: dict[str, Entries] = {}

    def get(self, oid: str) -> Entries | None:
        found = self._known.pop(oid, None)
        if found is None:
            return None
        self._known[oid] = found
        return dict(found)

    def put(self, oid: str, entries: Entries) -> None:
        """Remember *entries*, which nobody changes any more; the one used longest ago goes."""
        if len(entries) > LARGE:
            return
        self._known.pop(oid, None)
        if len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[oid] = entries

    def hand_over(self, to: "Trees") -> None:
        """Give all that is remembered to another, and forget it."""
        for oid, entries in self._known.items():
            to.put(oid, entries)
        self._known = {}
