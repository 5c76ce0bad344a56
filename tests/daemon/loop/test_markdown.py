"""Missions wished for in BACKLOG.md: built, landed and ticked as any other."""

import pytest

from daemon.serve import once
from policy.rules.load import load_policy
from tests.daemon.conftest import POLICY


def entry(name, box=" ", **fields):
    path = f"{name}.txt"
    below = {
        "Id": name,
        "Tests": f"`test -s {path}`",
        "Scope": path,
        "Command": f"`sh -c 'echo made > {path}'`",
        **fields,
    }
    lines = [f"  - {label}: {value}\n" for label, value in below.items() if value]
    return f"- [{box}] **make {path}** — DoD: there is {path} — Owner: ada\n{''.join(lines)}"


def sheet(*entries):
    return "# Wishes\n\n### P1 (now)\n\n" + "".join(entries)


@pytest.fixture
def wishing(house):
    def wish(*entries):
        house.commits({"BACKLOG.md": sheet(*entries)}, "wishes")
        return house

    return wish


def test_entries_are_built_one_after_the_other_and_both_end_ticked(wishing):
    house = wishing(entry("M-1"), entry("M-2"))
    house.runs()
    assert [house.ended(name) for name in ("M-1", "M-2")] == [("PASS", "landed")] * 2
    assert house.shows("BACKLOG.md") == sheet(entry("M-1", "x"), entry("M-2", "x")).strip()
    assert house.subjects()[-2:] == ["make M-1.txt", "make M-2.txt"]
    changed = house.git("diff", "--name-only", "main~1", "main").splitlines()
    assert changed == ["BACKLOG.md", "M-2.txt"]


def test_both_run_at_once_and_the_second_is_ticked_on_the_moved_target(founded):
    policy = POLICY + b"selection: {max_agents: 2}\n"
    house = founded({"BACKLOG.md": sheet(entry("M-1"), entry("M-2"))}, policy)
    house.runs()
    assert house.shows("BACKLOG.md") == sheet(entry("M-1", "x"), entry("M-2", "x")).strip()


def test_an_entry_waits_for_a_native_item_and_the_other_way_round(wishing):
    house = wishing(entry("M-1", **{"Blocked by": "N-1"}), entry("M-2"))
    house.wishes("N-1", blocked_by=["M-2"])
    house.runs()
    assert house.subjects()[-3:] == ["make M-2.txt", "make N-1.txt", "make M-1.txt"]


def test_a_person_who_edits_other_lines_meanwhile_is_in_nobodys_way(wishing):
    waits = "`sh -c 'echo made > M-1.txt; while ! test -e /tmp/never; do sleep 0.1; done'`"
    house = wishing(entry("M-1", Command=waits), entry("M-2", "!"))
    with house.serves() as it:
        it.daemon.reconcile()
        text = sheet(entry("M-1", Command=waits), entry("M-2", "/"), entry("M-3", "!"))
        house.commits({"BACKLOG.md": "One more line above.\n" + text})
        standing = it.daemon.reconcile()
        assert "M-1" in standing.under_way
    text = text.replace(waits, "`sh -c 'echo made > M-1.txt'`")
    house.commits({"BACKLOG.md": "One more line above.\n" + text})
    house.runs()
    assert house.ended("M-1@2") == ("PASS", "landed")
    ticked = "One more line above.\n" + text.replace("- [ ] **make M-1", "- [x] **make M-1")
    assert house.shows("BACKLOG.md") == ticked.strip()


def test_a_mission_that_edits_the_file_is_barred(wishing):
    command = "`sh -c 'echo made > M-1.txt; echo more >> BACKLOG.md'`"
    house = wishing(entry("M-1", Command=command, Scope="`**`"))
    house.runs()
    assert house.ended("M-1") == ("BLOCKED", "protected_path")
    assert house.shows("BACKLOG.md") == sheet(entry("M-1", Command=command, Scope="`**`")).strip()


def test_a_file_elsewhere_is_protected_too(founded):
    policy = POLICY + b"backlog_markdown: docs/TODO.md\n"
    command = "`sh -c 'echo made > M-1.txt; echo more >> docs/TODO.md'`"
    files = {"docs/TODO.md": sheet(entry("M-1", Command=command, Scope="`**`"))}
    house = founded(files, policy)
    house.runs()
    assert house.ended("M-1") == ("BLOCKED", "protected_path")


@pytest.mark.parametrize(("on_invalid", "landed"), [("halt", []), ("hold", ["make M-2.txt"])])
def test_a_bad_entry_stops_what_policy_says(founded, on_invalid, landed):
    policy = POLICY + f"selection: {{on_invalid: {on_invalid}}}\n".encode()
    house = founded({"BACKLOG.md": sheet(entry("M-1", Tests=""), entry("M-2"))}, policy)
    standing = house.runs()
    skip = standing.selection.skipped["M-1"]
    assert skip.reason == "invalid"
    assert "BACKLOG.md:5: Tests: is missing" in skip.why
    assert [one for one in house.subjects() if one.startswith("make")] == landed


def test_nothing_is_read_where_policy_says_so(founded):
    house = founded(
        {"BACKLOG.md": sheet("- [ ] **prose**\n")}, POLICY + b"backlog_markdown: null\n"
    )
    standing = house.runs()
    assert standing.selection.skipped == {}


@pytest.mark.parametrize("path", ["/etc/B.md", "../B.md", "B.txt", "backlog/A.yaml", ""])
def test_a_policy_that_names_no_markdown_file_of_the_repository_is_refused(path):
    found = load_policy(POLICY + f"backlog_markdown: {path!r}\n".encode())
    assert "backlog_markdown" in str(found)


def test_an_entry_that_is_taken_out_or_demoted_cancels_its_mission(wishing):
    waits = "`sh -c 'while ! test -e /tmp/never; do sleep 0.1; done'`"
    house = wishing(entry("M-1", Command=waits))
    with house.serves() as it:
        it.daemon.reconcile()
        house.commits({"BACKLOG.md": sheet(entry("M-1", "!", Command=waits))})
        once(it)
    assert house.ended("M-1")[0] == "CANCELLED"
