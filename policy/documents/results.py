"""RESULTS.md of a mission: what was wanted, what happened, why it ended so, what to do next.

Generated from facts at closing, for every outcome. What a builder printed is quoted as its claim,
never as evidence.
"""

from policy.documents.summary import Summary, said
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission.attempts import AttemptEnded, AttemptStarted, NamedLevel
from policy.mission.facts import (
    Fact,
    GatesJudged,
    LandingStarted,
    RepairEnded,
    Reverted,
    RevertMissed,
    TargetJudged,
    TargetRan,
)
from policy.mission.persons import PersonAnswered, PersonAsked
from policy.mission.record import Recorded
from policy.mission.spending import NothingSpent, Told, Untold
from policy.people.trust import Mode

RESULTS = "RESULTS.md"
"""Its path in the dossier of a closed mission."""
HEADING = "<!-- generated from the mission's facts; do not edit -->"
UNSIGNED = "no person's signature was asked for"
_SHOWN = 20


def results_page(
    summary: Summary, contract: str, records: tuple[Recorded, ...], mode: Mode = "signed"
) -> str:
    """Return the page as Markdown. *contract* is the item's, as it was when the mission opened."""
    return "\n".join(
        [
            HEADING,
            f"# {summary.id}: {_line(summary.title)}",
            "",
            *([f"**mode {mode}: {UNSIGNED}**", ""] if mode == "unsigned-local" else []),
            f"**{_verdict(summary)}**",
            "",
            *_ending(summary),
            "",
            "## Wanted",
            "",
            *_quoted(contract),
            "",
            "## Attempts",
            "",
            *_attempts(records),
            "",
            "## Gates",
            "",
            *_gates(records),
            "",
            *_decided(records),
            *_landed(records),
            "## Next",
            "",
            _next(summary),
            "",
        ]
    )


def _verdict(summary: Summary) -> str:
    match summary.outcome:
        case "PASS":
            return f"PASS: {summary.reason}"
        case "BLOCKED" | "CANCELLED":
            return f"FAIL: {summary.outcome}, {summary.reason}"
        case "ESCALATION_REQUESTED" | "WAIVER_REQUESTED" | "APPROVAL_REQUESTED" | None:
            return f"PARTIAL: {summary.state}"


def _ending(summary: Summary) -> list[str]:
    rows = [f"- why: {_line(summary.why)}", f"- base: `{summary.base}`"]
    if summary.failure is not None:
        rows.append(f"- failure: {summary.failure} (origin: {summary.origin})")
    if summary.tree is not None:
        rows.append(f"- tree: `{summary.tree}`")
    if summary.landed is not None:
        rows.append(f"- landed: `{summary.landed}`")
    return rows


def _attempts(records: tuple[Recorded, ...]) -> list[str]:
    levels: dict[int, NamedLevel | None] = {}
    lines: list[str] = []
    for fact in (one.fact for one in records):
        if isinstance(fact, AttemptStarted):
            levels[fact.n] = fact.named
        if isinstance(fact, AttemptEnded):
            lines.append(
                f"- {fact.n}{_at(levels.get(fact.n))}: {fact.ending.kind}, {fact.stat.files} "
                f"files, {fact.stat.lines} lines, {fact.usage.wall_s:.1f} s{_told(fact)}; the "
                f"builder's own words: `{fact.output.path}`"
            )
    return lines or ["none"]


def _at(level: NamedLevel | None) -> str:
    if level is None:
        return ""
    more = [word for word in (level.model, level.variant) if word is not None]
    if level.skipped:
        more.append(f"without {', '.join(level.skipped)}: cloud_allowed is false")
    return f" at level {level.name} ({', '.join(more)})" if more else f" at level {level.name}"


def _told(fact: AttemptEnded) -> str:
    match fact.spent:
        case Told(tokens=tokens, cost=cost):
            return f", {tokens} tokens and {cost} hundredths as it told"
        case Untold(why=why):
            return f", tokens untold ({_line(why)})"
        case NothingSpent():
            return ""


def _gates(records: tuple[Recorded, ...]) -> list[str]:
    judged = [one.fact for one in records if isinstance(one.fact, GatesJudged)]
    if not judged:
        return ["none ran"]
    return [line for record in judged[-1].records for line in _gate(record)]


def _decided(records: tuple[Recorded, ...]) -> list[str]:
    """Tell what people were asked and what they said; nothing where nobody was needed."""
    lines = [line for one in records for line in _of_people(one.fact)]
    return ["## Decided by people", "", *lines, ""] if lines else []


def _of_people(fact: Fact) -> list[str]:
    if isinstance(fact, PersonAsked):
        return [f"- asked, {fact.outcome} (`{fact.request}`): {_line(fact.why)}"]
    if isinstance(fact, PersonAnswered):
        who = fact.principal or UNSIGNED
        own = ", who had asked for the work" if fact.own_request else ""
        what = " ".join((fact.answer, *fact.gates))
        return [f"- {what}: {who}{own}, in `{fact.commit}` (permission `{fact.permission}`)"]
    return []


def _landed(records: tuple[Recorded, ...]) -> list[str]:
    """Tell what happened after the landing; nothing where the word of its gates was adopted."""
    lines = [line for one in records for line in _afterwards(one.fact)]
    return ["## After landing", "", *lines, ""] if lines else []


def _afterwards(fact: Fact) -> list[str]:
    if isinstance(fact, TargetRan):
        head = f"- run {fact.run} at `{fact.commit}`:"
        return [head, *(f"  {line}" for record in fact.records for line in _gate(record))]
    if isinstance(fact, TargetJudged) and fact.source == "ran":
        alert = " **ALERT: pass and failure on one tree**" if fact.verdict == "flaky" else ""
        return [f"- judged {fact.verdict} at `{fact.commit}`{alert}"]
    if isinstance(fact, LandingStarted) and fact.repairs is not None:
        return [f"- mended by `{fact.landed}`"]
    if isinstance(fact, RepairEnded):
        return [f"- the attempt to mend it came to nothing: {_line(fact.why)}"]
    if isinstance(fact, Reverted):
        return [f"- reverted by `{fact.commit}`"]
    if isinstance(fact, RevertMissed):
        return [f"- not reverted: somebody had built on it: `{fact.found}`"]
    return []


def _gate(record: Record) -> list[str]:
    head = f"- {record.gate}: {said(record.verdict)}{_counted(record)}"
    match record.verdict:
        case Passed():
            return [head]
        case Failed(why=why) | Broken(why=why):
            named = [f"  - `{_line(test)}`" for test in record.new[:_SHOWN]]
            more = len(record.new) - _SHOWN
            return [
                f"{head}: {_line(why)}",
                *named,
                *([f"  - and {more} more"] if more > 0 else []),
            ]


def _counted(record: Record) -> str:
    counts = record.counts
    if not counts.ran:
        return ""
    return f" ({counts.passed} of {counts.ran} passed, {counts.skipped} skipped)"


def _next(summary: Summary) -> str:
    match summary.outcome:
        case "PASS":
            return "Nothing: the change is on the target."
        case "BLOCKED":
            return (
                "It runs again when what is asked for changes: edit the item, or raise its "
                f"`reopen` (`pawl retry {summary.item}`)."
            )
        case "CANCELLED":
            return "It stays cancelled until the item asks for something again."
        case "ESCALATION_REQUESTED" | "WAIVER_REQUESTED" | "APPROVAL_REQUESTED":
            return f"A person decides: `pawl explain {summary.item}`."
        case None:
            return "The daemon goes on by itself."


def _quoted(text: str) -> list[str]:
    return [f"> {line}" for line in text.strip().splitlines()] or ["> (no contract given)"]


def _line(text: str) -> str:
    """One line, so that a title or a test id cannot write headings of its own."""
    return " ".join(text.split())
