"""What a command prints: one JSON object, or lines; tables with rich on a terminal, plain else."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def say(*lines: str) -> None:
    """Print *lines*; what a terminal would act on (control characters) is made visible."""
    for line in lines:
        sys.stdout.write(f"{harmless(line)}\n")


def warn(*lines: str) -> None:
    """Print *lines* on stderr: what is not the answer."""
    for line in lines:
        sys.stderr.write(f"{harmless(line)}\n")


def dump(value: Mapping[str, Any]) -> None:
    """Print *value* as the one JSON object of a command."""
    sys.stdout.write(f"{json.dumps(value, indent=2)}\n")


def line(raw: bytes) -> None:
    """Print *raw*, one line of JSON, as it is."""
    sys.stdout.write(raw.decode() + "\n")
    sys.stdout.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print *rows* under *head*."""
    shown = [[harmless(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(head, shown)
        return
    widths = [max(map(len, column)) for column in zip(head, *shown, strict=True)]
    for row in (head, *shown):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _rich_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415  # only a terminal pays for it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    Console().print(made)


def harmless(text: str) -> str:
    """Return *text* with what a terminal would act on made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
