"""A gate that barred by its command's exit alone: the class its output gives the failure.

A report says more than text and comes first: where it names a test that failed, nothing is read.
"""

from policy.gates.finding import Finding
from policy.gates.run import Run
from policy.gates.verdict import Broken, Failed, Passed
from policy.rules.failures import FailureClass
from policy.signs.signature import Sign

_BY_EXIT = {FailureClass.TEST_FAILURE, FailureClass.REGRESSION, FailureClass.REPORT_MISSING}


def unexplained(found: Finding, run: Run) -> bool:
    """Return whether *found* bars because of how *run* exited, and no report says which test."""
    match found.verdict:
        case Failed(failure=failure):
            named = run.report is not None and run.report.bad()
            return run.code != 0 and failure in _BY_EXIT and not named
        case Passed() | Broken():
            return False


def explained(found: Finding, sign: Sign) -> Finding:
    """Return *found* with the class of *sign*: the candidate is wrong, and this is how."""
    return _with(found, Failed(failure=sign.failure, why=f"{_why(found)}: {sign.said}"))


def charged(found: Finding, sign: Sign) -> Finding:
    """Return *found* as it is, saying what would have excused it and does not."""
    why = (
        f"{_why(found)}: {sign.said}: looks like {sign.failure}, but the base, asked anew, does "
        "not show that the change has no part in it"
    )
    match found.verdict:
        case Failed(failure=failure):
            return _with(found, Failed(failure=failure, why=why))
        case Passed() | Broken():
            return found


def excused(found: Finding, sign: Sign) -> Finding:
    """Return that the gate could not say: the base, asked anew, fails in the same way."""
    why = f"{_why(found)}: {sign.said}; so it does on the base: it says nothing of the change"
    verdict = Broken(failure=sign.failure, why=why)
    return found.model_copy(update={"verdict": verdict, "new": ()})


def _with(found: Finding, verdict: Failed) -> Finding:
    return found.model_copy(update={"verdict": verdict})


def _why(found: Finding) -> str:
    match found.verdict:
        case Failed(why=why) | Broken(why=why):
            return why
        case Passed():
            return ""
