"""A request hides nothing of what it shows (A62), and is read back as it was written."""

import unicodedata

import pytest

from policy.change import Entry, Stat, Version
from policy.documents.request import Shown, answer_path, request_page
from policy.documents.shown import Change, Looked
from policy.documents.summary import Summary
from policy.gates.verdict import Failed, Passed, Record
from policy.mission.facts import Candidate
from policy.mission.persons import PersonAsked
from policy.people.needs import ToWaive
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason
from policy.strictyaml import Document, load

ODD = (
    "a\u202egnp.txt",
    "tag\U000e0041.txt",
    "esc\x1b[2J.txt",
    "two\nlines",
    "byte\udc80",
    "half\ud800",
    "zero\u200b",
)


def entry(path, *, old=None, new="100644"):
    return Entry(
        path=path,
        old=None if old is None else Version(mode=old, oid="1" * 40),
        new=None if new is None else Version(mode=new, oid="2" * 40),
    )


def page(*rows, most=200, why="because", title="make it", tests=("t::a",)):
    entries = tuple(one for one, _ in rows)
    asked = PersonAsked(
        request="requests/1.yaml",
        need=ToWaive(gates=("tests",)),
        outcome="WAIVER_REQUESTED",
        reason=Reason.TESTS_FAILED,
        why=why,
        attempt=1,
        base="b" * 40,
    )
    summary = Summary(
        id="H-1",
        item="H-1",
        title=title,
        state="Failed",
        outcome=None,
        reason=None,
        why=why,
        failure=FailureClass.TEST_FAILURE,
        origin="item",
        landed=None,
        base="b" * 40,
        tree="7" * 40,
        gates={"tests": "failed"},
        attempts=1,
        spec_hash="5" * 64,
        policy="d" * 64,
        at="2026-01-01T00:00:00Z",
    )
    bad = Failed(failure=FailureClass.TEST_FAILURE, why=why)
    text = request_page(
        Shown(
            asked=asked,
            summary=summary,
            mode="signed",
            ref="refs/pawl/missions/H-1",
            candidate=Candidate(
                commit="c" * 40, base="b" * 40, tree="7" * 40, product="7" * 40, change="9" * 64
            ),
            change=Change(
                entries=entries,
                looked=tuple(looked for _, looked in rows),
                stat=Stat(files=len(rows), lines=3, binary_files=0),
            ),
            records=(
                Record(gate="scope", definition="0" * 64, verdict=Passed()),
                Record(gate="tests", definition="0" * 64, verdict=bad, new=tests),
            ),
            answers={"waiver": "11111111-2222-4333-8444-000000000001"},
            expires="2026-06-01T00:00:00Z",
            most=most,
        )
    )
    document = load(text.encode())
    assert isinstance(document, Document), document
    return text, document.value


@pytest.mark.parametrize(
    "odd", ODD, ids=["bidi", "tag", "escape", "newline", "no utf-8", "half", "zero"]
)
def test_nothing_in_it_is_unseen_or_turns_around_what_is_seen(odd):
    text, _ = page((entry(odd), Looked(size=1)), why=odd, title=odd, tests=(f"t::{odd}",))
    unseen = [one for one in text if one != "\n" and unicodedata.category(one)[0] in "CZ"]
    assert set(unseen) <= {" "}
    assert text.isprintable() or set(text) - {"\n"} == {one for one in text if one.isprintable()}


def test_links_modes_binaries_and_what_is_protected_have_rows_of_their_own():
    _, said = page(
        (entry("link", new="120000"), Looked(size=9, link="../../etc")),
        (entry("module", new="160000"), Looked()),
        (entry("run.sh", old="100644", new="100755"), Looked(size=4)),
        (entry("tool", new="100755"), Looked(size=4)),
        (entry("logo.png"), Looked(size=4, binary=True)),
        (entry(".pawl/policy.yaml", old="100644", new=None), Looked(protected=True)),
    )
    assert said["links"]["listed"] == ["link -> ../../etc", "module -> a submodule"]
    assert said["modes"]["listed"] == ["run.sh: 100644 -> 100755", "tool: new, 100755"]
    assert said["binary"]["listed"] == ["logo.png"]
    assert said["protected"]["listed"] == [".pawl/policy.yaml"]
    gone = next(row for row in said["paths"] if row["path"] == ".pawl/policy.yaml")
    assert gone["to"] == "nothing"


def test_what_is_too_long_is_cut_counted_and_named_by_its_digest():
    rows = [(entry(f"file-{n:04}"), Looked(size=1)) for n in range(500)]
    _, said = page(*rows, most=3, tests=tuple(f"t::{n}" for n in range(50)))
    assert [row["path"] for row in said["paths"]] == ["file-0000", "file-0001", "file-0002"]
    assert said["paths_total"] == 500
    (failing,) = said["failing"]
    assert (failing["tests"]["total"], len(failing["tests"]["listed"])) == (50, 3)
    other = [*rows[:-1], (entry("file-evil"), Looked(size=1))]
    assert page(*other, most=3)[1]["paths_sha256"] != said["paths_sha256"]


def test_it_says_what_is_asked_and_how_to_answer_it():
    _, said = page((entry("a"), Looked(size=1)))
    assert said["need"] == {"kind": "waive", "gates": ["tests"]}
    assert (said["change"], said["product"], said["base"]) == ("9" * 64, "7" * 40, "b" * 40)
    assert said["command"] == f"git diff {'b' * 40} {'c' * 40}"
    (answer,) = said["answers"]
    assert answer["ready"] == answer_path("requests/1.yaml", "waiver") == "requests/1.waiver.yaml"
    assert answer["file"] == "waivers/11111111-2222-4333-8444-000000000001.yaml"
