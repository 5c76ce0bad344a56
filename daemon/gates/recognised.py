"""What a gate's failed command printed, and the base asked anew where that would excuse it."""

from daemon.gates.bench import Bench, Command
from policy.gates.exits import charged, excused, explained, unexplained
from policy.gates.finding import Finding
from policy.gates.run import Interrupted, Run
from policy.gates.verdict import Broken, Failed
from policy.rules.model import Policy
from policy.signs.belief import not_the_items, shown_by_base
from policy.signs.recognise import recognise
from policy.signs.signature import Sign


def classified(
    bench: Bench, command: Command, run: Run, found: Finding, *, red_before: bool
) -> Finding | Interrupted:
    """Return *found* with the class that *run*'s output gives it, where no report says more.

    The base is run now, not remembered: a full disk is not in any record. *red_before*: the
    command may fail there because the item is not done yet.
    """
    policy = bench.case.policy
    sign = _sign(run, policy) if unexplained(found, run) else None
    if sign is None:
        return found
    if not not_the_items(sign, policy.failures):
        return explained(found, sign)
    match bench.hear_base_afresh(command):
        case Interrupted() as interrupted:
            return interrupted
        case Run() as base if shown_by_base(sign, _sign(base, policy), red_before=red_before):
            return excused(found, sign)
        case Run() | Failed() | Broken():
            return charged(found, sign)


def _sign(run: Run, policy: Policy) -> Sign | None:
    return recognise(run.output, run.code, "gate", policy.classify) if run.code != 0 else None
