"""Who asked for a mission's work: none of them may let it through (DESIGN 6).

The item may name somebody (`requested_by`), and whoever committed it asked for it in any case. What
they are called is their own claim, so it is compared generously: one too many only keeps somebody
from deciding.
"""

import re

_ADDRESS = re.compile(r"<([^<>]*)>")


def names_in(said: str) -> frozenset[str]:
    """Return who `Ada <ada@example.org>` may be: the whole, the name, the address; any case."""
    parts = (said, _ADDRESS.sub("", said), *_ADDRESS.findall(said))
    return frozenset(part.strip().casefold() for part in parts if part.strip())


def asked_for_it(principal: str, requesters: frozenset[str]) -> bool:
    return principal.casefold() in requesters
