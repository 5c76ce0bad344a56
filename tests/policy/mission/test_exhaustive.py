"""Every state a mission can reach, in every world: there is always a next step, and an end.

Facts are drawn from what the deeds of `decide` may find. States are told apart by all that `decide`
looks at, so that a step back to a state seen before on the same way is a mission that never ends.
"""

from collections import Counter
from datetime import timedelta
from functools import cached_property, partial
from itertools import product

import pytest

from policy.mission import actions as a
from policy.mission import states as s
from policy.mission import world as w
from policy.mission.decide import decide
from policy.mission.evolve import evolve
from policy.mission.persons import NOTHING_SAID, Said
from policy.mission.record import Recorded
from policy.people.needs import ToLand
from policy.rules.escalation import Level
from policy.rules.failures import FailureClass
from tests.policy.mission.conftest import MOVED, answers
from tests.policy.mission.outcomes import AFTER, LAND, found

STARTING = (
    a.RunBuilder, a.BuildCandidate, a.JudgeCandidate, a.BuildLanding, a.MoveTarget, a.AskTarget,
    a.RunTarget, a.BuildRevert, a.MoveBack,
)  # fmt: skip
ENDS = (a.Rest, a.Archive)
MANY = 10_000
RETRIED = {FailureClass.TEST_FAILURE, FailureClass.TIMEOUT, FailureClass.ENVIRONMENT_ERROR}
"""Classes with a second attempt: of the item's own, that are charged, and one that is not."""
ASKED_FOR = Said(needs=(ToLand(name="requires_approval"),))
WAIVER = {"action": "waiver", "then": "terminate"}
ANSWERS = ("approval", "rejection", "resume", "abort", "waiver")
FEW = 1
"""Rebuilds in a row before a mission goes first."""


def small(policy):
    """The shipped policy with few chances, so that all ways can be walked."""
    mission = policy.budgets.mission.model_copy(update={"attempts": 2})
    failures = {
        failure: route.model_copy(update={"limit": min(route.limit, failure in RETRIED)})
        for failure, route in policy.failures.items()
    }
    return policy.model_copy(
        update={
            "selection": policy.selection.model_copy(update={"interruptions": 1}),
            "budgets": policy.budgets.model_copy(update={"mission": mission}),
            "failures": failures,
            "landing": policy.landing.model_copy(update={"rebuilds": FEW}),
            "after_landing": policy.after_landing.model_copy(update={"reruns": 1, "revert": True}),
        }
    )


@pytest.fixture(scope="module")
def worlds(policy):
    """One world where nothing is in the way, and those that differ from it in one thing."""
    return Worlds(small(policy))


class Worlds:
    def __init__(self, policy):
        self.policy = policy

    @cached_property
    def variations(self):
        return {
            "wish": [
                w.Unchanged(), w.Changed(), w.Removed(), w.Cancelled(), w.Unreadable(why="?"),
            ],
            "integrity": [w.Sound(), w.Frozen(why="?")],
            "activity": ["active", "paused", "stopping"],
            "checkout": [w.Free(), w.Held(reason="dirty", why="?")],
            "sighting": [w.NotLanded(), w.OnTip()],
            "way": [w.Clear(), w.Yields(to="H-2", rebuilds=9)],
            "moved_by": ["others", "landings"],
            "target": ["b" * 40, MOVED],
            "said": [NOTHING_SAID, ASKED_FOR],
            "required": [("scope", "tests"), ("scope", "tests", "new")],
            "start": [w.FromTarget(), w.FromPerson(commit="6" * 40, tree="6" * 40)],
        }  # fmt: skip

    def apart(self, world, **changes):
        """Return *world*, and each world that differs from it in one thing."""
        late = {"now": world.now + timedelta(days=99)}
        other = {"call": world.call.model_copy(update={"deterministic": False})}
        rows = [{key: value} for key, row in self.variations.items() for value in row[1:]]
        rows = [row for row in rows if not row.keys() & changes.keys()]
        rows += [{key: value} for key, value in changes.items()]
        return [world, *(world.model_copy(update=one) for one in [*rows, late, other])]

    def all(self, world):
        """Return every world there is, but for what only attempts read."""
        keys = [key for key in self.variations if key not in ("start", "required", "moved_by")]
        rows = product(*(self.variations[key] for key in keys))
        return [world.model_copy(update=dict(zip(keys, row, strict=True))) for row in rows]


AFTERWARDS = (s.OnTarget, s.Settled, s.Reverting)


def after(state, facts):
    for fact in facts:
        # a judgement of the target that says nothing is asked again after a time: the last here
        at = "2099-01-01T00:00:00Z" if fact.kind == "target-judged" else "2026-01-15T12:00:00Z"
        recorded = Recorded.model_construct(
            mission="H-1", seq=1, step="0" * 64, at=at, host="h", epoch=1,
            policy="d" * 64, fact=fact,
        )  # fmt: skip
        state = evolve(state, recorded)
    return state


def own_of(state):
    """Return what `decide` looks at of the state itself."""
    match state:
        case s.OnTarget():
            parent = of_runs((state.parent,) if state.parent else ())
            runs = of_runs(state.runs)
            return of_grounds(state.grounds), state.commit, state.judging, runs, parent
        case s.Settled():
            return of_grounds(state.grounds), of_judgement(state.judgement)
        case s.Reverting():
            return of_grounds(state.grounds), of_judgement(state.judgement), state.revert
        case s.Failed():
            barred = state.barred and of_runs([state.barred.judged])
            return state.failure, state.at, barred
        case _:
            own = vars(state).items()
            return tuple(value for name, value in own if name not in ("history", "attempt"))


def of_grounds(grounds):
    heard = frozenset((one.gate, one.verdict.kind) for one in grounds.judged.records)
    parent = grounds.parent and grounds.parent.verdict
    return grounds.landed.commit, grounds.reverted is None, grounds.red is None, heard, parent


def of_judgement(judgement):
    return judgement.target, of_runs(judgement.runs[-1:])


def of_runs(runs):
    return tuple(
        frozenset((one.gate, one.definition, one.verdict.kind) for one in run.records)
        for run in runs
    )


def key(state, *, answers=False):
    """Return all of *state* that `decide` looks at; of a request's past only where it *answers*."""
    if isinstance(state, s.Closed):
        return (type(state),)
    if isinstance(state, s.Waiting):
        ended = state.answered and state.answered.answer
        # only the first request is ever answered: from any other nothing leads back
        back = key(state.back) if answers and state.asked.request == "requests/1.yaml" else None
        return type(state), back, state.asked.need.kind, ended
    own = own_of(state)
    history = state.history
    people = history.requests, history.allowance.attempts, len(history.decisions)
    past = tuple((one.started.start_tree, one.ended.change) for one in history.attempts)
    last = history.attempts[-1].ended.ending.kind if history.attempts else None
    counts = frozenset(Counter(one.failure for one in history.failures).items())
    following = history.following
    # beyond the limit each rebuild only waits longer, up to a maximum
    rebuilds = min(following.rebuilds, FEW + 1)
    moved = following.base, rebuilds, following.heard_again
    mends = history.repairing
    if isinstance(state, AFTERWARDS):
        return type(state), len(past), own, history.repairs
    if mends is not None:
        again = of_judgement(mends.judgement), mends.grounds.landed.commit
        return type(state), len(past), last, own, moved, again, history.interruptions
    return type(state), history.interruptions, past, last, counts, own, moved, people


def key_of_climb(state):
    """Return what `decide` looks at where levels differ: which attempt failed how, and at which."""
    attempts = tuple((one.started.level, one.started.prompt) for one in state.history.attempts)
    causes = tuple((one.n, one.failure, one.stage) for one in state.history.failures)
    return key(state), attempts, causes


class Graph:
    """The states that were reached, and where each action leads from each of them."""

    def __init__(self, beginning, key=key):
        self.key = key
        self.first = key(beginning)
        self.states = {self.first: beginning}
        self._steps = {}

    def step(self, here, world):
        """Return what is done in the state *here* in *world*, and the states it may lead to."""
        state = self.states[here]
        action = decide(state, world)
        if (here, action) not in self._steps:
            then = [after(state, facts) for facts in found(action, state)]
            self._steps[here, action] = [self.key(one) for one in then]
            for one in then:
                self.states.setdefault(self.key(one), one)
        return action, self._steps[here, action]

    def reach(self, worlds, but=()):
        """Go wherever any sequence of *worlds* leads; no further from states of the types *but*."""
        seen, waiting = {self.first}, [self.first]
        while waiting:
            here = waiting.pop()
            if isinstance(self.states[here], but):
                continue
            then = {one for world in worlds for one in self.step(here, world)[1]}
            waiting += then - seen
            seen |= then
            assert len(seen) < MANY, "something is counted up without end"

    def walk(self, here, world, done, way=()):
        """Follow every way from *here* in one unchanging *world*; fail where one turns back."""
        if here in done:
            return
        assert here not in way, f"never ends: {[one[0].__name__ for one in way]}"
        action, outcomes = self.step(here, world)
        assert outcomes or isinstance(action, ENDS)
        for one in outcomes:
            self.walk(one, world, done, (*way, here))
        done.add(here)


@pytest.fixture
def opened(story):
    return story.opened().state


@pytest.fixture
def landed(story):
    return story.opened().started().ended().proposed().judged().landing().landed().state


def climbing(policy):
    """A policy with a chain to climb, and every reason to."""
    routes = {
        failure: route.model_copy(update={"then": "escalate"} if failure in RETRIED else {})
        for failure, route in policy.failures.items()
    }
    mission = policy.budgets.mission.model_copy(update={"attempts": 3})
    levels = (Level(name="a", model="a", iterations=1), Level(name="b", model="b", iterations=2))
    return policy.model_copy(
        update={
            "escalation": (*levels, "HARD_GATE"),
            "drop_back": "always",
            "failures": routes,
            "budgets": policy.budgets.model_copy(update={"mission": mission}),
            "progress": policy.progress.model_copy(update={"no_progress": None}),
        }
    )


def ends(graph, around, but=()):
    for one in around:
        done = {here for here, state in graph.states.items() if isinstance(state, but)}
        for here in list(graph.states):
            graph.walk(here, one, done)


def types(graph):
    return {type(state) for state in graph.states.values()}


def test_every_state_before_a_landing_ends_in_every_world_that_stays_as_it_is(
    opened, world, worlds
):
    around = worlds.apart(world.model_copy(update={"policy": worlds.policy}))
    graph = Graph(opened)
    graph.reach(around, but=AFTERWARDS)
    assert types(graph) == {*s.Mission.__args__} - {s.Settled, s.Reverting}
    ends(graph, around, but=AFTERWARDS)


def test_every_climb_ends_whatever_fails_on_the_way(opened, world, worlds):
    policy = climbing(worlds.policy)
    call = world.call.model_copy(update={"deterministic": False})
    calm = world.model_copy(update={"policy": policy, "call": call})
    around = [calm, calm.model_copy(update={"now": calm.now + timedelta(days=99)})]
    graph = Graph(opened, key_of_climb)
    graph.reach(around, but=AFTERWARDS)
    ends(graph, around, but=AFTERWARDS)
    levels = {one.started.level for state in graph.states.values()
              for one in state.history.attempts}  # fmt: skip
    assert levels == {0, 1}


def test_every_state_ends_whatever_people_answer_to_the_first_request(opened, world, worlds):
    policy = worlds.policy
    routes = {
        name: route.model_copy(update={"limit": 0}) for name, route in policy.failures.items()
    }
    waived = {
        FailureClass.TEST_FAILURE: routes[FailureClass.TEST_FAILURE].model_copy(update=WAIVER)
    }
    selection = policy.selection.model_copy(update={"interruptions": 0})
    strict = policy.model_copy(update={"failures": routes | waived, "selection": selection})
    calm = world.model_copy(update={"policy": strict})
    sayings = [
        ASKED_FOR.model_copy(
            update={"answers": (answers(answer, gates=gates),), "holding": holding}
        )
        for answer in ANSWERS
        for gates in (() if answer != "waiver" else ("tests",),)
        for holding in (frozenset(), frozenset({"8" * 40}))
    ]
    around = [calm, *(calm.model_copy(update={"said": one}) for one in sayings)]
    graph = Graph(opened, partial(key, answers=True))
    graph.reach(around, but=AFTERWARDS)
    assert {s.Waiting, s.Closed, s.Landing} <= types(graph)
    ends(graph, around, but=AFTERWARDS)


def test_every_state_after_a_landing_ends_in_every_world_that_stays_as_it_is(landed, world, worlds):
    calm = world.model_copy(update={"policy": worlds.policy, "target": LAND, "after": AFTER[1]})
    asks = world.call.model_copy(update={"deterministic": False})
    around = worlds.apart(calm, target=MOVED, after=AFTER[0], call=asks)
    graph = Graph(landed)
    graph.reach(around)
    assert types(graph) == {*s.Mission.__args__} - {s.Waiting}
    ends(graph, around)


def test_what_stands_against_starting_and_landing_does_so_in_every_state(opened, world, worlds):
    calm = world.model_copy(update={"policy": worlds.policy})
    graph = Graph(opened)
    graph.reach([calm])
    kinds = {}
    for state in graph.states.values():
        kinds.setdefault((type(state), getattr(state, "judged", None)), state)
    for state, one in product(kinds.values(), worlds.all(calm)):
        action = decide(state, one)
        frozen = one.integrity.kind == "frozen"
        if frozen or one.activity != "active":
            assert not isinstance(action, STARTING), (state, one)
        if frozen and isinstance(action, a.Close):
            assert isinstance(state, s.Settled), (state, one)
        if isinstance(action, a.BuildLanding | a.MoveTarget):
            assert one.checkout.kind == "free"
            assert one.way.kind == "clear"
            assert one.target == state.candidate.base
        if isinstance(action, a.BuildRevert | a.MoveBack):
            assert (one.checkout.kind, one.way.kind) == ("free", "clear")
            assert one.target == state.grounds.landed.commit
        if isinstance(action, a.BuildLanding):
            assert one.wish.kind == "unchanged"
            assert not one.said.needs
