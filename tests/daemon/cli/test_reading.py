"""Reading works in any clone, with or without trust, and tells the same story there."""

import subprocess
import sys

import pytest

REFSPEC = "+refs/pawl/*:refs/pawl/*"


@pytest.fixture(scope="module")
def story(tmp_path_factory, desk_in):
    """A repository with a landed and a blocked mission, and a plain clone of it."""
    folder = tmp_path_factory.mktemp("story")
    desk = desk_in(folder)
    desk.commit("README.md", "a house\n")
    desk.pawl("init")
    item = (desk.repo / "backlog/HELLO-1.yaml").read_text()
    bad = item.replace("HELLO-1", "BYE-1").replace("grep, -q, Hello", "grep, -q, Goodbye")
    bad = bad.replace("priority: P2", "priority: P3")  # is the second, whatever its name
    desk.commit("backlog/BYE-1.yaml", bad.replace("backlog/BYE-1.yaml", "backlog/HELLO-1.yaml"))
    assert desk.pawl("once").code == 6
    clone = folder / "clone"
    desk.git("clone", "-q", str(desk.repo), str(clone), at=folder)
    desk.git("fetch", "-q", "origin", REFSPEC, at=clone)
    return desk, clone


@pytest.mark.parametrize(
    "command",
    [
        ("show", "HELLO-1"), ("show", "BYE-1"), ("log",), ("log", "BYE-1"), ("diff", "HELLO-1"),
        ("diff", "BYE-1"), ("results", "BYE-1"), ("explain",), ("explain", "BYE-1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_plain_clone_tells_the_same_story(story, command):
    desk, clone = story
    here, there = desk.pawl(*command, "--json"), desk.pawl(*command, "--json", at=clone)
    assert here.code == there.code == 0
    assert here.out == there.out.replace('"unverified"', '"verified"')


def test_status_says_the_same_and_that_nothing_is_verified(story):
    desk, clone = story
    here, there = desk.pawl("status", "--json").json, desk.pawl("status", "--json", at=clone).json
    assert here["missions"] == there["missions"]
    assert here["skipped"] == there["skipped"]
    assert here["doubt"] is None
    assert there["doubt"].startswith("unverified: no host file")


def test_the_key_decides_whether_it_is_verified(story):
    desk, clone = story
    assert desk.pawl("show", "HELLO-1", "--json").json["verified"] == "verified"
    assert desk.pawl("show", "HELLO-1", "--json", at=clone).json["verified"] == "unverified"


def test_show_has_every_fact_in_order(story):
    desk, _ = story
    facts = desk.pawl("show", "HELLO-1", "--json").json["facts"]
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert (facts[0]["kind"], facts[-1]["kind"]) == ("mission-opened", "mission-closed")


def test_show_names_the_evidence_of_what_barred_as_git_finds_it(story):
    desk, clone = story
    told = desk.pawl("show", "BYE-1").out
    (line,) = [line for line in told.splitlines() if "evidence" in line]
    command = line.split("git ")[1].split()
    for place in (desk.repo, clone):
        assert "output.txt" in desk.git(*command, at=place)
    assert "evidence" not in desk.pawl("show", "HELLO-1").out


def test_the_diff_of_what_landed_is_what_git_shows(story):
    desk, _ = story
    found = desk.pawl("diff", "HELLO-1", "--json").json
    assert found["of"] == "landed"
    assert "+Hello from the first mission" in found["diff"]


def test_results_are_the_page_that_was_stored(story):
    desk, _ = story
    page = desk.pawl("results", "BYE-1").out
    assert "# BYE-1: Hello from the first mission" in page
    assert "**FAIL: BLOCKED, tests_failed**" in page


def test_every_line_of_the_log_is_a_fact(story):
    desk, _ = story
    lines = desk.pawl("log").out.splitlines()
    facts = sum(
        len(desk.pawl("show", name, "--json").json["facts"]) for name in ("HELLO-1", "BYE-1")
    )
    assert len(lines) == facts


def test_the_log_tells_missions_in_the_order_they_were_worked_on(story):
    desk, _ = story
    told = [line.split()[1] for line in desk.pawl("log").out.splitlines()]
    order = [one.removeprefix("pawl: ").partition(":")[0] for one in desk.subjects("pawl/ledger")]
    assert list(dict.fromkeys(told)) == [one for one in reversed(order) if one.endswith("-1")]
    assert told == sorted(told, key=list(dict.fromkeys(told)).index)


@pytest.mark.parametrize("command", ["show", "diff", "results", "log", "explain"])
def test_what_is_not_there_is_not_found(story, command):
    desk, _ = story
    answer = desk.pawl(command, "NOBODY-1")
    assert answer.code == 4
    assert "NOBODY-1" in answer.err


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "@", "HELLO-1@0", "HELLO-1@x", "é"])
def test_any_text_may_be_asked_for(story, name):
    desk, _ = story
    assert desk.pawl("show", name).code == 4


def test_outside_of_a_repository_it_is_not_found(story, tmp_path):
    desk, _ = story
    answer = desk.pawl("status", "--json", at=tmp_path)
    assert answer.code == answer.json["error"]["code"] == 4


def test_c_chooses_the_repository(story, tmp_path):
    desk, _ = story
    before = desk.pawl("-C", str(desk.repo), "explain", at=tmp_path)
    after = desk.pawl("explain", "-C", str(desk.repo), at=tmp_path)
    assert before.out == after.out
    assert before.code == after.code == 0


def test_usage_errors_exit_with_2(story):
    desk, _ = story
    assert desk.pawl("frobnicate").code == desk.pawl("show").code == 2


def test_an_edited_ledger_is_foreign_and_shown_as_that(story, tmp_path):
    desk, _ = story
    clone = tmp_path / "forged"
    desk.git("clone", "-q", str(desk.repo), str(clone), at=tmp_path)
    desk.git("fetch", "-q", "origin", "pawl/ledger:pawl/ledger", at=clone)
    key = desk.pawl("show", "HELLO-1").out and (desk.config / "trust.yaml").read_text()
    public = next(line for line in key.splitlines() if line.startswith("daemon_key: "))
    oid = desk.git("rev-list", "--first-parent", "--grep=pawl: serve", "main")
    argv = ("init", "--introduction", oid, "--daemon-key", public.removeprefix("daemon_key: "))
    assert desk.pawl(*argv, at=clone).code == 0
    tree = desk.git("rev-parse", "pawl/ledger^{tree}", at=clone)
    forged = desk.git("commit-tree", tree, "-p", "pawl/ledger", "-m", "mine", at=clone)
    desk.git("update-ref", "refs/heads/pawl/ledger", forged, at=clone)
    answer = desk.pawl("show", "HELLO-1", at=clone)
    assert answer.code == 5
    assert "not the daemon's: the commit is not signed" in answer.err
    assert desk.pawl("status", at=clone).code == 0


def test_as_a_process_it_answers_the_same(story):
    desk, _ = story
    assert desk.process("explain", "--json").out == desk.pawl("explain", "--json").out
    gone = desk.process("show", "NOBODY-1", "--json")
    assert (gone.code, gone.json["error"]["code"]) == (4, 4)
    assert desk.process("frobnicate").code == 2


def test_who_has_read_enough_may_stop_reading(story):
    desk, _ = story
    argv = f"{sys.executable} -m daemon log | head -n 1"
    done = subprocess.run(
        ("bash", "-o", "pipefail", "-c", argv),
        cwd=desk.repo, env=desk.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_mark_that_cannot_be_believed_is_why_nothing_is_next(served):
    served.pawl("once", "--dry-run")
    (served.state / "highwater.json").write_text("{}")
    said = served.pawl("explain", "HELLO-1").out
    assert "halted" in said
    assert "cannot be believed" in said
