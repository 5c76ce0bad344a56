"""The gates that only read the diff: scope, protected, limits, secrets, tree. No process runs."""

from daemon.gates.bench import Bench
from daemon.gates.contents import binaries_of, contents_of, secrets_of
from policy.canonical import canonical
from policy.gates.finding import Finding
from policy.gates.limits import judge_limits, within
from policy.gates.protected import judge_protected, protected_globs
from policy.gates.run import Interrupted
from policy.gates.scope import judge_scope
from policy.gates.secrets import judge_secrets
from policy.gates.tree import judge_tree
from policy.ids import GateName


def scope(bench: Bench) -> Finding:
    return judge_scope(bench.case.entries, bench.case.item.write_scope)


def protected(bench: Bench) -> Finding:
    case = bench.case
    links = contents_of(bench.batch, case.candidate.product, case.entries).links
    return judge_protected(case.entries, links, protected_globs(case.policy))


def limits(bench: Bench) -> Finding:
    case = bench.case
    binaries = binaries_of(bench.batch, case.entries)
    expected = {file.path for file in case.item.files}
    budget = within(case.policy.budgets.mission, case.item.budget)
    return judge_limits(case.stat, binaries, expected=expected, budget=budget)


def secrets(bench: Bench) -> Finding | Interrupted:
    entries = bench.case.entries
    found = secrets_of(bench.batch, entries, bench.stop)
    if bench.stop.is_set():
        return Interrupted()
    rows = canonical([secret.model_dump(mode="json") for secret in found])
    bench.add(GateName("secrets"), "findings.json", rows)
    return judge_secrets(found, looked_at=len(entries))


def tree(bench: Bench) -> Finding:
    case = bench.case
    contents = contents_of(bench.batch, case.candidate.product, case.entries)
    return judge_tree(case.entries, contents, case.policy.sandbox.tree)
