"""What is told: one event, why, and what to do next, in text that nothing can act on."""

import unicodedata

from policy.ids import MissionId
from policy.notifying.rules import Event, Priority
from policy.value import Value

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_CUT = " ..."


class Notice(Value):
    """*id* stays the same however often it is sent: whoever receives it may drop the second."""

    id: str
    event: Event
    priority: Priority
    repo: str
    mission: MissionId | None
    title: str
    why: str
    next: str
    """The command, or what else is to be done; empty where nothing is."""
    at: str
    """Since when it is so (RFC 3339)."""

    @property
    def text(self) -> str:
        """Return the message as people read it, below its title."""
        return f"{self.why}\n\nnext: {self.next}" if self.next else self.why


def plain(text: str, most: int) -> str:
    """Return *text* in one line, without what cannot be seen or turns text around, cut at *most*.

    Titles, reasons and test names are anybody's, builders' among them.
    """
    seen = (" " if unicodedata.category(letter) in _UNSEEN else letter for letter in text)
    line = " ".join("".join(seen).split())
    return line if len(line) <= most else f"{line[: most - len(_CUT)]}{_CUT}"
