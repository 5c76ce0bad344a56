"""A mission waits, a person signs the ready-made answer, and it goes on."""

import json
import threading

import pytest
import yaml

from tests.daemon.conftest import POLICY

ASKS = POLICY + b"failures:\n  build_error: {action: escalate, origin: item}\n"
WAIVES = POLICY + b"failures:\n  test_failure: {action: waiver, origin: item}\n"


def test_an_approval_lets_it_land_and_is_named_by_the_landing(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    asked = home.waits("H-1")
    assert (asked.outcome, asked.request) == ("APPROVAL_REQUESTED", "requests/1.yaml")
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    kinds = home.kinds("H-1")
    assert kinds.index("permissions-seen") < kinds.index("person-answered")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    (blob,) = started.permissions
    assert home.git("log", "-1", "--format=%(trailers:key=Pawl-Waiver,valueonly)").strip() == blob
    (answered,) = [one for one in home.facts("H-1") if one.kind == "person-answered"]
    assert (answered.principal, answered.answer) == ("alice@x", "approval")
    assert blob == answered.permission
    page = home.closed_file("H-1", "RESULTS.md")
    assert "- asked, APPROVAL_REQUESTED (`requests/1.yaml`)" in page
    assert f"- approval: alice@x, in `{answered.commit}` (permission `{blob}`)" in page


def test_the_flip_of_its_own_item_is_no_protected_path_of_a_request(home):
    """Every candidate has it; what a builder changes below `backlog/` no gate lets through."""
    home.wishes("H-1", requires_approval=True)
    home.runs()
    request = yaml.safe_load(home.request("H-1"))
    assert [row["path"] for row in request["paths"]] == ["H-1.txt", "backlog/H-1.yaml"]
    assert "protected" not in request


def test_a_rejection_ends_it(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    home.answers("H-1", "rejection")
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "rejected_by_person")
    assert "make H-1.txt" not in home.subjects()


def test_an_abort_cancels_it(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    home.answers("H-1", "abort")
    home.runs()
    assert home.ended("H-1") == ("CANCELLED", "by_person")


def test_a_resume_is_one_more_attempt_and_then_the_same_limit_asks_again(settled):
    home = settled(ASKS)
    home.wishes("H-1", command=["sh", "-c", "exit 3"])
    home.runs()
    assert home.waits("H-1").request == "requests/1.yaml"
    home.answers("H-1", "resume")
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    assert home.kinds("H-1").count("attempt-ended") == 2
    home.runs()
    assert home.kinds("H-1").count("attempt-ended") == 2


def test_a_grant_is_as_many_attempts_as_it_says(settled):
    home = settled(ASKS + b"command: {deterministic: false}\n")
    home.wishes("H-1", command=["sh", "-c", "exit 3"])
    home.runs()
    home.answers("H-1", "grant", edit=lambda text: text.replace('"attempts": 1', '"attempts": 3'))
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    assert home.kinds("H-1").count("attempt-ended") == 4


def test_a_waiver_of_the_gate_lets_it_land_with_what_failed(settled):
    home = settled(WAIVES)
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}])
    home.runs()
    asked = home.waits("H-1")
    assert (asked.outcome, asked.need.gates) == ("WAIVER_REQUESTED", ("tests",))
    home.answers("H-1", "waiver")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    assert len(started.permissions) == 1
    assert home.summary("H-1")["why"] == "landed; waived: tests by alice@x"


def test_gates_after_a_waived_one_are_asked_all_the_same(settled):
    suite = {"name": "suite", "run": ["test", "-s", "third.txt"], "timeout_s": 60, "waivable": True}
    home = settled(WAIVES + f"gates: [{json.dumps(suite)}]\n".encode())
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}])
    home.runs()
    assert home.waits("H-1").need.gates == ("tests",)
    home.answers("H-1", "waiver")
    home.runs()
    assert home.waits("H-1").need.gates == ("suite",), "the one before it is waived already"
    home.answers("H-1", "waiver", number=2)
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    assert len(started.permissions) == 2


@pytest.mark.parametrize(
    ("by", "edit", "code"),
    [
        (None, None, "unsigned"),
        ("eve", None, "unknown_key"),
        ("alice", lambda text: text.replace("H-1", "H-2"), None),
        ("alice", lambda text: text.replace("attempt: 1", "attempt: 2"), "wrong_attempt"),
        ("alice", lambda text: text.replace("refs/heads/main", "refs/heads/other"), "wrong_ref"),
    ],
    ids=["nobody", "a stranger", "another mission", "attempt", "branch"],
)
def test_what_does_not_count_is_told_and_changes_nothing(home, by, edit, code):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    home.answers("H-1", "approval", by=by, edit=edit)
    standing = home.runs()
    assert home.waits("H-1").request == "requests/1.yaml"
    why = standing.rests["H-1"].why
    assert (f"does not count: {code}" in why) if code else "does not count" not in why
    home.answers("H-1", "rejection")
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "rejected_by_person")


def test_the_request_shows_what_would_land(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    lines = dict(
        line.split(": ", 1) for line in home.request("H-1").splitlines() if ": " in line[:20]
    )
    asked = home.waits("H-1")
    candidate = json.loads(lines["candidate"])
    assert json.loads(lines["base"]) == asked.base == home.tip(f"{candidate}^")
    assert "H-1.txt" in home.request("H-1")
    shown = home.git("rev-parse", "refs/pawl/missions/H-1:requests/1.yaml")
    assert shown == asked.shown


def test_opening_checkpoint_and_landing_ask_one_after_the_other_as_policy_says(settled):
    home = settled(
        POLICY + b"approvals: [{at: open, role: approver}, {at: land, role: approver, "
        b"when: {paths: ['H-1.*']}}]\n"
        b"checkpoints: [{name: CEO_REVIEW, after: build}]\n"
    )
    home.wishes("H-1")
    asked = []
    for number in (1, 2, 3):
        home.runs()
        asked.append(home.waits("H-1").need.kind)
        home.answers("H-1", "approval", number=number)
    home.runs()
    assert asked == ["open", "checkpoint", "land"]
    assert home.ended("H-1") == ("PASS", "landed")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    assert len(started.permissions) == 2, "those that what lands was shown for"


class AtOnce:
    """Counts builders that run at the same time."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, name):
        with self.lock:
            self.now += {"builder-start": 1, "builder-end": -1}.get(name, 0)
            self.most = max(self.most, self.now)


def test_however_many_people_let_go_on_at_once_no_more_run_than_may(settled):
    home = settled(ASKS)  # max_agents: 1
    names = ["H-1", "H-2", "H-3"]
    for name in names:
        home.wishes(name, command=["sh", "-c", "sleep 0.2; exit 3"])
    home.runs()
    for name in names:
        home.answers(name, "resume")
    counted = AtOnce()
    home.runs(point=counted)
    assert [home.waits(name).request for name in names] == ["requests/2.yaml"] * 3
    assert (counted.most, counted.now) == (1, 0)
