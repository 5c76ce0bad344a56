"""After a landing: the target is judged; flaky is told, red is mended, reverted, or freezes all."""

import pytest

from daemon.serve import once
from tests.daemon.loop.landed.asking import At, asks, judgements, runs


def test_what_the_gates_said_of_exactly_this_is_adopted(house):
    house.wishes("H-1")
    house.runs()
    assert judgements(house, "H-1") == [("passed", "adopted")]
    assert runs(house, "H-1") == 0


def test_a_gate_that_was_not_asked_before_the_landing_is_asked_after_it(house):
    asks(house, "test -s H-1.txt")
    house.wishes("H-1")
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert judgements(house, "H-1") == [("passed", "ran")]
    kinds = house.kinds("H-1")
    assert kinds[kinds.index("landed") :] == [
        "landed", "target-judging", "target-ran", "target-judged", "mission-closed",
    ]  # fmt: skip


def test_pass_and_failure_on_one_tree_is_flaky_and_told(house, signs, pawl):
    """F101: not a regression by construction, so nothing is undone."""
    asks(house, f"test -e {signs}/well", revert=True)
    house.wishes("H-1")
    house.runs(point=At("target-end", (signs / "well").touch))
    assert house.ended("H-1") == ("PASS", "landed")
    assert judgements(house, "H-1") == [("flaky", "ran")]
    assert house.subjects()[-1] == "make H-1.txt"
    assert "FLAKY: on the same tree 1 of 2 runs" in house.summary("H-1")["why"]
    assert house.summary("H-1")["target"] == "flaky"
    assert "ALERT: pass and failure on one tree" in house.closed_file("H-1", "RESULTS.md")
    assert "FLAKY" in pawl(house, "status")


def test_a_red_target_that_nobody_built_on_gets_its_last_good_tree_back(house):
    """F102."""
    asks(house, "test ! -e H-1.txt", revert=True)
    house.wishes("H-1")
    good = house.git("rev-parse", "main^{tree}")
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    assert house.subjects()[-2:] == ["make H-1.txt", 'Revert "make H-1.txt"']
    assert house.git("rev-parse", "main^{tree}") == good
    assert "status: done" not in house.shows("backlog/H-1.yaml")
    assert judgements(house, "H-1") == [("failed", "ran"), ("passed", "ran")]
    assert house.git("status", "--porcelain") == ""
    standing = house.runs()
    assert standing.selection.skipped["H-1"].reason == "closed_unresolved"


def forged(house, ref):
    tip = house.git("commit-tree", house.tip("main^{tree}"), "-m", "H-1: mission opened")
    house.git("update-ref", ref, tip)


def deleted(house, ref):
    house.git("update-ref", "-d", ref)


@pytest.mark.parametrize("harm", [forged, deleted])
def test_a_red_target_is_not_forgotten_with_the_ledger_that_says_so(house, pawl, harm):
    asks(house, "test ! -e H-1.txt || test -e mended")
    house.wishes("H-1")
    house.runs(point=At("target-end", lambda: house.commits({"README": "theirs\n"})))
    ref = "refs/pawl/missions/H-1"
    was = house.tip(ref)
    harm(house, ref)
    house.wishes("H-2")
    standing = house.runs()
    assert standing.selection.skipped["H-2"].reason == "halted"
    assert "whether the target is green after H-1 has landed" in pawl(house, "explain", "H-2")
    assert house.subjects()[-1] == "wish H-2"
    house.git("update-ref", "-d", ref)
    house.git("update-ref", ref, was)
    house.commits({"mended": "yes\n"})
    house.runs()
    assert house.ended("H-1") == house.ended("H-2") == ("PASS", "landed")


def test_a_red_target_that_somebody_built_on_freezes_until_it_is_green(house, pawl):
    """F103: nothing of theirs is undone; what they commit next is judged, and ends the freeze."""
    asks(house, "test ! -e H-1.txt || test -e mended", revert=True)
    house.wishes("H-1")
    house.wishes("H-2", blocked_by=["H-1"])
    push = At("target-end", lambda: house.commits({"README": "theirs\n"}))
    standing = house.runs(point=push)
    assert standing.rests["H-1"].reason == "frozen"
    assert "Nothing opens or lands until it is green" in standing.doubts[0]
    assert standing.selection.skipped["H-2"].reason == "halted"
    assert house.subjects()[-2:] == ["make H-1.txt", "a person's commit"]
    for command in (["status"], ["explain", "H-2"], ["doctor"]):
        assert "until it is green" in pawl(house, *command)
    house.commits({"mended": "yes\n"})
    standing = house.runs()
    assert standing.doubts == []
    assert house.ended("H-1") == ("PASS", "landed")
    assert "green again" in house.summary("H-1")["why"]
    assert house.ended("H-2") == ("PASS", "landed")


def test_a_person_who_takes_the_landing_back_ends_the_freeze_and_the_mission(house):
    asks(house, "test ! -e H-1.txt")
    house.wishes("H-1")
    assert house.runs().rests["H-1"].reason == "frozen"
    house.git("revert", "--no-edit", "HEAD")
    assert house.runs().doubts == []
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    assert "took it back" in house.summary("H-1")["why"]


def test_a_revert_whose_own_suite_is_red_is_not_reverted(house, signs):
    """F104."""
    asks(house, f"test ! -e H-1.txt -a ! -e {signs}/ill", revert=True)
    house.wishes("H-1")
    standing = house.runs(point=At("revert", (signs / "ill").touch))
    assert standing.rests["H-1"].reason == "frozen"
    assert house.subjects()[-1] == 'Revert "make H-1.txt"'
    assert judgements(house, "H-1") == [("failed", "ran"), ("failed", "ran")]
    assert house.runs().rests["H-1"].reason == "frozen"
    assert house.subjects()[-1] == 'Revert "make H-1.txt"'
    asks(house, "true", revert=True)
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")


def test_a_broken_gate_says_nothing_and_is_asked_again_after_a_time(house, signs):
    asks(house, "exit 0", revert=True)
    policy = house.shows(".pawl/policy.yaml").replace('"sh", "-c", "exit 0"', f'"{signs}/tool"')
    house.commits({".pawl/policy.yaml": policy})
    house.wishes("H-1")
    rest = house.runs().rests["H-1"]
    assert (rest.reason, judgements(house, "H-1")) == ("frozen", [("broken", "ran")])
    assert rest.until is not None
    (signs / "tool").write_text("#!/bin/sh\n")
    (signs / "tool").chmod(0o755)
    house.commits({"README": "somebody goes on\n"})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_nothing_else_lands_or_opens_while_a_landing_is_not_judged(house, signs):
    asks(house, "true")
    house.wishes("H-1", priority="P0")
    house.wishes("H-2", priority="P0")
    house.wishes("H-3", blocked_by=["H-1"])
    seen = []

    def looks():
        seen.append(
            (
                house.subjects()[-1],
                sorted(
                    house.git(
                        "for-each-ref", "--format=%(refname:lstrip=3)", "refs/pawl/missions"
                    ).split()
                ),
            )
        )

    house.runs(point=lambda name: looks() if name in ("target-start", "target-end") else None)
    assert [house.ended(f"H-{n}") for n in (1, 2, 3)] == [("PASS", "landed")] * 3
    for begun, ended in zip(seen[::2], seen[1::2], strict=True):
        assert begun[0] == ended[0]
        assert set(ended[1]) <= set(begun[1])


def test_a_start_after_a_kill_judges_the_landing_before_anything_else(house):
    """F105."""
    asks(house, "true")
    house.wishes("H-1")
    house.wishes("H-2", blocked_by=["H-1"])

    class DiedError(BaseException):
        pass

    def dies(name):
        if name == "landed":
            raise DiedError

    with pytest.raises(DiedError):
        house.runs(point=dies)
    kinds = []
    house.runs(point=lambda name: kinds.append(name) if name.startswith("append:") else None)
    first = next(name for name in kinds if "target-" in name or "opened" in name)
    assert "target-" in first
    assert [house.ended(f"H-{n}") for n in (1, 2)] == [("PASS", "landed")] * 2


MENDS = """
import json, os
told = os.environ.get('PAWL_FAILURE')
if told is None:
    open('H-1.txt', 'w').write('made')
else:
    account = json.load(open(told))
    open('H-1.txt', 'w').write('mended ' + account['class'] + ' ' + account['gate'])
"""


def test_a_red_target_is_mended_once_by_its_mission(house):
    asks(house, "! grep -q made H-1.txt", command="{deterministic: false}", repair=1, revert=True)
    house.wishes("H-1", command=["python3", "-c", MENDS])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.subjects()[-2:] == ["make H-1.txt", "Mend: make H-1.txt"]
    assert house.shows("H-1.txt") == "mended test_failure suite"
    first = house.git("rev-parse", "main~1")
    assert f"Pawl-Repairs: {first}" in house.git("log", "-1", "--format=%B", "main")
    assert judgements(house, "H-1") == [("failed", "ran"), ("passed", "adopted")]
    assert "mended by" in house.closed_file("H-1", "RESULTS.md")


def test_what_cannot_be_mended_is_reverted_to_the_tree_before_all_of_it(house):
    asks(house, "test ! -e H-1.txt", command="{deterministic: false}", repair=1, revert=True)
    house.wishes("H-1", command=["python3", "-c", MENDS])
    good = house.git("rev-parse", "main^{tree}")
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    assert house.subjects()[-1] == 'Revert "make H-1.txt"'
    assert house.git("rev-parse", "main^{tree}") == good
    assert "repair-ended" in house.kinds("H-1")


def test_a_change_the_target_had_already_is_no_error(house):
    """F107."""
    house.wishes("H-1")
    house.runs(point=At("builder-end", lambda: house.commits({"H-1.txt": "made\n"})))
    assert house.ended("H-1") == ("PASS", "already_satisfied")


def test_once_leaves_a_red_target_with_a_word_and_a_code(house, pawl):
    asks(house, "false")
    house.wishes("H-1")
    with house.serves() as it:
        assert once(it).doubts
    assert "frozen" in pawl(house, "once")
