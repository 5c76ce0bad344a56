"""HANDOFF.md: what whoever comes new to this repository, person or agent, has to know to go on.

Each line is from the policy that holds at the target's tip.
"""

from collections.abc import Iterable, Iterator
from shlex import join

from policy.pages.glance import Glance
from policy.pages.markdown import code, plain, table
from policy.rules.gates import BUILT_IN_GATES, GateCommand
from policy.rules.model import Policy

_PAGES = {
    "INBOX": "what waits for a person",
    "QUEUE": "what runs next, and why everything else does not",
    "BLOCKED": "what does not go on by itself",
    "UMBRELLAS": "what has to be split, or is being split",
    "METRICS": "how it goes",
}


def handoff_page(now: Glance) -> str:
    policy = now.effective.policy
    return "\n".join([
        *now.title(f"Handoff: {plain(policy.repo_name)}"),
        *_section("Entry point", _entry(policy)),
        *_section("Policy", _policy(now)),
        *_section("Candidate source", _SOURCE),
        *_section("Candidate policy", _landing(policy)),
        "## Gates",
        "",
        f"Built in: {', '.join(map(code, BUILT_IN_GATES))}. Each item names its own tests.",
        "",
        *table(
            ("gate", "test command", "report", "what bars"),
            map(_gate, policy.gates),
            count=len(policy.gates), most=now.most, more="see the policy",
        ),
        "",
        *_section("Schemas", (code(f"pawl schema {kind}") for kind in _SCHEMAS)),
        *_section("Pages", (f"[{name}.md]({name}.md): {what}" for name, what in _PAGES.items())),
    ])  # fmt: skip


_SCHEMAS = ("item", "policy", "host", "permission")
_SOURCE = (
    f"the code of attempts: branches {code('pawl/work/ID')}",
    f"what happened: {code('refs/pawl/missions/ID')} while open, {code('missions/')} here after",
    "a candidate is the mission's diff on the target's tip, with its item done",
)


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (f"## {heading}", "", *(f"- {line}" for line in lines), "")


def _entry(policy: Policy) -> Iterator[str]:
    sheet = f", or an entry of {code(policy.backlog_markdown)}" if policy.backlog_markdown else ""
    yield (
        f"a wish: a file {code(f'{policy.backlog}/ID.yaml')}{sheet}, committed to "
        f"{code(policy.target)}; {code('pawl schema item')} lists its keys"
    )
    yield f"work it off: {code('pawl once')}, or a service: {code('pawl run')}"
    yield f"look: {code('pawl status')}, {code('pawl explain')}, {code('pawl show ID')}"


def _policy(now: Glance) -> Iterator[str]:
    policy = now.effective.policy
    place = f"{code('.pawl/policy.yaml')} on {code(policy.target)}"
    yield f"file: {place}, digest {code(now.effective.digest)}"
    yield f"at once: {policy.selection.max_agents}, up to phase {policy.selection.max_phase}"
    yield f"attempts: {policy.budgets.mission.attempts} a mission"
    for risk, stages in policy.pipeline.items():
        yield f"stages of risk {risk}: {', '.join(stages)}"


def _landing(policy: Policy) -> Iterator[str]:
    yield "it lands as one commit, by compare-and-swap from the commit it was built and judged on"
    globs = ", ".join(map(code, policy.protected)) or "nothing"
    yield f"protected, besides what always is: {globs}"
    gates = policy.after_landing.gates
    asked = "those its candidate needed" if gates == "all" else ", ".join(map(code, gates))
    yield f"gates that are asked of the target after it landed: {asked}"


def _gate(gate: GateCommand) -> tuple[str, ...]:
    bars = "what passed on the base and fails" if gate.baseline else "each failure"
    return code(gate.name), code(join(gate.run)), gate.report, bars
