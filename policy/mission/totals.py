"""What a mission has used up, counted for its last fact."""

from policy.mission.facts import Totals
from policy.mission.states import History


def totals(history: History) -> Totals:
    return Totals(
        attempts=len(history.attempts),
        interruptions=history.interruptions,
        candidates=history.candidates,
        gates_run=history.gates_run,
    )
