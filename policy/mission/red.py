"""Why the target is red, and what a person does about it."""

from policy.gates.verdict import Passed
from policy.mission.actions import Rest
from policy.mission.after import barring
from policy.mission.states import Settled


def red(mission: Settled) -> Rest:
    """Say what froze and what a person does about it."""
    return Rest(reason="frozen", why=why_red(mission))


def why_red(mission: Settled) -> str:
    target, landed = mission.judgement.target, mission.grounds.landed.commit
    undone = mission.grounds.reverted
    what = f"{mission.history.mission}, which landed as {landed[:12]}"
    if undone is not None:
        what += f" and was reverted by {undone.commit[:12]}"
    tried = _tried(mission)
    revert = "" if undone or tried else f" (or git revert {landed[:12]})"
    return (
        f"the target at {target.commit[:12]} is judged {target.verdict} after {what}: "
        f"{said_of(mission)}.{tried} Nothing opens or lands until it is green: commit what mends it"
        f"{revert}; each new commit is judged, and when one passes everything goes on by itself"
    )


def _tried(mission: Settled) -> str:
    """Return what is known to be in vain; empty where it may be the landing, and may be undone."""
    name, parent = mission.history.mission, mission.grounds.parent
    back = ""
    if mission.judgement.item == "not_done" and mission.grounds.reverted is None:
        back = f" The item of {name} is not done there: the landing was taken back, in vain."
    if parent is None or parent.verdict == "passed":
        return back
    known = f"at {parent.commit[:12]}, before it ({parent.why}; known since {parent.at})"
    if parent.verdict == "failed":
        return f"{back} It was red already {known}: this is not of {name}, nothing is undone."
    return f"{back} The gates cannot say whether it was green {known}: nothing is undone."


def said_of(mission: Settled) -> str:
    for run in reversed(mission.judgement.runs):
        record = barring(run)
        if record is not None and not isinstance(record.verdict, Passed):
            return f"gate {record.gate}: {record.verdict.why}"
    return "no gate passed"
