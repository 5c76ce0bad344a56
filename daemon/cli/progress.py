"""Progress while work runs: on a terminal a line that moves, else one plain line an event.

On stderr always: stdout is the command's answer.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.cli import output
from policy.ids import MissionId


class Progress:
    """What was told so far. *seen* are the missions it was about."""

    def __init__(self) -> None:
        self.seen: set[MissionId] = set()

    def say(self, mission: str, what: str) -> None:
        """Tell that *what* happens to *mission* (empty: to everything)."""
        if mission:
            self.seen.add(MissionId(mission))
        self.show(f"{mission or 'pawl':<12} {what}")

    def show(self, line: str) -> None:
        output.warn(line)


class Moving(Progress):
    """On a terminal: the newest event in a line with a spinner, those before it above."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console  # noqa: PLC0415  # only a terminal pays for it

        self._console = Console(stderr=True, highlight=False)
        self.status = self._console.status("starting")

    def show(self, line: str) -> None:
        shown = output.harmless(line)
        self._console.print(shown, markup=False)
        self.status.update(f"[dim]{shown.replace('[', chr(92) + '[')}[/dim]")


@contextmanager
def progress() -> Iterator[Progress]:
    """Show what is told for the time of the block."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    moving = Moving()
    with moving.status:
        yield moving
