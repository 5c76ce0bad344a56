"""Every class of both shipped policies, through histories: what comes next is what the file says.

What is expected is worked out here from the text of the YAML files, by a table of few lines that
knows nothing of the code: an outcome that no number of the file explains is a fault.
"""

from datetime import timedelta
from importlib.resources import files
from itertools import product

import pytest
import yaml

from policy.mission.actions import Ask, BuildCandidate, Close, Rest, RunBuilder
from policy.mission.decide import decide
from policy.people.permission import More
from policy.rules.failures import FailureClass
from policy.rules.load import Effective, load_policy
from tests.policy.mission.conftest import Story, answers, but, failed

YAML = {
    name: yaml.safe_load(files("policy.rules").joinpath(file).read_text(encoding="utf-8"))
    for name, file in (("default-1", "default.yaml"), ("strict-1", "strict.yaml"))
}


def text_of(name):
    """Return the policy as its files say it: the second is written over the first."""

    def over(below, above):
        maps = isinstance(below, dict) and isinstance(above, dict)
        return {**below, **{k: over(below.get(k), v) for k, v in above.items()}} if maps else above

    return YAML[name] if name == "default-1" else over(YAML["default-1"], YAML[name])


def expected(rules, failure, times, *, deterministic, others=0):
    """Return what the *times*-th failure of a class leads to, *others* having failed before it.

    No level of the shipped chains says anything but its name: what would climb asks a person.
    """
    route = rules["failures"][failure]
    own = route["origin"] == "item"
    end = "ESCALATION_REQUESTED" if route.get("then") == "escalate" else "BLOCKED"
    match route["action"]:
        case "terminate":
            return "BLOCKED"
        case "waiver":
            return "WAIVER_REQUESTED"
        case "escalate":
            return "ESCALATION_REQUESTED"
    if times > route.get("limit", 0) or (own and deterministic):
        return end
    mission = rules["budgets"]["mission"]
    charged = (times if own else 0) + others
    full = charged >= mission["attempts"] or times + others >= mission["iterations"]
    if full or times + others > rules["limits"]["failures"]:
        return "BLOCKED" if own else end
    return "WAIT" if route.get("backoff_s", 0) else "RUN"


def told(story, failure, origin, n):
    story.started(n=n).ended(n=n, tree=f"{n:040x}")
    failed(story, failure, origin=origin, n=n, why=f"{n}: because")


def story_of(rules, failure, times, others):
    """Tell of *others* failures of another class of the item's own, then *times* of this one."""
    story = Story().opened()
    other = "lint_error" if failure != "lint_error" else "type_error"
    for n in range(1, others + 1):
        told(story, other, "item", n)
    for n in range(others + 1, others + times + 1):
        told(story, failure, rules["failures"][failure]["origin"], n)
    return story


def became(action):
    match action:
        case RunBuilder():
            return "RUN"
        case Rest(reason="backing_off"):
            return "WAIT"
        case Rest(reason="waiting"):
            return "WAITING"
        case Ask(asked=asked):
            return asked.outcome
        case Close(closed=closed):
            return closed.outcome


def policy_of(name, overrides=""):
    loaded = load_policy(f"schema: 1\nextends: {name}\n{overrides}".encode())
    assert isinstance(loaded, Effective), loaded
    return loaded.policy


CLASSES = [failure.value for failure in FailureClass]
BUILDERS = {"deterministic": True, "asks-a-model": False}


@pytest.mark.parametrize("failure", CLASSES)
@pytest.mark.parametrize("name", YAML)
def test_each_class_leads_where_the_file_says_however_often_it_happens(world, name, failure):
    rules = text_of(name)
    assert set(rules["failures"]) == set(CLASSES)
    world = but(world, policy=policy_of(name))
    limit = rules["failures"][failure].get("limit", 0)
    for builder, times, others in product(BUILDERS, range(1, limit + 3), range(3)):
        call = world.call.model_copy(update={"deterministic": BUILDERS[builder]})
        action = decide(story_of(rules, failure, times, others).state, but(world, call=call))
        want = expected(rules, failure, times, deterministic=BUILDERS[builder], others=others)
        assert became(action) == want, (builder, times, others, action)


RETRIED = [
    (name, failure)
    for name in YAML
    for failure in CLASSES
    if text_of(name)["failures"][failure]["action"] == "retry"
]
WIDE = "budgets: {mission: {attempts: 50, iterations: 50}}\nlimits: {failures: 50}\n"


@pytest.mark.parametrize(("name", "failure"), RETRIED)
def test_a_changed_limit_changes_what_happens_and_nothing_else_has_to(world, name, failure):
    rules = text_of(name)
    limit = rules["failures"][failure]["limit"]
    call = world.call.model_copy(update={"deterministic": False})
    story = story_of(rules, failure, limit + 1, 0)
    as_shipped = but(world, policy=policy_of(name, WIDE), call=call)
    assert became(decide(story.state, as_shipped)) not in ("RUN", "WAIT")
    more = f"{WIDE}failures: {{{failure}: {{limit: {limit + 1}}}}}\n"
    once_more = but(as_shipped, policy=policy_of(name, more))
    assert became(decide(story.state, once_more)) in ("RUN", "WAIT")


@pytest.mark.parametrize("name", YAML)
@pytest.mark.parametrize("key", ["attempts", "iterations"])
def test_a_changed_budget_changes_what_happens(world, name, key):
    rules = text_of(name)
    call = world.call.model_copy(update={"deterministic": False})
    wide = "failures: {test_failure: {limit: 999}}\nlimits: {failures: 999}\n"
    wide += "escalation: [{name: one, iterations: 999}, HARD_GATE]\n"
    given = {"attempts": 60, "iterations": 60, key: rules["budgets"]["mission"][key]}
    for extra, want in ((0, "BLOCKED"), (1, "RUN")):
        mission = {**given, key: given[key] + extra}
        if key == "iterations":
            mission["attempts"] = 200
        text = f"{wide}budgets: {{mission: {mission}}}\n".replace("'", "")
        story = story_of(rules, "test_failure", given[key], 0)
        policy = policy_of(name, text)
        assert became(decide(story.state, but(world, policy=policy, call=call))) == want


@pytest.mark.parametrize("name", YAML)
def test_a_changed_back_off_changes_when(world, name):
    rules = text_of(name)
    story = story_of(rules, "provider_error", 1, 0)
    waits = rules["failures"]["provider_error"]["backoff_s"]
    for seconds in (waits, waits + 17):
        text = f"failures: {{provider_error: {{backoff_s: {seconds}}}}}\n"
        action = decide(story.state, but(world, policy=policy_of(name, text)))
        assert (action.until - world.now).total_seconds() == seconds


@pytest.mark.parametrize("name", YAML)
def test_the_chain_decides_where_it_climbs(world, name):
    chain = "escalation: [{name: a, model: a, iterations: %d}, {name: b, model: b, iterations: 9}, "
    call = world.call.model_copy(update={"deterministic": False})
    rules = text_of(name)
    for iterations, want in ((1, "b"), (2, "a")):
        text = f"{WIDE}{chain % iterations}HARD_GATE]\n"
        policy = policy_of(name, text)
        state = story_of(rules, "test_failure", 1, 0).state
        run = decide(state, but(world, policy=policy, call=call))
        assert run.started.named.name == want


def asked_of(world, name, failure):
    """Return a mission that has come to the question of a class, and its world; None: none is."""
    rules = text_of(name)
    call = world.call.model_copy(update={"deterministic": False})
    world = but(world, policy=policy_of(name), call=call, now=world.now + timedelta(days=365))
    for times in range(1, rules["failures"][failure].get("limit", 0) + 3):
        want = expected(rules, failure, times, deterministic=False)
        if want == "ESCALATION_REQUESTED":
            return story_of(rules, failure, times, 0), world
        if want == "BLOCKED":
            break
    return None, world


def ask(story, world):
    action = decide(story.state, world)
    assert isinstance(action, Ask), action
    assert action.asked.outcome == "ESCALATION_REQUESTED"
    story.tells(action.asked.model_copy(update={"shown": "5" * 40}))
    return action.asked


ANSWERED = {
    "resume": (None, 1),
    "grant": (None, 1),
    "grant of three attempts": (More(attempts=3), 3),
    "grant of tokens": (More(tokens=500), 1),
}
"""What is given, and how many attempts that is before the same limit asks again."""


@pytest.mark.parametrize("answer", ANSWERED)
@pytest.mark.parametrize("failure", CLASSES)
@pytest.mark.parametrize("name", YAML)
def test_what_a_person_gives_is_used_up_and_the_same_limit_asks_again(world, name, failure, answer):
    story, world = asked_of(world, name, failure)
    if story is None:
        return
    asked = ask(story, world)
    assert became(decide(story.state, world)) == "WAITING"
    more, attempts = ANSWERED[answer]
    story.tells(answers(answer.split()[0], more=more, request=asked.request))
    origin = text_of(name)["failures"][failure]["origin"]
    for _ in range(attempts):
        run = decide(story.state, world)
        assert isinstance(run, RunBuilder), run
        told(story, failure, origin, run.started.n)
    again = ask(story, world)
    assert (asked.request, again.request) == ("requests/1.yaml", "requests/2.yaml")
    assert again.need == asked.need
    assert became(decide(story.state, world)) == "WAITING"


@pytest.mark.parametrize(
    ("answer", "ended"),
    [("rejection", ("BLOCKED", "rejected_by_person")), ("abort", ("CANCELLED", "by_person"))],
)
@pytest.mark.parametrize("failure", CLASSES)
@pytest.mark.parametrize("name", YAML)
def test_a_person_may_end_it_wherever_they_are_asked(world, name, failure, answer, ended):
    story, world = asked_of(world, name, failure)
    if story is None:
        return
    ask(story, world)
    story.tells(answers(answer))
    action = decide(story.state, world)
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ended


def test_each_shipped_policy_asks_about_some_classes_and_the_strict_one_about_more(world):
    asking = {
        name: {failure for failure in CLASSES if asked_of(world, name, failure)[0] is not None}
        for name in YAML
    }
    assert "rate_limited" in asking["default-1"]
    assert asking["default-1"] < asking["strict-1"]


@pytest.mark.parametrize("failure", CLASSES)
@pytest.mark.parametrize("gate", ["tests", "scope"])
@pytest.mark.parametrize("name", YAML)
def test_a_waiver_is_asked_of_what_can_be_waived_and_builds_the_candidate_anew(
    world, says, name, failure, gate
):
    text = f"failures: {{{failure}: {{action: waiver, then: escalate}}}}\n"
    world = but(world, policy=policy_of(name, text))
    barred = says(gate, "failed", failure)
    story = Story().opened().started().ended().proposed().judged(barred)
    failed(story, failure, origin=text_of(name)["failures"][failure]["origin"])
    action = decide(story.state, world)
    if gate in text_of(name)["waivers"]["non_waivable"]:
        assert became(action) == "ESCALATION_REQUESTED"
        return
    assert became(action) == "WAIVER_REQUESTED"
    story.tells(action.asked.model_copy(update={"shown": "5" * 40}))
    story.tells(answers("waiver", gates=(gate,)))
    assert isinstance(decide(story.state, world), BuildCandidate)
