"""What is so after a reconcile, as conditions; and what was closed since closings were told of.

A condition's key holds nothing that changes while it lasts: no count, no age, no time.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from daemon.clock import rfc3339
from daemon.health import stale_deeds
from daemon.last_words import LAST
from daemon.mission.draft import Draft
from daemon.site import Site
from daemon.standing import Standing
from gitops import ledger
from gitops.ledger import BrokenDossierError
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.observe import follows
from policy.backlog.reasons import SkipReason, listed
from policy.canonical import digest
from policy.documents.summary import SUMMARY, Summary
from policy.ids import CommitId, MissionId
from policy.mission.actions import Rest
from policy.mission.persons import PersonAsked
from policy.mission.states import Waiting
from policy.notifying.news import Condition, Happened
from policy.notifying.rules import Event
from policy.people.verbs import verbs_for


def conditions(
    site: Site, standing: Standing, drafts: Iterable[Draft], began: datetime
) -> Iterator[Condition]:
    """Yield what people may have to be told of, as it is now; *began*: when this process did."""
    now = rfc3339(site.clock.now())
    yield from _waiting(standing, drafts, now)
    yield from _frozen(standing, now)
    yield from _stalled(site, standing, now, began)
    yield from _aborted(site.state)
    for mission, rest in standing.rests.items():
        yield from _held(standing, mission, rest, now)
    yield from _invalid(standing, now)


def _waiting(standing: Standing, drafts: Iterable[Draft], now: str) -> Iterator[Condition]:
    for draft in drafts:
        state, rest = draft.state, standing.rests.get(draft.mission)
        if not isinstance(state, Waiting) or rest is None or rest.reason != "waiting":
            continue
        asked = state.asked
        yield Condition(
            key=f"waiting:{draft.mission}:{asked.request}",
            event=Event.WAITING,
            mission=draft.mission,
            title=f"{draft.mission} waits for a person: {state.history.opened.title}",
            why=f"{asked.outcome.replace('_', ' ').lower()} ({asked.reason}): {asked.why}",
            next=_answers(draft.mission, asked),
            since=_asked_at(draft),
            once=True,
        )
        for denied in rest.denied:
            yield Condition(
                key=f"denied:{_short(denied)}",  # of all that wait, once
                event=Event.DENIED,
                mission=draft.mission,
                title=f"{draft.mission}: a decision does not count",
                why=denied,
                next="pawl inbox --why",
                since=now,
            )


def _answers(mission: MissionId, asked: PersonAsked) -> str:
    return " | ".join(f"pawl {verb} {mission}" for verb in verbs_for(asked.need))


def _asked_at(draft: Draft) -> str:
    return next(one.at for one in reversed(draft.records) if isinstance(one.fact, PersonAsked))


def _frozen(standing: Standing, now: str) -> Iterator[Condition]:
    for why in dict.fromkeys(standing.doubts):
        yield Condition(
            key=f"frozen:{_short(why)}",
            event=Event.FROZEN,
            title="frozen: nothing is opened, nothing lands",
            why=why,
            next="pawl doctor",
            since=now,
        )
    if standing.mending is not None:
        yield Condition(
            key="target_red",
            event=Event.TARGET_RED,
            title="the target is red, and is being seen to",
            why=standing.mending,
            next="pawl status",
            since=now,
        )


def _stalled(site: Site, standing: Standing, now: str, began: datetime) -> Iterator[Condition]:
    found = {"short": standing.short} if standing.short is not None else {}
    stale_s = site.outside.host.stale_s
    for key in stale_deeds(standing, site.clock.now(), stale_s):
        doing = standing.under_way.get(key, "what it does")
        found[f"stale:{key}"] = f"{key}: {doing} has taken longer than {stale_s} s (stale_s)"
    for rest in standing.rests.values():
        if rest.reason == "no_sandbox":
            found["sandbox"] = rest.why
    if _is_cut_off(site, standing, began):
        found["hub"] = standing.offline or "the hub is not reached"
    for what, why in found.items():
        yield Condition(
            key=f"stalled:{what}",
            event=Event.STALLED,
            title="this host needs its operator",
            why=why,
            next="pawl doctor",
            since=now,
        )


def _is_cut_off(site: Site, standing: Standing, began: datetime) -> bool:
    """Return whether the hub was not reached for so long that others take over what runs here."""
    remote, row = site.outside.host.remote, standing.hub
    if remote is None or row is None or standing.offline is None:
        return False
    reached = row.get("reached_at")
    last = datetime.fromisoformat(reached) if isinstance(reached, str) else began
    return (site.clock.now() - last).total_seconds() > remote.lease_s


def _aborted(state: Path) -> Iterator[Condition]:
    """Yield that a process before this one was ended because it did not get on."""
    path = state / LAST
    try:
        at = path.stat().st_mtime
    except OSError:
        return
    yield Condition(
        key=f"aborted:{at}",
        event=Event.STALLED,
        title="the daemon did not get on, was ended, and began anew",
        why=f"where each of its threads was is in {path}",
        next="pawl doctor",
        since=rfc3339(datetime.fromtimestamp(at, UTC)),
        once=True,
    )


def _held(standing: Standing, mission: MissionId, rest: Rest, now: str) -> Iterator[Condition]:
    match rest.reason:
        case "frozen" if rest.why not in standing.doubts:
            title = f"{mission} is frozen: its ledger cannot be believed"
        case "held" | "no_environment" | "item_unreadable":
            title = f"{mission} is held up: {rest.reason.replace('_', ' ')}"
        case _:  # time, another mission or a person's own word ends it, or it is told of above
            return
    yield Condition(
        key=f"held:{mission}:{rest.reason}",
        event=Event.HELD,
        mission=mission,
        title=title,
        why=rest.why,
        next=f"pawl explain {mission.partition('@')[0]}",
        since=now,
    )


def _invalid(standing: Standing, now: str) -> Iterator[Condition]:
    if standing.selection is None or not standing.invalid:
        return  # without going through a backlog of many items
    skipped = standing.selection.skipped
    bad = {item: skip.why for item, skip in skipped.items() if skip.reason is SkipReason.INVALID}
    yield Condition(
        key=f"invalid:{_short(' '.join(sorted(bad)))}",
        event=Event.INVALID,
        title=f"{len(bad)} of the backlog cannot be read: {listed(sorted(bad))}",
        why="; ".join(bad.values()),
        next="pawl explain",
        since=now,
    )


def _short(text: str) -> str:
    return digest(text)[:16]


def closings(site: Site, since: CommitId, tip: CommitId, most: int) -> Iterator[Happened]:
    """Yield the missions that this host closed between two tips of the ledger, at most *most*.

    Nothing where the ledger does not go on from *since*: it was put back, or begun anew.
    """
    if since == tip or not follows(site.store, tip, since):
        return
    for mission in islice(ledger.changed_between(site.store, since, tip), most):
        summary = _summary(site, mission, tip)
        if summary is not None:
            yield _closed(summary)


def _summary(site: Site, mission: MissionId, tip: CommitId) -> Summary | None:
    """Return what is told of a closed mission; None where it was another host's, or is unread."""
    try:
        page = ledger.read_closed(site.store, mission, trusted=site.trust.daemons, ledger=tip)
        if page is None or not page.records or page.records[-1].host != site.instance.host:
            return None
        content = ledger.read_closed_file(site.store, mission, SUMMARY, ledger=tip)
        return Summary.model_validate_json(content or b"")
    except (BrokenDossierError, MissingObjectError, DamagedObjectError, ValueError):
        return None  # whoever opens missions says so, and freezes


def _closed(summary: Summary) -> Happened:
    why = f"{summary.reason}: {summary.why}" if summary.reason else summary.why
    match summary.outcome:
        case "PASS":
            event, became = Event.LANDED, "landed"
        case "CANCELLED":
            event, became = Event.CANCELLED, "was cancelled"
        case _:  # a closed mission's outcome is one of three
            event, became = Event.BLOCKED, "is BLOCKED"
    return Happened(
        key=f"closed:{summary.id}",
        event=event,
        mission=summary.id,
        title=f"{summary.id} {became}: {summary.title}",
        why=why if summary.landed is None else f"{why} ({summary.landed})",
        next=f"pawl show {summary.id}",
        at=summary.at,
    )
