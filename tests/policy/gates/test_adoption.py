"""Which record may stand for another run."""

import pytest

from policy.gates.adoption import Earlier, Subject, adopted
from policy.gates.verdict import Failed, Passed, Record
from policy.rules.failures import FailureClass
from policy.rules.gates import GateCommand
from policy.rules.load import shipped_policy

HERE = Subject(product="1" * 40, base="2" * 40, n=1, environment="e" * 64)
LINT = GateCommand(name="lint", run=("true",), timeout_s=1)
SUITE = GateCommand(name="suite", run=("t", "{report}"), report="junit", baseline=True, timeout_s=1)
POLICY = shipped_policy().policy.model_copy(update={"gates": (LINT, SUITE)})
OTHER = "3" * 40


def said(gate, verdict=None, *, subject=HERE, definition="0" * 64):
    record = Record(gate=gate, definition=definition, verdict=verdict or Passed())
    return Earlier(subject=subject, records=(record,))


def asks(gate, *earlier):
    return adopted(gate, "0" * 64, HERE, policy=POLICY, earlier=earlier)


@pytest.mark.parametrize("gate", ["scope", "red_first", "tests", "done", "lint", "suite"])
def test_what_an_equal_gate_said_of_an_equal_candidate_is_adopted(gate):
    record = asks(gate, said(gate))
    assert (record.verdict, record.source) == (Passed(), "adopted")


@pytest.mark.parametrize("gate", ["tests", "done", "lint"])
@pytest.mark.parametrize("change", [{"base": OTHER}, {"n": 2}])
def test_a_gate_that_reads_the_product_alone_does_not_ask_where_it_came_from(gate, change):
    assert asks(gate, said(gate, subject=HERE.model_copy(update=change)))


@pytest.mark.parametrize("gate", ["scope", "limits", "tree", "red_first", "suite"])
@pytest.mark.parametrize("change", [{"base": OTHER}, {"n": 2}])
def test_a_gate_that_reads_the_base_or_the_change_asks_again_beside_another(gate, change):
    assert asks(gate, said(gate, subject=HERE.model_copy(update=change))) is None


@pytest.mark.parametrize("change", [{"product": OTHER}, {"environment": "f" * 64}])
def test_another_product_or_environment_is_asked_again(change):
    assert asks("tests", said("tests", subject=HERE.model_copy(update=change))) is None


def test_another_definition_is_another_gate():
    assert asks("tests", said("tests", definition="1" * 64)) is None
    assert asks("tests", said("lint")) is None


def test_what_barred_is_asked_again_also_after_an_older_pass():
    barred = Failed(failure=FailureClass.TEST_FAILURE, why="?")
    assert asks("tests", said("tests", barred)) is None
    assert asks("tests", said("tests"), said("tests", barred)) is None
    assert asks("tests", said("tests", barred), said("tests"))
