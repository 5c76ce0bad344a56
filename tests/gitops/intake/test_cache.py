"""Items read back from the state directory are the items, and nothing depends on it."""

import json
import zlib

import pytest

from gitops.intake import Intake, ItemCache
from gitops.intake.cache import FORM
from policy.backlog.outline import LINES, Outline
from policy.backlog.spec import schema
from policy.canonical import digest


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "cache"


@pytest.fixture
def read(shelves, folder):
    def reading(commit, *, writes=True):
        shelves.intake = Intake(cache=ItemCache(folder, writes=writes))
        return shelves.read(commit)

    return reading


@pytest.fixture
def commit(shelves, write):
    full = write("B", ready_when="[{after: 2030-01-01}]", tags="[a, b]", blocked_by="[A]")
    return shelves.commit({"backlog/A.yaml": write("A"), "backlog/x/B.yaml": full})


def test_what_was_read_once_is_not_parsed_again(shelves, read, commit):
    first = read(commit)
    assert shelves.effort[1] == 2
    assert read(commit) == first
    assert shelves.effort[1] == 0
    assert read(commit, writes=False) == first


def test_one_who_only_looks_writes_nothing(shelves, read, commit, folder):
    read(commit, writes=False)
    assert not folder.exists()
    assert shelves.effort[1] == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-20],
        lambda raw: raw.replace(b"the item B", b"the item C"),
        lambda _: b"",
        lambda raw: b"\x00" * len(raw),
        lambda raw: raw[: len(raw) // 2] + b"\n" + raw[len(raw) // 2 :],
    ],
    ids=["torn", "edited", "empty", "zeros", "split"],
)
def test_a_damaged_row_is_read_from_the_repository(read, commit, folder, damage):
    first = read(commit)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert read(commit) == first
    assert read(commit) == first


def test_a_row_torn_by_a_kill_does_not_take_the_next_with_it(shelves, read, commit, folder, write):
    read(commit)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    more = shelves.commit({"backlog/C.yaml": write("C")})
    read(more)
    read(more)
    assert shelves.effort[1] == 0


def test_a_file_under_another_name_is_not_taken_for_the_item(shelves, read, commit, write):
    read(commit)
    moved = shelves.commit({"backlog/Z.yaml": write("A")})
    assert "must then be called" in str(read(moved).bad[0])


def test_a_lost_blob_is_bad_also_where_it_was_read_once(shelves, read, commit, folder):
    read(commit)
    (file,) = folder.iterdir()
    rows = file.read_bytes()
    oid = shelves.read(commit).items["A"].blob
    gone = "1" * 40
    text = rows.split(oid.encode() + b" ")[1].split(b"\n")[0][9:]
    row = b"%s %08x %s" % (gone.encode(), zlib.crc32(gone.encode() + text), text)
    file.write_bytes(rows + b"\n" + row)
    backlog = read(shelves.commit({"backlog/A.yaml": (0o100644, gone)}))
    assert "does not have it" in str(backlog.bad[0])


def test_a_folder_that_cannot_be_written_costs_no_answer(read, commit, folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file in its place")
    assert set(read(commit).items) == {"A", "B"}


def test_what_nobody_has_any_more_is_dropped(shelves, read, write, folder):
    files = {f"backlog/I{n}.yaml": write(f"I{n}") for n in range(1200)}
    read(shelves.commit(files))
    (file,) = folder.iterdir()
    few = shelves.commit({"backlog/I1.yaml": write("I1"), "backlog/N.yaml": write("N")})
    read(few)
    assert len(file.read_bytes().split()) < 20
    read(few)
    assert shelves.effort[1] == 0


def test_the_form_is_counted_up_when_items_are_others():
    """Where this fails: count FORM up, and put the digest of the new schema here."""
    shape = json.loads(json.dumps([schema(), Outline._fields, LINES]))
    assert (FORM, digest(shape)[:16]) == (3, "fa68683ad0c16eb5")
