"""Whom a red target is laid to, what is undone then, and what a freeze advises."""

from structlog.testing import capture_logs

from tests.daemon.loop.landed.asking import At, asks

RED_BEFORE = {"revert": True, "repair": 1, "command": "{deterministic: false}"}


def test_a_target_that_was_red_before_a_landing_is_not_laid_to_it(house, pawl):
    """Nothing is mended, undone or charged; nothing lands; a person's commit ends it."""
    asks(house, "test ! -e BROKEN", **RED_BEFORE)
    house.commits({"BROKEN": "by a person\n"})
    house.wishes("H-1")
    house.wishes("H-2", blocked_by=["H-1"])
    parent = house.tip("main")
    standing = house.runs()
    rest = standing.rests["H-1"]
    assert rest.reason == "frozen"
    assert f"red already at {parent[:12]}" in rest.why
    assert "known since 20" in rest.why
    assert "git revert" not in rest.why
    assert "red already" in pawl(house, "status")
    assert house.subjects()[-1] == "make H-1.txt"
    ran = [fact.commit for fact in house.facts("H-1") if fact.kind == "target-ran"]
    assert ran == [house.tip("main")] * 2 + [parent]
    kinds = house.kinds("H-1")
    assert kinds.count("attempt-started") == 1
    assert not {"revert-started", "failure-classified"} & {*kinds}
    house.commits({"README": "still red\n"})
    assert "red already" in house.runs().rests["H-1"].why
    house.commits({"BROKEN": None})
    house.runs()
    assert house.ended("H-1") == house.ended("H-2") == ("PASS", "landed")
    assert house.summary("H-1")["failure"] is None


def test_a_person_who_takes_back_a_landing_that_was_red_before_is_told_it_did_not_help(house):
    asks(house, "test ! -e BROKEN", **RED_BEFORE)
    house.commits({"BROKEN": "by a person\n"})
    house.wishes("H-1")
    house.runs()
    house.git("revert", "--no-edit", "HEAD")
    why = house.runs().rests["H-1"].why
    assert "taken back, in vain" in why
    assert "red already" in why
    house.commits({"BROKEN": None})
    house.runs()
    assert house.ended("H-1")[0] == "BLOCKED"
    assert "red before" in house.summary("H-1")["why"]


def test_where_the_gate_breaks_on_the_commit_before_nothing_is_undone(house):
    asks(house, "test -e H-1.txt && exit 1; kill -9 $$", revert=True)
    house.wishes("H-1")
    rest = house.runs().rests["H-1"]
    assert rest.reason == "frozen"
    assert "cannot say" in rest.why
    assert rest.until is not None
    assert house.subjects()[-1] == "make H-1.txt"


def test_a_revert_by_hand_that_did_not_help_is_not_advised_again(house):
    asks(house, "test ! -e H-1.txt -a ! -e worse")
    house.wishes("H-1")
    assert "git revert" in house.runs().rests["H-1"].why
    house.commits({"worse": "by a person\n"})
    house.git("revert", "--no-edit", "HEAD~1")
    why = house.runs().rests["H-1"].why
    assert "git revert" not in why
    assert "taken back, in vain" in why


def test_a_landing_that_is_reverted_by_itself_pages_nobody(house):
    asks(house, "test ! -e H-1.txt", revert=True)
    house.wishes("H-1")
    with capture_logs() as logs:
        house.runs()
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    told = {(one["log_level"], one["event"]) for one in logs}
    assert ("warning", "the target is red, and is being seen to") in told
    assert ("info", "the target is green again") in told
    assert not {event for level, event in told if level == "error"}


def test_a_revert_that_a_checkout_holds_is_a_persons(house):
    asks(house, "test ! -e H-1.txt", revert=True)
    house.wishes("H-1")
    change = At("revert", lambda: (house.path / "H-1.txt").write_text("somebody's\n"))
    standing = house.runs(point=change)
    assert standing.rests["H-1"].reason == "held"
    assert "is being reverted" in standing.doubts[0]
    house.git("checkout", "H-1.txt")
    assert house.runs().doubts == []
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")


def test_a_revert_that_comes_late_undoes_nothing(house):
    """F104: the CAS is lost."""
    asks(house, "test ! -e H-1.txt || test -e mended", revert=True)
    house.wishes("H-1")
    house.runs(point=At("revert", lambda: house.commits({"mended": "yes\n"})))
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.subjects()[-2:] == ["make H-1.txt", "a person's commit"]
    assert "revert-missed" in house.kinds("H-1")
