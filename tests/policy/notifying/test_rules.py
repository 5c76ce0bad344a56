"""A repository names whom to tell, and cannot say where that leads."""

import pytest

from policy.problems import Unreadable
from policy.rules.load import load_policy


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        pytest.param("{to: 'https://example.org/'}", "does not have the form", id="an address"),
        pytest.param("{to: ../ops}", "does not have the form", id="a path"),
        pytest.param(
            "{to: ops, webhook: 'https://example.org/'}", "webhook: is not a key", id="both"
        ),
        pytest.param("{to: ops, apprise: /etc/ops}", "apprise: is not a key", id="a file"),
        pytest.param("{to: ops, events: [rain]}", "must be", id="an event there is not"),
        pytest.param("{to: ops, at_least: loud}", "must be", id="a priority there is not"),
    ],
)
def test_a_policy_names_people_and_nothing_else(rule, said):
    found = load_policy(f"schema: 1\nextends: default-1\nnotifications: [{rule}]\n".encode())
    assert isinstance(found, Unreadable)
    assert said in str(found)


def test_an_event_without_a_priority_is_refused():
    content = b"schema: 1\nextends: default-1\nnotices: {priorities: {rain: info}}\n"
    assert isinstance(load_policy(content), Unreadable)
