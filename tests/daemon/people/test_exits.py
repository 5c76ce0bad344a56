"""What `once` ends with when somebody is waited for, and after they have decided (DESIGN 10)."""

import pytest

from tests.daemon.conftest import POLICY
from tests.daemon.people.test_commands import pawl, says, signing

FAILS = ["sh", "-c", "exit 3"]
RULES = (
    b"failures:\n  build_error: {action: escalate, origin: item}\n"
    b"  test_failure: {action: waiver, origin: item}\n"
)
LANDS, BLOCKED, ASKED, WAIVER, HELD, CANCELLED, LOCKED = 0, 6, 7, 8, 9, 12, 75


@pytest.fixture
def once(settled):
    """`once(item, **keys)` wishes, and is what `pawl once` ends with; alice signs."""
    home = settled(POLICY + RULES)
    signing(home)

    def run(item=None, **keys):
        if item is not None:
            home.wishes(item, **keys)
        return pawl(home.path, "once").code

    run.home = home
    return run


@pytest.mark.parametrize(
    ("wish", "waits", "verb", "ends"),
    [
        pytest.param({"requires_approval": True}, ASKED, "approve", LANDS, id="approved"),
        pytest.param({"requires_approval": True}, ASKED, "reject", BLOCKED, id="rejected"),
        pytest.param({"command": FAILS}, ASKED, "abort", CANCELLED, id="escalated, aborted"),
        pytest.param({"command": FAILS}, ASKED, "resume", ASKED, id="escalated, and again"),
        pytest.param(
            {"tests": [{"run": ["test", "-s", "other"]}]}, WAIVER, "approve", LANDS, id="waived"
        ),
        pytest.param(
            {"tests": [{"run": ["test", "-s", "other"]}]},
            WAIVER,
            "reject",
            BLOCKED,
            id="not waived",
        ),
    ],
)
def test_once_ends_with_what_is_asked_and_then_with_what_was_decided(once, wish, waits, verb, ends):
    assert once("H-1", **wish) == waits
    assert once() == waits
    assert says(once.home, verb, "H-1").code == 0
    assert once() == ends


def test_the_worst_of_several_counts_and_nothing_is_left_at_the_end(once):
    once.home.wishes("H-1", requires_approval=True)
    once.home.wishes("H-2", priority="P2", tests=[{"run": ["test", "-s", "other"]}])
    assert once("H-3", priority="P3") == ASKED
    assert says(once.home, "approve", "H-1").code == 0
    assert once() == WAIVER
    assert says(once.home, "reject", "H-2").code == 0
    assert (once(), once()) == (BLOCKED, LANDS)


def test_a_held_landing_and_a_lock_end_otherwise_and_it_goes_on(once):
    once.home.wishes("H-1")
    (once.home.path / "README").write_text("changed, and not committed\n")
    assert once() == HELD
    once.home.git("checkout", "--quiet", "README")
    with once.home.serves():
        assert once() == LOCKED
    assert once() == LANDS


def test_a_gate_that_cannot_say_anything_bars_until_it_can(settled):
    gate = '{name: suite, run: [sh, -c, "test -e quick || sleep 60"], timeout_s: 1}'
    rules = f"gates: [{gate}]\nfailures: {{test_timeout: {{action: terminate, origin: item}}}}\n"
    home = settled(POLICY + rules.encode())
    home.wishes("H-1")
    assert pawl(home.path, "once").code == BLOCKED
    assert home.ended("H-1") == ("BLOCKED", "gate_broken")
    home.commits({"quick": "now it is\n"})
    assert pawl(home.path, "retry", "H-1").code == 0
    assert pawl(home.path, "once").code == LANDS
    assert home.ended("H-1@2") == ("PASS", "landed")


def test_a_reason_to_wait_is_told_with_its_request(once):
    once.home.wishes("H-1", requires_approval=True)
    (row,) = pawl(once.home.path, "once", "--json").json["missions"]
    assert (row["outcome"], row["reason"]) == ("APPROVAL_REQUESTED", "approval_missing")
