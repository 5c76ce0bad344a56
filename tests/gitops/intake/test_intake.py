"""Intake: the backlog of a commit, whatever lies there, and only what changed is read again."""

from random import Random

import pytest

from gitops.intake import Intake
from gitops.objects import MissingObjectError
from policy.backlog.crew import built_in
from policy.backlog.parse import parse_item
from policy.backlog.spec import spec_hash

EXECUTABLE, LINK, SUBMODULE = 0o100755, 0o120000, 0o160000


def whys(backlog):
    return {one.path: str(one) for one in backlog.bad}


def test_items_are_read_from_every_folder_and_nothing_else_is(shelves, write):
    backlog = shelves.read({
        "backlog/A.yaml": write("A"),
        "backlog/old/deep/B.yaml": write("B"),
        "backlog/.hidden/C.yaml": write("C"),
        "backlog/README.md": b"# the backlog\n",
        "backlog/.gitkeep": b"",
        "backlog/A.yaml~": b"id: [",
        "elsewhere/D.yaml": write("D"),
        "E.yaml": write("E"),
    })  # fmt: skip
    assert set(backlog.items) == {"A", "B", "C"}
    assert backlog.bad == ()
    filed = backlog.items["B"]
    assert filed.path == "backlog/old/deep/B.yaml"
    assert filed.spec == spec_hash(parse_item(filed.path, write("B")))
    assert (filed.lines["id"], filed.lines["command"]) == (1, 7)


def test_the_blob_of_an_item_is_its_content(shelves, write):
    filed = shelves.read({"backlog/A.yaml": write("A")}).items["A"]
    assert shelves.store.repo[filed.blob].data == write("A")


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        pytest.param("A.yml", b"", "must end in .yaml", id="another suffix"),
        pytest.param("A.YAML", b"", "must end in .yaml", id="another case"),
        pytest.param("A.yaml", (EXECUTABLE, b""), "is executable", id="executable"),
        pytest.param("A.yaml", (LINK, b"B.yaml"), "is a symbolic link", id="a link"),
        pytest.param("more", (LINK, b"../more"), "is a symbolic link", id="a link to a folder"),
        pytest.param("more", (SUBMODULE, "1" * 40), "is a submodule", id="a submodule"),
        pytest.param("x.yaml", (SUBMODULE, "1" * 40), "is a submodule", id="a submodule by name"),
        pytest.param("A.yaml", b"x" * 5000, "has 5000 bytes, 4000 are allowed", id="large"),
        pytest.param("A.yaml", b"id: [", "not YAML", id="no YAML"),
        pytest.param("A.yaml", b"", "the file is empty", id="empty"),
        pytest.param("A.yaml", b"\xff", "is not UTF-8", id="no text"),
        pytest.param("A.yaml", (0o100644, "1" * 40), "does not have it", id="lost"),
        pytest.param(".yaml", b"id: A\n", "must then be called 'A.yaml'", id="no name"),
        pytest.param("1/2/3/4/A.yaml", b"", "deeper than 3 folders", id="too deep"),
    ],
)
def test_what_may_be_meant_as_an_item_and_is_none_has_a_reason(shelves, write, name, entry, words):
    shelves.intake = Intake(max_bytes=4000, max_depth=3)
    backlog = shelves.read({"backlog/GOOD.yaml": write("GOOD"), f"backlog/{name}": entry})
    assert set(backlog.items) == {"GOOD"}
    assert len(backlog.bad) == 1
    assert words in str(backlog.bad[0])


def test_a_link_that_cannot_be_meant_as_items_is_left_alone(shelves):
    backlog = shelves.read({"backlog/README.md": (LINK, b"../README.md")})
    assert (backlog.items, backlog.bad) == ({}, ())


def test_an_item_under_another_name_is_bad(shelves, write):
    backlog = shelves.read({"backlog/a.yaml": write("A")})
    assert whys(backlog)["backlog/a.yaml"] == (
        "backlog/a.yaml:1: id: is 'A', the file must then be called 'A.yaml'"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\udcff.yaml", "\\xff.yaml"),
        ("\x1b[31m.yaml", "\\x1b[31m.yaml"),
        ("a\nb.yaml", "a\\nb.yaml"),
        ("a\\b.yaml", "a\\b.yaml"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udcff", "\\xff"),
    ],
)
def test_a_name_that_cannot_be_shown_is_bad_and_told_so_that_it_can(shelves, write, name, shown):
    path = name if name.endswith(".yaml") else f"{name}/A.yaml"
    backlog = shelves.read({f"backlog/{path}": write("A"), "backlog/n\x01.md": b""})
    assert backlog.items == {}
    assert [bad.path for bad in backlog.bad] == [f"backlog/{shown}"]
    assert "cannot be shown" in str(backlog.bad[0])


def test_the_same_id_in_two_folders_is_bad_in_both(shelves, write):
    backlog = shelves.read({"backlog/1/A.yaml": write("A"), "backlog/2/A.yaml": write("A")})
    assert set(whys(backlog)) == {"backlog/1/A.yaml", "backlog/2/A.yaml"}


def test_a_backlog_that_is_not_there_is_empty(shelves):
    backlog = shelves.read({"README.md": b""})
    assert (backlog.items, backlog.bad) == ({}, ())
    assert shelves.read({"backlog/x/y.md": b""}, "backlog/items").bad == ()


@pytest.mark.parametrize("entry", [b"", (LINK, b"wishes"), (SUBMODULE, "1" * 40)])
def test_a_backlog_that_is_no_folder_is_a_problem(shelves, entry):
    backlog = shelves.read({"backlog": entry})
    assert "backlog: is not a folder" in str(backlog.bad[0])


def test_the_folder_may_be_anywhere(shelves, write):
    backlog = shelves.read({"work/wishes/x/A.yaml": write("A")}, "work/wishes")
    assert backlog.items["A"].path == "work/wishes/x/A.yaml"


def test_a_tree_the_repository_lacks_is_no_empty_folder(shelves, write):
    commit = shelves.commit({"backlog/A.yaml": write("A"), "backlog/x": (0o40000, "1" * 40)})
    with pytest.raises(MissingObjectError):
        shelves.read(commit)


def test_the_crew_decides_what_can_be_run(shelves, write):
    commit = shelves.commit({"backlog/A.yaml": write("A", risk="high")})
    assert "needs" not in str(shelves.read(commit, crew=built_in({"high": ("build",)})).bad)
    backlog = shelves.read(commit, crew=built_in({"high": ("design", "build")}))
    assert "no adapter in .pawl/builders plays design" in str(backlog.bad[0])


def test_items_are_judged_together_again_whatever_was_read_before(shelves, write):
    files = {"backlog/A.yaml": write("A"), "backlog/B.yaml": write("B", blocked_by="[A]")}
    assert set(shelves.read(files).items) == {"A", "B"}
    circle = {**files, "backlog/A.yaml": write("A", blocked_by="[B]")}
    assert shelves.read(circle).items == {}
    assert set(shelves.read({"backlog/B.yaml": files["backlog/B.yaml"]}).items) == set()
    broken = shelves.read({**files, "backlog/A.yaml": b"id: ["})
    assert set(broken.items) == {"B"}
    assert set(shelves.read(files).items) == {"A", "B"}
    assert set(shelves.read({**files, "backlog/sub/a.yaml": write("a")}).items) == {"B"}
    assert set(shelves.read({"backlog/A.yaml": files["backlog/A.yaml"]}).items) == {"A"}


def test_what_is_read_again_is_what_a_fresh_intake_reads(shelves, write):
    steps = [
        {"backlog/A.yaml": write("A")},
        {"backlog/A.yaml": write("A", priority="P0"), "backlog/x/B.yaml": write("B")},
        {"backlog/x/A.yaml": write("A"), "backlog/B.yaml": write("B", unblocks="[A]")},
        {"backlog/x/A.yaml": write("A"), "backlog/x/B.yaml": write("B", unblocks="[A]")},
        {"backlog/x/A.yaml": write("A", unblocks="[B]"), "backlog/x/B.yaml": write("B")},
        {"backlog/x/A.yaml": (EXECUTABLE, write("A", unblocks="[B]")), "backlog/x/y.md": b""},
        {"backlog/x": b""},
        {"backlog/A.yaml": write("A", status="done"), "backlog/B.yaml": write("B", status="done")},
        {"backlog/A.yaml": write("A", status="todo"), "backlog/B.yaml": write("B", risk="high")},
        {"backlog/A.yaml": write("A", title="x"), "backlog/B.yaml": write("B", risk="high")},
        {"backlog/A.yaml": write("A", title="y"), "backlog/B.yaml": write("B", title="x")},
        {},
    ]
    for files in [*steps, *reversed(steps)]:
        commit = shelves.commit(files)
        again = shelves.read(commit)
        shelves_intake, shelves.intake = shelves.intake, Intake()
        fresh = shelves.read(commit)
        shelves.intake = shelves_intake
        assert (dict(again.items), again.bad) == (dict(fresh.items), fresh.bad)


def test_after_any_changes_it_is_what_a_fresh_intake_reads(shelves, write):
    random, files = Random(7), {}
    for _ in range(150):
        name = random.choice("ABCD")
        path = f"backlog/{random.choice(['', 'x/', 'x/y/'])}{name}.yaml"
        change = random.choice([
            {}, {"status": "done"}, {"title": "x"}, {"risk": "high"}, {"blocked_by": "[A]"},
            {"unblocks": "[B, C]"}, {"ready_when": "[{item_done: D}]"}, {"x": 1},
        ])  # fmt: skip
        if path in files and random.random() < 0.3:
            del files[path]
        else:
            files[path] = write(name, **change)
        commit = shelves.commit(files)
        fresh = Intake().read(shelves.store, commit, "backlog", built_in({"low": ("build",)}))
        again = shelves.read(commit)
        assert (dict(again.items), again.bad) == (dict(fresh.items), fresh.bad)


def test_of_ten_thousand_items_only_the_changed_one_is_read_again(shelves, write):
    files = {f"backlog/{n % 100}/I-{n}.yaml": write(f"I-{n}") for n in range(10_000)}
    assert len(shelves.read(files).items) == 10_000
    assert shelves.effort == (101, 10_000)
    commit = shelves.commit(files | {"backlog/7/I-107.yaml": write("I-107", priority="P0")})
    backlog = shelves.read(commit)
    assert shelves.effort == (2, 1), "the folder of the item, the folder of that, and the item"
    assert backlog.items["I-107"].item.priority == "P0"
    assert len(backlog.items) == 10_000
    assert shelves.read(commit) is backlog
    assert shelves.effort == (0, 0)


def test_a_file_that_moves_is_read_under_its_new_name(shelves, write):
    shelves.read({"backlog/A.yaml": write("A")})
    assert shelves.read({"backlog/B.yaml": write("A")}).bad[0].item == "B"
