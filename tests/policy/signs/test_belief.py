"""Whose word about itself may be taken, and how far."""

import pytest

from policy.rules.failures import FailureClass
from policy.rules.load import shipped_policy
from policy.signs.belief import shown_by_base, word_of_a_builder
from policy.signs.recognise import shipped
from policy.signs.signature import Sign

ROUTES = shipped_policy().policy.failures


def sign(failure, name=""):
    return Sign(failure=FailureClass(failure), tool="t", line="l", name=name)


@pytest.mark.parametrize(
    ("candidate", "base", "red_before", "shown"),
    [
        (("environment_error",), None, False, False),
        (("environment_error",), ("test_failure",), False, False),
        (("environment_error",), ("environment_error",), False, True),
        (("environment_error",), ("environment_error",), True, True),
        (("dependency_error",), ("dependency_error",), False, True),
        (("dependency_error",), ("dependency_error",), True, False),
        (("tool_missing", "new"), ("tool_missing", "new"), False, True),
        (("tool_missing", "new"), ("tool_missing", "new"), True, False),
        (("tool_missing", "pytest"), ("tool_missing", "pytest"), True, True),
        (("tool_missing", "pytest"), ("tool_missing", "ruff"), True, False),
        (("tool_missing", ""), ("tool_missing", ""), True, False),
    ],
)
def test_an_excuse_of_a_candidate_is_one_that_the_base_has_too(candidate, base, red_before, shown):
    there = None if base is None else sign(*base)
    assert shown_by_base(sign(*candidate), there, red_before=red_before) is shown


def test_no_class_a_builder_can_print_its_way_to_is_without_end_as_shipped():
    for row in shipped():
        route = ROUTES[row.failure]
        if word_of_a_builder(sign(row.failure), ROUTES) and route.origin != "item":
            assert route.ends_with_a_person
            assert route.limit < 10
