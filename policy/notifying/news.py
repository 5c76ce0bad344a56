"""From what is so, and what was told, to what is new: pure, so that nothing is told twice.

A condition is told when it begins; its end only where that ends a freeze or a red target. What was
told is remembered under the condition's key: a restart, or a tick in which nothing changed, tells
nothing. An event (a mission closed) has no end, and is handed in once by whoever saw it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from policy import backoff
from policy.canonical import digest
from policy.ids import CommitId, MissionId
from policy.notifying.notice import Notice, plain
from policy.notifying.rules import Destination, Event, Requests, Rules
from policy.value import Value

_ENDS = {Event.FROZEN: Event.THAWED, Event.TARGET_RED: Event.TARGET_GREEN}
_WINDOW = timedelta(hours=1)
"""Of `per_hour`."""
_TITLE_CHARS = 120
"""What an item's title may have; it is one line everywhere."""


class Condition(Value):
    """Something that is so now. *key* is the same for as long as it is the same."""

    key: str
    event: Event
    mission: MissionId | None = None
    title: str
    why: str
    next: str = ""
    since: str
    """RFC 3339."""
    once: bool = False
    """Whether there is one such thing for ever: told again, it has the id it had. Else what ends
    and begins anew is another, which nobody who has seen the first may drop."""


class Happened(Value):
    """Something that is over already; told once. *key* names it for ever."""

    key: str
    event: Event
    mission: MissionId | None = None
    title: str
    why: str
    next: str = ""
    at: str


class Known(Value):
    """A condition that was told, or need not be."""

    event: Event
    since: str
    reminded: int = 0


class Told(Value):
    """What is remembered from one process to the next."""

    known: dict[str, Known] = Field(default_factory=dict)
    ledger: CommitId | None = None
    """Up to where closings were told of."""
    sent: dict[Destination, tuple[str, ...]] = Field(default_factory=dict)
    """When each of them was last sent something, newest last, within the hour."""
    omitted: dict[Destination, int] = Field(default_factory=dict)


class News(Value):
    notices: tuple[tuple[Destination, Notice], ...]
    told: Told


def news(
    told: Told,
    conditions: Iterable[Condition],
    happened: Iterable[Happened],
    rules: Rules,
    *,
    repo: str,
    now: str,
) -> News:
    """Return what is to be sent to whom, and what is remembered then."""
    there = {one.key: one for one in conditions}
    known = {key: one for key, one in told.known.items() if key in there}
    said: list[Happened] = list(happened)
    for key, one in there.items():
        before, due = known.get(key), _reminders(one, rules.requests, now)
        if before is None:
            said.append(_as(one, one.event, one.key if one.once else f"{one.key}:{one.since}"))
        elif due > before.reminded:
            said.append(_as(one, Event.REMINDER, f"{one.key}:{due}"))
        reminded = due if before is None else max(due, before.reminded)
        known[key] = Known(event=one.event, since=one.since, reminded=reminded)
    said += _ended(told, known, now)
    made = [_notice(one, rules, repo) for one in said]
    return _limited(told.model_copy(update={"known": known}), made, rules, repo, now)


def next_reminder(conditions: Iterable[Condition], requests: Requests, now: str) -> datetime | None:
    """Return when somebody is to be reminded next, if nothing changes before."""
    moments = [
        moment
        for one in conditions
        if one.event is Event.WAITING
        for moment in _moments(one.since, requests)
        if moment > datetime.fromisoformat(now)
    ]
    return min(moments, default=None)


def _reminders(one: Condition, requests: Requests, now: str) -> int:
    if one.event is not Event.WAITING:
        return 0
    here = datetime.fromisoformat(now)
    return sum(moment <= here for moment in _moments(one.since, requests))


def _moments(since: str, requests: Requests) -> list[datetime]:
    return [backoff.until(since, requests.remind_s, doubled=n) for n in range(requests.reminders)]


def _as(one: Condition, event: Event, key: str) -> Happened:
    return Happened(
        key=key,
        event=event,
        mission=one.mission,
        title=one.title,
        why=one.why,
        next=one.next,
        at=one.since,
    )


def _ended(told: Told, known: dict[str, Known], now: str) -> Iterable[Happened]:
    still = {one.event for one in known.values()}
    gone = [one for key, one in told.known.items() if key not in known]
    for began, ends in _ENDS.items():
        over = [one.since for one in gone if one.event is began]
        # one becomes the other where a target is mended, or cannot be: that is no end of either
        if over and not still & _ENDS.keys():
            since = min(over)
            title = "not frozen any more" if ends is Event.THAWED else "the target is green again"
            yield Happened(
                key=f"{ends}:{since}", event=ends, title=title, why=f"it was so since {since}",
                at=now,
            )  # fmt: skip


def _notice(one: Happened, rules: Rules, repo: str) -> Notice:
    most = rules.notices.text_chars
    return Notice(
        id=digest([repo, one.key])[:32],
        event=one.event,
        priority=rules.notices.priorities[one.event],
        repo=repo,
        mission=one.mission,
        title=plain(one.title, _TITLE_CHARS),
        why=plain(one.why, most),
        next=plain(one.next, most),
        at=one.at,
    )


def _limited(told: Told, made: list[Notice], rules: Rules, repo: str, now: str) -> News:
    """Leave out what is more than `per_hour` to somebody; say so once there is room again."""
    sent = {to: _within(moments, now) for to, moments in told.sent.items()}
    omitted = dict(told.omitted)
    rows: list[tuple[Destination, Notice]] = []
    for to in [to for to, count in omitted.items() if count]:
        if len(sent.get(to, ())) < rules.notices.per_hour:
            rows.append((to, _omission(omitted.pop(to), rules, repo, now)))
            sent[to] = (*sent.get(to, ()), now)
    for notice in made:
        for to in rules.told(notice.event):
            if len(sent.get(to, ())) < rules.notices.per_hour:
                rows.append((to, notice))
                sent[to] = (*sent.get(to, ()), now)
            else:
                omitted[to] = omitted.get(to, 0) + 1
    kept = {to: moments for to, moments in sent.items() if moments}
    return News(
        notices=tuple(rows), told=told.model_copy(update={"sent": kept, "omitted": omitted})
    )


def _within(moments: tuple[str, ...], now: str) -> tuple[str, ...]:
    """Return those of the last hour; a clock that was put back makes none of them last for ever."""
    here = datetime.fromisoformat(now)
    return tuple(
        moment for moment in moments if here - _WINDOW < datetime.fromisoformat(moment) <= here
    )


def _omission(count: int, rules: Rules, repo: str, now: str) -> Notice:
    limit = rules.notices.per_hour
    happened = Happened(
        key=f"{Event.OMITTED}:{now}",
        event=Event.OMITTED,
        title=f"at least {count} notices were not sent",
        why=f"there were more than {limit} within an hour (policy: notices.per_hour)",
        next="pawl status",
        at=now,
    )
    return _notice(happened, rules, repo)
