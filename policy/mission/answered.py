"""How what a person is asked, and answers, moves a mission on (DESIGN 4.4 and 6).

A decision is about one request. Going on after a limit is an allowance that is used up; then the
same limit asks again, so nothing enters it again without a decision of its own.
"""

from policy.ids import PolicyDigest
from policy.mission.persons import (
    Allowance,
    Answer,
    Decision,
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.mission.record import Recorded
from policy.mission.states import (
    Built,
    Failed,
    Following,
    History,
    Judged,
    Mission,
    Opened,
    Proposed,
    Waiting,
)
from policy.people.needs import answering

_ONE_MORE = 1  # what a resume is, and a grant that names no attempts (DESIGN 7)


def follow(
    state: Mission | None,
    fact: PersonAsked | PermissionsSeen | PersonAnswered | RequestWithdrawn,
    recorded: Recorded,
) -> Mission | None:
    """Return the state after *fact* of *recorded*, None where it cannot follow."""
    match fact:
        case PersonAsked():
            if isinstance(state, Opened | Proposed | Judged | Failed):
                return _asked(state, fact, recorded.policy)
        case PermissionsSeen():
            if isinstance(state, Waiting):
                return _noticed(state, fact)
        case PersonAnswered():
            if isinstance(state, Waiting) and _may_follow(state, fact):
                return _by_person(state, fact)
        case RequestWithdrawn():
            if isinstance(state, Waiting) and state.answered is None:
                mine = fact.request == state.asked.request
                return state.back.model_copy(update={"history": state.history}) if mine else None
    return None


def _asked(
    state: Opened | Proposed | Judged | Failed, fact: PersonAsked, policy: PolicyDigest
) -> Waiting | None:
    if state.history.repairing is not None:
        return None
    history = _but(state.history, requests=state.history.requests + 1)
    return Waiting(history=history, asked=fact, back=state, policy=policy)


def _noticed(state: Waiting, fact: PermissionsSeen) -> Waiting:
    history = _but(state.history, seen=(*state.history.seen, *fact.seen))
    return state.model_copy(update={"history": history})


def _may_follow(state: Waiting, fact: PersonAnswered) -> bool:
    return (
        state.answered is None
        and fact.request == state.asked.request
        and fact.answer in answering(state.asked.need)
        and (fact.answer != "waiver" or isinstance(state.back, Failed))
    )


def _by_person(state: Waiting, fact: PersonAnswered) -> Mission:
    """Return where the mission goes on: where it asked, with another attempt, or at its end."""
    decision = Decision(asked=state.asked, answered=fact)
    history = _but(state.history, decisions=(*state.history.decisions, decision))
    match fact.answer:
        case "approval":
            return state.back.model_copy(update={"history": history})
        case "waiver":
            return _waived(state, history)
        case "resume" | "grant":
            return Opened(history=_allowed(history, fact))
        case "rejection" | "abort":
            return state.model_copy(update={"history": history, "answered": fact})


def is_ended(state: Waiting, answer: Answer) -> bool:
    return state.answered is not None and state.answered.answer == answer


def charged(history: History) -> History:
    """Return *history* once another attempt has begun."""
    left = max(0, history.allowance.attempts - 1)
    return _but(history, allowance=history.allowance.model_copy(update={"attempts": left}))


def _waived(state: Waiting, history: History) -> Built:
    if not isinstance(state.back, Failed):
        raise TypeError(f"{history.mission}: a waiver of a candidate that nothing barred")
    # the commit of the waiver has moved the target: that is no rebuild in vain
    return Built(history=_but(history, following=Following()), attempt=state.back.attempt)


def _allowed(history: History, fact: PersonAnswered) -> History:
    more, had = fact.more, history.allowance
    attempts = more.attempts if more is not None else None
    allowance = Allowance(
        attempts=had.attempts + (_ONE_MORE if attempts is None else attempts),
        iterations=had.iterations + ((more.iterations if more else None) or 0),
        tokens=had.tokens + ((more.tokens if more else None) or 0),
    )
    return _but(history, allowance=allowance)


def _but(history: History, **changes: object) -> History:
    return history.model_copy(update=changes)
