"""INBOX.md: what waits for a person, why, and what to type."""

from collections.abc import Iterator

from policy.documents.answers import answers
from policy.mission.states import Waiting
from policy.mission.world import Frozen
from policy.pages.glance import Glance
from policy.pages.markdown import code, plain


def inbox_page(now: Glance) -> str:
    lines = [*now.title("Inbox"), *_frozen(now), *_requests(now), *_unread(now), *_invalid(now)]
    return "\n".join([*lines, ""])


def _frozen(now: Glance) -> Iterator[str]:
    doubt = now.scene.integrity
    if isinstance(doubt, Frozen):
        yield from ("## Nothing opens or lands", "", plain(doubt.why, most=1000), "")


def _requests(now: Glance) -> Iterator[str]:
    yield from ("## Requests", "")
    if not now.waiting:
        yield from ("none", "")
    for one in now.waiting[: now.most]:
        yield from _request(one)
    if len(now.waiting) > now.most:
        yield from (f"and {len(now.waiting) - now.most} more: `pawl status` shows all", "")


def _request(one: Waiting) -> Iterator[str]:
    mission, asked = one.history.mission, one.asked
    yield f"### {mission}: {plain(one.history.opened.title)}"
    yield ""
    yield f"- asked: {asked.outcome} ({asked.reason})"
    yield f"- why: {plain(asked.why)}"
    request = code(f"git show refs/pawl/missions/{mission}:{asked.request}")
    yield f"- request: {request}; it says how to answer with git alone, too"
    for command, then in answers(mission, asked):
        yield f"- {code(command)}: {then}"
    yield ""


def _unread(now: Glance) -> Iterator[str]:
    if now.unread:
        yield from ("## Missions whose ledger cannot be believed", "")
        yield from (f"- {code(f'pawl show {one}')} says why" for one in sorted(now.unread))
        yield ""


def _invalid(now: Glance) -> Iterator[str]:
    bad = now.scene.backlog.bad
    if not bad:
        return
    yield from ("## Items that cannot be read", "")
    yield from (f"- {plain(str(one))}" for one in bad[: now.most])
    if len(bad) > now.most:
        yield f"- and {len(bad) - now.most} more: `pawl status` shows all"
    yield ""
