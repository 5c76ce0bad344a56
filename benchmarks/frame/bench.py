"""What a measurement is handed: a place on the disk to measure, and how long it may take."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Effort = Literal["full", "quick", "smallest"]
"""full: what is recorded. quick: a fast look. smallest: only shows that it runs."""


@dataclass(frozen=True)
class Bench:
    """*disk* is a directory on the disk that is measured; *cache* keeps the peers installed."""

    disk: Path
    cache: Path
    effort: Effort

    def pick(self, *, full: int, quick: int, smallest: int) -> int:
        """Return the number for this run's effort."""
        return {"full": full, "quick": quick, "smallest": smallest}[self.effort]

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """Yield a new directory on the disk, gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.disk, prefix=f"{name}-") as place:
            yield Path(place).resolve()
