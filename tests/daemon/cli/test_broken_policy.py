"""A policy nobody can read: what is known without it is told all the same, beside the error."""

import pytest


@pytest.fixture
def spoiled(served):
    """A served repository with one open mission, held, whose policy was broken afterwards."""
    served.git("reset", "-q", "--hard")
    served.write("README.md", "an edit nobody has committed\n")
    assert served.pawl("once").code == 9
    served.git("checkout", "-q", "README.md")
    served.commit(".pawl/policy.yaml", "::: not [yaml\n")
    return served


@pytest.mark.parametrize("command", [["status"], ["explain"], ["explain", "HELLO-1"]])
def test_daemon_missions_and_error_are_told_together(spoiled, command):
    answer = spoiled.pawl(*command)
    assert answer.code == 3
    assert "daemon: green, last looked " in answer.out
    (row,) = [line for line in answer.out.splitlines() if line.startswith("HELLO-1")]
    assert "held" in row
    assert "cannot read .pawl/policy.yaml" in answer.err
    assert "not a mapping of keys" in answer.err


@pytest.mark.parametrize("command", ["status", "explain"])
def test_the_one_object_of_json_has_them_as_well(spoiled, command):
    answer = spoiled.pawl(command, "--json")
    assert answer.code == 3
    told = answer.json
    assert [mission["id"] for mission in told["missions"]] == ["HELLO-1"]
    assert told["daemon"]["resting"]["HELLO-1"]["reason"] == "held"
    assert told["error"]["code"] == 3
    assert "not a mapping of keys" in told["error"]["why"][0]


def test_a_frozen_daemon_says_so_and_ends_when_the_policy_is_mended(spoiled):
    assert spoiled.pawl("once").code == 3
    assert "frozen: " in spoiled.pawl("status").out
    spoiled.git("revert", "--no-edit", "HEAD")
    assert spoiled.pawl("status").code == 0
    assert spoiled.pawl("once").code == 0
