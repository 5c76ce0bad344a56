"""RESULTS.md of a mission: what was wanted, what happened, why it ended so, what to do next.

Generated from facts at closing, for every outcome. What a builder printed is quoted as its claim,
never as evidence.
"""

from policy.documents.summary import Summary, said
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission.facts import AttemptEnded, GatesJudged
from policy.mission.record import Recorded
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
    ended = [one.fact for one in records if isinstance(one.fact, AttemptEnded)]
    if not ended:
        return ["none"]
    return [
        f"- {fact.n}: {fact.ending.kind}, {fact.stat.files} files, {fact.stat.lines} lines, "
        f"{fact.usage.wall_s:.1f} s; the builder's own words: `{fact.output.path}`"
        for fact in ended
    ]


def _gates(records: tuple[Recorded, ...]) -> list[str]:
    judged = [one.fact for one in records if isinstance(one.fact, GatesJudged)]
    if not judged:
        return ["none ran"]
    return [line for record in judged[-1].records for line in _gate(record)]


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
