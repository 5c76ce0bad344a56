"""What is told of a class of failure is what its route says."""

import pytest

from policy.preview.routes import lasting, prospects
from policy.rules.failures import FailureClass
from policy.rules.load import load_policy, shipped_policy


def told(overrides: str = ""):
    content = f"schema: 1\nextends: default-1\n{overrides}".encode()
    return {one.failure: one for one in prospects(load_policy(content).policy)}


def test_every_class_is_told_of():
    assert [one.failure for one in prospects(shipped_policy().policy)] == list(FailureClass)


@pytest.mark.parametrize(
    ("failure", "route", "text"),
    [
        pytest.param(
            "test_failure", "{action: retry, limit: 2, then: terminate, start: continue}",
            "tried again up to 2 times, on its own work; then the mission ends: BLOCKED "
            "(tests_failed)",
            id="tried again, then the end",
        ),
        pytest.param(
            "rate_limited",
            "{action: retry, limit: 1, then: escalate, backoff_s: 300, start: afresh}",
            "tried again once, afresh, after 5 min; then a person is asked: ESCALATION_REQUESTED "
            "(builder_failed of a builder, gate_failed of a gate)",
            id="waited, then a person",
        ),
        pytest.param(
            "unknown", "{action: terminate}",
            "the mission ends: BLOCKED (builder_failed of a builder, gate_failed of a gate)",
            id="the end at once",
        ),
        pytest.param(
            "secret_found", "{action: waiver}",
            "a person is asked: WAIVER_REQUESTED (builder_failed of a builder, gate_failed of a "
            "gate) where each gate that failed may be waived or BLOCKED (builder_failed of a "
            "builder, gate_failed of a gate) where not",
            id="a waiver",
        ),
        pytest.param(
            "no_changes", "{action: retry, limit: 0, then: escalate}",
            "the chain's next level builds it, and after the last one a person is asked: "
            "ESCALATION_REQUESTED (no_changes)",
            id="a limit of none",
        ),
    ],
)  # fmt: skip
def test_a_route_is_told_as_a_sentence(failure, route, text):
    assert told(f"failures: {{{failure}: {route}}}\n")[FailureClass(failure)].text == text


def test_waits_double_and_many_are_cut():
    one = told("failures: {rate_limited: {limit: 9, backoff_s: 30}}\n")[FailureClass.RATE_LIMITED]
    assert one.waits_s == (30, 60, 120, 240, 480, 960)
    assert "after 30 s, 1 min, 2 min, 4 min, 8 min, 16 min, ...; then" in one.text


def test_only_what_is_the_items_own_counts_against_it():
    counted = {failure for failure, one in told().items() if one.counts}
    assert FailureClass.TEST_FAILURE in counted
    assert FailureClass.RATE_LIMITED not in counted


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h")]
)
def test_times_are_told_as_people_say_them(seconds, said):
    assert lasting(seconds) == said
