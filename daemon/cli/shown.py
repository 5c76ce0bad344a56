"""A request as it is shown on a terminal: what is asked, why, and what a decision is about.

The request's own file has all of it; here a list is cut, and says so.
"""

from collections.abc import Iterator, Mapping

from daemon.cli.asked import Asking
from policy.strictyaml import Plain

_PATHS = 20
_HEAD = ("title", "why", "reason", "base", "candidate", "change", "product", "command")
_LISTS = ("links", "modes", "protected", "binary")


def told(one: Asking, page: Mapping[str, Plain]) -> Iterator[str]:
    """Yield the lines that tell what *one* asks; *page* is the request as it was written."""
    yield f"{one.known.mission} asks, request {one.number}: {one.asked.outcome}"
    for key in _HEAD:
        if page.get(key):
            yield f"  {key:<10} {page[key]}"
    yield from _stat(page.get("stat"))
    gates = page.get("gates")
    if isinstance(gates, dict) and gates:
        yield f"  gates      {', '.join(f'{name}: {said}' for name, said in gates.items())}"
    for failing in _maps(page.get("failing")):
        yield f"  {failing.get('said')}     {failing.get('gate')}: {failing.get('why')}"
        yield from (f"             {test}" for test in _listed(failing.get("tests")))
    for key in _LISTS:
        yield from (f"  LOOK       {key}: {path}" for path in _listed(page.get(key)))
    yield from _paths(page)
    yield f"  all of it  git show {one.known.page.tip}:{one.asked.request}"


def _stat(stat: Plain) -> Iterator[str]:
    if isinstance(stat, dict):
        yield f"  changes    {', '.join(f'{count} {what}' for what, count in stat.items())}"


def _paths(page: Mapping[str, Plain]) -> Iterator[str]:
    rows = _maps(page.get("paths"))
    for row in rows[:_PATHS]:
        yield f"  path       {row.get('path')}  {row.get('from')} -> {row.get('to')}"
    total = page.get("paths_total")
    if isinstance(total, int) and total > min(len(rows), _PATHS):
        yield f"  path       and {total - min(len(rows), _PATHS)} more: {page.get('command')}"


def _listed(value: Plain) -> list[str]:
    """Return the entries of a list that may have been cut, and how many more there are."""
    listed = value.get("listed") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(listed, list):
        return []
    total = value.get("total")
    more = total - len(listed) if isinstance(total, int) else 0
    return [*map(str, listed), *([f"and {more} more"] if more > 0 else [])]


def _maps(value: Plain) -> list[dict[str, Plain]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
