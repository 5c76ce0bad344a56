"""The policy file alone governs: levels, budgets, hours, and what a change of it means midway."""

import re
from datetime import UTC, datetime
from pathlib import Path

from daemon.serve import once
from policy.backlog.reasons import SkipReason
from tests.daemon.conftest import python

CHAIN = """command: {deterministic: true}
escalation:
- {name: small, model: s, iterations: 1}
- {name: large, model: l, variant: deep, iterations: 1}
- HARD_GATE
"""
TELLS = python(
    "import os; told = [os.environ.get(f'PAWL_{one}') for one in ('LEVEL', 'MODEL', 'VARIANT')];"
    "open('H-1.txt', 'w').write(' '.join(map(str, told)))"
)


class Clock:
    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


class Once:
    """Does something at the first of a moment."""

    def __init__(self, name, act):
        self.name, self.act, self.left = name, act, 1

    def __call__(self, name):
        if name == self.name and self.left:
            self.left = 0
            self.act()


def policy(text):
    return {".pawl/policy.yaml": f"schema: 1\nextends: default-1\nrepo_name: house\n{text}"}


def started(house):
    return [fact for fact in house.facts("H-1") if fact.kind == "attempt-started"]


def test_a_mission_climbs_and_lands_what_a_higher_level_built(house):
    house.commits(policy(CHAIN))
    house.wishes("H-1", command=TELLS, tests=[{"run": ["grep", "-q", "l deep", "H-1.txt"]}])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "large l deep"
    assert [(one.level, one.named.name) for one in started(house)] == [(0, "small"), (1, "large")]
    assert house.summary("H-1")["lessons"] == [{"student": 1, "teacher": 2}]
    assert "- 2 at level large (l, deep): exited" in house.closed_file("H-1", "RESULTS.md")


def test_a_builder_is_told_what_the_policy_page_says(house):
    chain = CHAIN.replace("{deterministic: true}", "{deterministic: false}")
    house.commits(policy(chain))
    names = "' '.join(sorted(name for name in os.environ if name.startswith('PAWL_')))"
    told = python(f"import os; open('H-1.txt', 'w').write({names})")
    house.wishes("H-1", command=told, tests=[{"run": ["grep", "-q", "VARIANT", "H-1.txt"]}])
    house.runs()
    page = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| `(PAWL_[A-Z]+)` \|", page, re.MULTILINE)
    assert sorted(said) == house.shows("H-1.txt").split()


def test_at_the_end_of_the_chain_it_waits_for_a_person(house):
    house.commits(policy(CHAIN + "failures: {test_failure: {then: escalate}}\n"))
    house.wishes("H-1", command=TELLS, tests=[{"run": ["grep", "-q", "xl", "H-1.txt"]}])
    standing = house.runs()
    assert standing.rests["H-1"].reason == "waiting"
    asked = house.facts("H-1")[-1]
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "tests_failed")
    assert len(started(house)) == 2


def spends(tokens):
    return python(f"open('H-1.txt', 'w').write('x'); print('PAWL_USAGE {{\"tokens\": {tokens}}}')")


NEVER = [{"run": ["grep", "-q", "never", "H-1.txt"]}]
COUNTED = "command: {deterministic: false, usage: printed}\nbudgets: {mission: {tokens: 100}}\n"


def test_tokens_are_counted_as_they_are_told(house):
    house.commits(policy(COUNTED))
    house.wishes("H-1", command=spends(100), tests=NEVER)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "budget_exhausted")
    assert house.summary("H-1")["used"]["tokens"] == 100
    assert "100 tokens and 0 hundredths as it told" in house.closed_file("H-1", "RESULTS.md")


def test_tokens_nobody_told_of_are_a_persons(house):
    house.commits(policy(COUNTED))
    house.wishes("H-1", command=python("open('H-1.txt', 'w').write('x')"), tests=NEVER)
    house.runs()
    asked = house.facts("H-1")[-1]
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "budget_exhausted")


def test_the_budget_of_a_run_counts_closed_missions_until_they_leave_its_window(house):
    house.commits(policy("budgets: {run: {missions: 1, window_s: 3600}}\n"))
    house.wishes("H-1")
    house.wishes("H-2")
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC))
    with house.serves(clock=clock) as it:
        selection = once(it).selection
        assert house.ended("H-1") == ("PASS", "landed")
        skip = selection.skipped["H-2"]
        assert skip.reason is SkipReason.BUDGET_EXHAUSTED
        assert skip.retry_at == datetime(2030, 1, 1, 1, tzinfo=UTC)
        clock.at = skip.retry_at
        once(it)
    assert house.ended("H-2") == ("PASS", "landed")


def test_outside_active_hours_the_loop_is_woken_when_they_begin(house):
    house.commits(policy("active_hours: {zone: UTC, from: '08:00', to: '09:00'}\n"))
    quiet = Clock(datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    begin = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert house.runs(clock=quiet).due == {"active hours": begin}
    assert house.runs(clock=Clock(begin)).due == {}


def test_a_budget_of_the_run_outlives_the_daemon_and_follows_a_change_of_its_window(house):
    house.commits(policy("budgets: {run: {missions: 2, window_s: 3600}}\n"))
    for name in ("H-1", "H-2", "H-3"):
        house.wishes(name)
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC))
    standing = house.runs(clock=clock)
    assert standing.selection.skipped["H-3"].reason is SkipReason.BUDGET_EXHAUSTED
    again = house.runs(clock=clock)
    assert again.selection.skipped["H-3"] == standing.selection.skipped["H-3"]
    clock.at = datetime(2030, 1, 1, 0, 30, tzinfo=UTC)
    with house.serves(clock=clock) as it:
        assert once(it).selection.skipped["H-3"].reason is SkipReason.BUDGET_EXHAUSTED
        house.commits(policy("budgets: {run: {missions: 2, window_s: 600}}\n"))
        once(it)
    assert house.ended("H-3") == ("PASS", "landed")


def test_outside_active_hours_nothing_is_opened_until_they_begin(house):
    house.commits(policy("active_hours: {zone: UTC, from: '08:00', to: '09:00'}\n"))
    house.wishes("H-1")
    clock = Clock(datetime(2030, 1, 1, 7, tzinfo=UTC))
    with house.serves(clock=clock) as it:
        skip = once(it).selection.skipped["H-1"]
        assert (skip.reason, skip.retry_at.hour) == (SkipReason.PAUSED, 8)
        clock.at = skip.retry_at
        once(it)
    assert house.ended("H-1") == ("PASS", "landed")


def test_what_was_built_when_the_hours_end_is_judged_and_lands_and_nothing_is_begun(house):
    house.commits(policy("active_hours: {zone: UTC, from: '08:00', to: '09:00'}\n"))
    house.wishes("H-1")
    house.wishes("H-2")
    clock = Clock(datetime(2030, 1, 1, 8, tzinfo=UTC))

    def ends():
        clock.at = datetime(2030, 1, 1, 9, tzinfo=UTC)

    with house.serves(clock=clock, point=Once("builder-end", ends)) as it:
        selection = once(it).selection
    assert house.ended("H-1") == ("PASS", "landed")
    assert selection.skipped["H-2"].reason is SkipReason.PAUSED


def test_an_attempt_is_not_begun_outside_the_hours_and_says_until_when(house):
    hours = "active_hours: {zone: UTC, from: '08:00', to: '09:00'}\n"
    house.commits(policy(hours + "command: {deterministic: false}\n"))
    house.wishes("H-1", tests=[{"run": ["grep", "-q", "never", "H-1.txt"]}])
    clock = Clock(datetime(2030, 1, 1, 8, tzinfo=UTC))

    def ends():
        clock.at = datetime(2030, 1, 1, 9, tzinfo=UTC)

    with house.serves(clock=clock, point=Once("builder-end", ends)) as it:
        rest = once(it).rests["H-1"]
    assert (rest.reason, rest.until) == ("quiet", datetime(2030, 1, 2, 8, tzinfo=UTC))


LINES = python("open('H-1.txt', 'w').write('x\\n' * 3)")
NARROW = policy("budgets: {mission: {changed_lines: 1}}\n")
WIDE = policy("budgets: {mission: {changed_lines: 9}}\n")


def digests(house):
    return list(dict.fromkeys(one.policy for one in house.page("H-1").records))


def test_what_an_older_policy_barred_is_judged_anew_under_the_present_one(house):
    house.commits(NARROW)
    house.wishes("H-1", command=LINES)
    house.runs(point=Once("gates-end", lambda: house.commits(WIDE)))
    assert house.ended("H-1") == ("PASS", "landed")
    assert len(digests(house)) == 2


def test_what_an_older_policy_passed_does_not_land_where_the_present_one_bars_it(house):
    house.commits(WIDE)
    house.wishes("H-1", command=LINES)
    house.runs(point=Once("gates-end", lambda: house.commits(NARROW)))
    assert house.ended("H-1") == ("BLOCKED", "gate_failed")
    assert house.subjects()[-1] == "a person's commit"
    judged = [one for one in house.page("H-1").records if one.fact.kind == "gates-judged"]
    assert [*dict.fromkeys(one.policy for one in judged)] == digests(house)


LEARNS = "command: {deterministic: false}\n"


def appends(words):
    """A builder that leaves each of *words* in turn, one an attempt."""
    code = f"import os; n = int(os.environ['PAWL_ATTEMPT']); words = {words!r}.split();"
    return python(code + "open('H-1.txt', 'w').write(words[n - 1])")


def test_the_same_again_is_no_progress(house):
    house.commits(policy(LEARNS))
    house.wishes("H-1", command=appends("a a a"), tests=NEVER)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "no_progress")
    assert len(started(house)) == 2


def test_to_and_fro_is_oscillation(house):
    house.commits(policy(LEARNS + "failures: {test_failure: {limit: 9}}\n"))
    house.wishes("H-1", command=appends("a b a"), tests=NEVER)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "oscillation")
    assert len(started(house)) == 3


def test_nobody_is_told_the_same_twice(house):
    rules = "progress: {no_progress: null, oscillation: null}\n"
    house.commits(policy(LEARNS + rules + "failures: {test_failure: {limit: 9}}\n"))
    house.wishes("H-1", command=appends("a a a a"), tests=NEVER)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "no_progress")
    prompts = [one.prompt for one in started(house)]
    assert len(set(prompts)) == len(prompts)


def test_a_pause_point_asks_before_its_level(house):
    house.commits(policy(CHAIN + "pause_points: [large]\n"))
    house.wishes("H-1", command=TELLS, tests=[{"run": ["grep", "-q", "l deep", "H-1.txt"]}])
    house.runs()
    asked = house.facts("H-1")[-1]
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "pause_point")
    assert [one.named.name for one in started(house)] == ["small"]


def test_limits_over_all_classes_end_what_each_class_would_let_go_on(house):
    rules = "limits: {failures: 1}\nprogress: {no_progress: null}\n"
    house.commits(policy(LEARNS + rules))
    house.wishes("H-1", command=appends("a b c"), tests=NEVER)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "budget_exhausted")
    assert "limits.failures is 1" in house.summary("H-1")["why"]
    assert len(started(house)) == 2


def test_a_cloud_level_is_left_out_and_the_attempt_says_so(house):
    house.commits(policy(CHAIN.replace("model: s,", "model: s, is_cloud: true,")))
    house.wishes("H-1", command=TELLS, tests=[{"run": ["grep", "-q", "l deep", "H-1.txt"]}])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    (first,) = started(house)
    assert (first.named.name, first.named.skipped) == ("large", ("small",))
