"""The Markdown backlog of a commit, alone and beside native items."""

from random import Random

import pytest

from gitops.intake import Intake

FOLDER, EXECUTABLE, LINK, SUBMODULE = 0o40000, 0o100755, 0o120000, 0o160000


def entry(name, box=" ", **fields):
    below = {"Id": name, "Tests": "`false`", "Scope": f"{name}.txt", "Command": "`true`", **fields}
    lines = [f"  - {label}: {value}\n" for label, value in below.items() if value]
    return f"- [{box}] **make {name}** — DoD: it is there — Owner: ada\n{''.join(lines)}"


def sheet(*entries):
    return ("### P1\n\n" + "".join(entries)).encode()


@pytest.fixture
def read(shelves):
    def reading(files, path="BACKLOG.md"):
        return shelves.read(files, sheet=path)

    return reading


def bads(backlog):
    return {one.item: str(one) for one in backlog.bad}


def test_items_come_from_both_forms_and_wait_for_each_other(read, write):
    backlog = read({
        "BACKLOG.md": sheet(entry("M-1", **{"Blocked by": "N-1"}), entry("M-2", box="x")),
        "backlog/N-1.yaml": write("N-1", blocked_by="[M-2]"),
    })  # fmt: skip
    assert set(backlog.items) == {"M-1", "M-2", "N-1"}
    assert backlog.bad == ()
    assert backlog.items["M-1"].path == "BACKLOG.md"


def test_the_file_lies_where_policy_says(read):
    files = {"docs/admin/TODO.md": sheet(entry("M-1")), "BACKLOG.md": sheet(entry("M-2"))}
    assert set(read(files, "docs/admin/TODO.md").items) == {"M-1"}
    assert set(read(files, None).items) == set()
    assert set(read(files, "nowhere/TODO.md").items) == set()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((EXECUTABLE, b""), "is executable; a backlog is a plain file"),
        ((LINK, b"README.md"), "is a symbolic link"),
        ((SUBMODULE, "1" * 40), "is a submodule"),
        ((0o100644, "1" * 40), "does not have it"),
        (b"x" * (1024**2 + 1), "has 1048577 bytes, 1048576 are allowed"),
        (b"\xff\xfe#\x00", "is no text"),
    ],
)
def test_what_lies_in_its_place_and_is_no_backlog_is_bad(read, write, place, words):
    backlog = read({"BACKLOG.md": place, "backlog/N-1.yaml": write("N-1")})
    assert set(backlog.items) == {"N-1"}
    assert words in bads(backlog)["BACKLOG.md"]


def test_a_folder_of_that_name_is_bad(read):
    assert "is a folder" in bads(read({"BACKLOG.md/x": b""}))["BACKLOG.md"]
    assert "is of the mode" not in bads(read({"docs": b""}, "docs/B.md"))


def test_an_id_in_both_forms_is_an_error_in_both_and_names_the_places(read, write):
    backlog = read({
        "BACKLOG.md": sheet(entry("a-1"), entry("B-1")),
        "backlog/A-1.yaml": write("A-1"),
    })  # fmt: skip
    assert set(backlog.items) == {"B-1"}
    assert "(case aside) the id of backlog/A-1.yaml" in bads(backlog)["a-1"]
    assert "(case aside) the id of BACKLOG.md:3" in bads(backlog)["A-1"]


def test_the_same_entry_twice_is_an_error_and_the_others_are_items(read):
    backlog = read({"BACKLOG.md": sheet(entry("A-1"), entry("A-1"), entry("B-1"))})
    assert set(backlog.items) == {"B-1"}
    assert [one.where for one in backlog.bad] == ["BACKLOG.md:3", "BACKLOG.md:8"]
    assert "the id of BACKLOG.md:8" in str(backlog.bad[0])


def test_unknown_items_and_circles_are_found_across_forms(read, write):
    backlog = read({
        "BACKLOG.md": sheet(
            entry("A", **{"Blocked by": "N"}), entry("B", **{"Blocked by": "Z"}), entry("C")
        ),
        "backlog/N.yaml": write("N", blocked_by="[A]"),
    })  # fmt: skip
    assert set(backlog.items) == {"C"}
    assert "BACKLOG.md:8: blocked_by: for ever: A waits for N waits for A" in bads(backlog)["A"]
    assert "blocked_by: there is no item Z" in bads(backlog)["B"]


def test_an_entry_nobody_can_build_is_bad(read):
    backlog = read({"BACKLOG.md": sheet(entry("A", Command=""), entry("B", box="!", Command=""))})
    assert set(backlog.items) == {"B"}
    assert "nobody builds it" in bads(backlog)["A"]


def test_an_unchanged_file_is_not_read_again_and_a_tick_reads_only_it(shelves, read, write):
    files = {"BACKLOG.md": sheet(entry("A"), entry("B")), "backlog/N.yaml": write("N")}
    before = read(files)
    assert shelves.effort == (1, 2)
    assert read({**files, "README": b"x"}) is before
    assert shelves.effort == (0, 0)
    ticked = {**files, "BACKLOG.md": sheet(entry("A", box="x"), entry("B"))}
    after = read(ticked)
    assert shelves.effort == (0, 1)
    assert (after.items["A"].item.status, after.items["N"]) == ("done", before.items["N"])


def test_what_is_read_after_any_change_is_what_is_read_at_first(shelves, read, write):
    random = Random(5)
    boxes, names = " x/!", ("A", "B", "C", "N")
    for _ in range(60):
        entries = [
            entry(name, random.choice(boxes), **{"Blocked by": random.choice(("", "N", "A"))})
            for name in names[: random.randrange(4)]
        ]
        files = {"BACKLOG.md": sheet(*entries), "backlog/N.yaml": write("N")}
        if random.random() < 0.2:
            del files["BACKLOG.md"]
        if random.random() < 0.2:
            files["BACKLOG.md/x"] = b""
            files.pop("BACKLOG.md", None)
        commit = shelves.commit(files)
        again = Intake().read(shelves.store, commit, "backlog", shelves.crew, "BACKLOG.md")
        assert read(commit) == again
