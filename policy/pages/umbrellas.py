"""UMBRELLAS.md: items too large to be run, and how far their parts have come.

A part is what an umbrella waits for (`blocked_by`, or `unblocks` in the part), and by name: H-12A
is a part of H-12.
"""

import re

from policy.backlog.outline import Outline
from policy.backlog.rank import natural
from policy.backlog.reasons import listed
from policy.backlog.skips import Surroundings
from policy.ids import ItemId
from policy.pages.glance import Glance
from policy.pages.markdown import code, plain, table

_PART = re.compile(r"(.*[0-9])[A-Za-z]+")


def umbrellas_page(now: Glance) -> str:
    around = now.around
    found = [
        one
        for one in around.items.values()
        if one.slice == "umbrella" and one.status in ("todo", "blocked")
    ]
    found.sort(key=lambda one: natural(one.id))
    parts = _parts(around, {one.item_id for one in found})
    return "\n".join([
        *now.title("Umbrellas"),
        "An umbrella is never run: it is split into items, and done by a person's commit when",
        "they are.",
        "",
        *table(
            ("umbrella", "title", "done", "left"),
            (_row(around, one, parts[one.item_id]) for one in found),
            count=len(found), most=now.most, more="`pawl explain` shows all",
        ),
        "",
    ])  # fmt: skip


def _parts(around: Surroundings, umbrellas: set[ItemId]) -> dict[ItemId, set[ItemId]]:
    parts = {name: {*around.waits.get(name, ())} for name in umbrellas}
    for name in around.items:
        whole = _PART.fullmatch(name)
        if whole is not None and ItemId(whole[1]) in umbrellas:
            parts[ItemId(whole[1])].add(name)
    return parts


def _row(around: Surroundings, one: Outline, parts: set[ItemId]) -> tuple[str, ...]:
    known = [around.items[name] for name in sorted(parts, key=natural) if name in around.items]
    left = [part.id for part in known if part.status not in ("done", "cancelled")]
    done = len([part for part in known if part.status == "done"])
    told = plain(listed(left)) if known else "not split yet"
    return code(one.id), plain(one.title), f"{done} of {len(known)}", told
