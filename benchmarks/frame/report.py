"""What is printed of a run, and the same as one JSON object."""

from dataclasses import dataclass

from benchmarks.frame.goal import CannotRun, Goal, Measured, verdict


@dataclass(frozen=True)
class Outcome:
    """A goal as measured; *seconds* is how long measuring took, set-up included."""

    goal: Goal
    result: Measured | CannotRun
    seconds: float


def told(outcome: Outcome) -> str:
    """Return a goal's paragraph: verdict, each number against its target, what it was made of."""
    goal = outcome.goal
    head = f"{goal.ident:4}{verdict(outcome.result).upper():16}{goal.words}"
    match outcome.result:
        case CannotRun(why=why):
            return f"{head}\n      !! {why}"
        case Measured(lines=lines, notes=notes):
            rows = [
                f"      {'ok ' if one.met else 'NO '} {one.value:.4g} {one.target.unit} "
                f"(target {one.target}): {one.words}\n          {one.detail}"
                for one in lines
            ]
            return "\n".join([head, *rows, *(f"      note: {note}" for note in notes)])


def summary(outcomes: list[Outcome]) -> str:
    """Return the verdicts, a line a goal, and how many there are of each."""
    rows = [f"{one.goal.ident:4}{verdict(one.result):16}{_numbers(one)}" for one in outcomes]
    counts: dict[str, int] = {}
    for one in outcomes:
        counts[verdict(one.result)] = counts.get(verdict(one.result), 0) + 1
    return "\n".join([*rows, ", ".join(f"{count} {what}" for what, count in counts.items())])


def _numbers(outcome: Outcome) -> str:
    match outcome.result:
        case CannotRun(why=why):
            return why
        case Measured(lines=lines):
            return "; ".join(f"{one.value:.4g} (target {one.target})" for one in lines)


def as_object(
    outcomes: list[Outcome], machine: dict[str, str], disk: str, effort: str
) -> dict[str, object]:
    """Return the run as one JSON-ready object, `schema` 1."""
    return {
        "schema": 1,
        "effort": effort,
        "machine": machine,
        "disk": disk,
        "goals": [_goal(one) for one in outcomes],
    }


def _goal(outcome: Outcome) -> dict[str, object]:
    found: dict[str, object] = {
        "goal": outcome.goal.ident,
        "words": outcome.goal.words,
        "verdict": verdict(outcome.result),
        "seconds": round(outcome.seconds, 1),
    }
    match outcome.result:
        case CannotRun(why=why):
            return {**found, "why": why}
        case Measured(lines=lines, notes=notes):
            rows = [
                {
                    "words": one.words,
                    "value": one.value,
                    "target": str(one.target),
                    "met": one.met,
                    "detail": one.detail,
                }
                for one in lines
            ]
            return {**found, "lines": rows, "notes": list(notes)}
