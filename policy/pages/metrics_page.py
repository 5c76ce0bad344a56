"""METRICS.md: the figures of all closed missions, and of the last days."""

from policy.pages.glance import Glance
from policy.pages.markdown import plain, table
from policy.pages.metrics import rows


def metrics_page(now: Glance) -> str:
    book = now.book
    told = [tuple(map(plain, row)) for row in rows(book)]
    window = f"{book.span} days, {book.since} to {book.newest}" if book.newest else "last days"
    return "\n".join([
        *now.title("Metrics"),
        "Of closed missions, as pawl's docs/metrics.md defines; so does `pawl metrics --json`.",
        "",
        *table(("", "all", window), told, count=len(told), most=len(told), more=""),
        "",
    ])  # fmt: skip
