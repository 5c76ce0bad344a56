"""Who can do what: the adapters there are, and which stages each plays.

An item whose stages nobody can play is invalid, with that text: it would otherwise wait for ever
and nobody would know for whom.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.backlog.item import COMMAND
from policy.backlog.outline import Outline
from policy.rules.environments import NONE
from policy.rules.words import Risk, StageName


@dataclass(frozen=True)
class Crew:
    """*plays*: adapter name to the stages it plays; *pipeline*: the stages of each tier."""

    plays: Mapping[str, frozenset[StageName]]
    pipeline: Mapping[Risk, tuple[StageName, ...]]
    environments: frozenset[str] = frozenset()
    """Names the policy declares."""
    chain: tuple[str | None, ...] = ()
    """Who builds at each level of the escalation chain, for an item that names nobody."""


def played(item: Outline) -> tuple[object, ...]:
    """Return all of *item* that `unplayable` looks at: what holds for one holds for its like."""
    return item.risk, item.builder, item.has_command, item.environment


def unplayable(item: Outline, crew: Crew) -> Iterator[tuple[str, str]]:
    """Yield why *item* cannot be run by anybody: the key at fault, and a sentence."""
    stages = crew.pipeline.get(item.risk, ())
    nobody = [stage for stage in stages if not _players(stage, crew)]
    if nobody:
        tier = f"{item.risk} needs {', '.join(stages)} (policy: pipeline.{item.risk})"
        yield "risk", f"{tier}, and no adapter in .pawl/builders plays {', '.join(nobody)}"
    if not stages:
        yield "risk", f"the policy's pipeline has no stages for {item.risk}"
    yield from _builder(item, crew)
    if item.environment not in {None, NONE, *crew.environments}:
        there = ", ".join(sorted({NONE, *crew.environments}))
        yield "environment", f"the policy declares no {item.environment}; there are: {there}"


def _players(stage: StageName, crew: Crew) -> list[str]:
    return sorted(name for name, stages in crew.plays.items() if stage in stages)


def _builder(item: Outline, crew: Crew) -> Iterator[tuple[str, str]]:
    builders = _players("build", crew)
    if item.builder is not None and item.builder not in builders:
        known = ", ".join(builders) or "none"
        yield "builder", f"{item.builder} is no adapter that builds; there are: {known}"
    if item.builder is None and not item.has_command:
        yield from _at_each_level(builders, crew)
    if item.has_command and COMMAND not in builders:
        yield "command", "the built-in builder `command` is not available here"


def _at_each_level(builders: list[str], crew: Crew) -> Iterator[tuple[str, str]]:
    """Yield why the escalation chain builds nothing for an item that names nobody."""
    adapters = [name for name in builders if name != COMMAND]
    if not adapters or (crew.chain and not any(crew.chain)):
        why = "nobody builds it: add `command: [...]`, or an adapter in .pawl/builders"
        if adapters:
            why += f" ({', '.join(adapters)}) as `builder`, here or in the policy's `escalation`"
        yield "builder", why
        return
    strange = [name or "nobody" for name in crew.chain if name not in adapters]
    if strange:
        there = ", ".join(adapters)
        why = f"a level of the policy's `escalation` names {strange[0]}, and there are: {there}"
        yield "builder", why


def built_in(pipeline: Mapping[Risk, tuple[StageName, ...]]) -> Crew:
    """Return the crew without any adapter: the builder `command` can build, and that is all."""
    return Crew(plays={COMMAND: frozenset(("build",))}, pipeline=pipeline)
