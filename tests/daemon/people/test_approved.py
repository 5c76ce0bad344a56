"""`{approved: ID}`: an item that waits until somebody has approved another one."""

import pytest


def test_it_runs_once_the_other_one_is_approved_and_not_before(home):
    home.wishes("H-1", requires_approval=True)
    home.wishes("H-2", ready_when=[{"approved": "H-1"}])
    standing = home.runs()
    assert standing.selection.skipped["H-2"].reason == "awaiting_permission"
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == home.ended("H-2") == ("PASS", "landed")
    home.wishes("H-3", ready_when=[{"approved": "H-1"}])
    home.runs()
    assert home.ended("H-3") == ("PASS", "landed"), "what was approved stays so once it landed"


@pytest.mark.parametrize("by", ["eve", None], ids=["a stranger", "nobody"])
def test_whose_approval_does_not_count_lets_nothing_run(home, by):
    home.wishes("H-1", requires_approval=True)
    home.wishes("H-2", ready_when=[{"approved": "H-1"}])
    home.runs()
    home.answers("H-1", "approval", by=by)
    standing = home.runs()
    assert standing.selection.skipped["H-2"].reason == "awaiting_permission"


def test_a_rejection_is_no_approval(home):
    home.wishes("H-1", requires_approval=True)
    home.wishes("H-2", ready_when=[{"approved": "H-1"}])
    home.runs()
    home.answers("H-1", "rejection")
    standing = home.runs()
    assert standing.selection.skipped["H-2"].reason == "awaiting_permission"
