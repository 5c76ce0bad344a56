"""Ask the gates about one candidate, in order, up to the first that bars.

What an equal gate said of an equal candidate of this mission is adopted and not asked again.

Cheap and certain gates come first, so a candidate out of scope costs no process. Asking twice is
safe: a gate has no effect outside its own copy of a tree.
"""

from collections.abc import Callable
from functools import partial
from threading import Event

from daemon.gates import items, static
from daemon.gates.base_records import BaseRecords
from daemon.gates.bench import Bench, Launches
from daemon.gates.case import Case, Judged, Judgement
from daemon.gates.commands import command_gate
from gitops.objects import Batch
from gitops.repository import Store
from policy.gates.adoption import adopted
from policy.gates.definition import defined, required
from policy.gates.finding import Finding
from policy.gates.run import Interrupted
from policy.gates.verdict import Passed, Record

Ask = Callable[[Bench], Finding | Interrupted]

_BUILT_IN: dict[str, Ask] = {
    "scope": static.scope,
    "protected": static.protected,
    "limits": static.limits,
    "secrets": static.secrets,
    "tree": static.tree,
    "red_first": items.red_first,
    "tests": items.tests,
    "done": items.done,
}


def judge(case: Case, *, door: Launches, store: Store, records: BaseRecords, stop: Event) -> Judged:
    """Return what the required gates say of the candidate.

    *store* is this thread's own, and has what the candidate is made of. Trees made to run gates on
    are saved there. Raises what reading objects raises: a candidate whose objects are not there is
    no candidate.
    """
    bench = Bench(case, door, Batch(store), records, stop)
    ask = _BUILT_IN | {gate.name: partial(command_gate, gate=gate) for gate in case.policy.gates}
    judged: list[Record] = []
    gates = case.gates or required(case.item, case.policy, case.candidate.change)
    for gate, definition in defined(gates, case.item, case.policy).items():
        known = adopted(gate, definition, case.subject, policy=case.policy, earlier=case.earlier)
        if known is not None:
            judged.append(known)
            continue
        found = Interrupted() if stop.is_set() else ask[gate](bench)
        if isinstance(found, Interrupted):
            return found
        judged.append(found.recorded(gate, definition, report=bench.report_of(gate)))
        if not isinstance(found.verdict, Passed) and gate not in case.waived:
            break
    return Judgement(records=tuple(judged), evidence=bench.evidence, environment=case.environment)
