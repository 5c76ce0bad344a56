"""An early yes is only said of a checkout that git, asked at length, calls clean as well."""

import os
from pathlib import Path

import pytest

from gitops.landing.cleanliness import copy_index
from gitops.landing.places import holders
from gitops.landing.untouched import FEW, untouched

MAIN = "refs/heads/main"
FILES = {"README": "hello\n", "src/a.txt": "a\n", "src/deep/b.txt": "b\n", "run.sh": "true\n"}


@pytest.fixture
def settled(house):
    """A clean checkout whose files are older than its index."""
    house.commits(FILES)
    (house.root / "link").symlink_to("README")
    house.commits({})
    _age(house)
    return house


def _age(house):
    """Make the index newer than every file, as it is a moment after any git has run."""
    index = house.gitdir / "index"
    newest = max(path.lstat().st_mtime_ns for path in house.root.rglob("*"))
    os.utime(index, ns=(newest + 10**9, newest + 10**9))


def _said(house):
    (place,) = holders(house.store, MAIN)
    copy = house.gitdir / "copy-of-index"
    assert copy_index(place, copy) is None
    return untouched(house.store, place, copy, house.tip())


def test_a_clean_checkout_is_untouched(settled):
    assert _said(settled) is True


def test_a_file_that_is_not_tracked_touches_nothing(settled):
    settled.write({"notes.txt": "mine\n"})
    assert _said(settled) is True


def edited(house):
    house.write({"README": "other\n"})


def edited_in_place_and_dated_back(house):
    path = house.root / "README"
    was = path.stat()
    path.write_text("HELLO\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def removed(house):
    house.write({"README": None})


def made_executable(house):
    (house.root / "run.sh").chmod(0o755)


def staged(house):
    house.write({"README": "other\n"})
    house.git("add", "README")


def staged_and_put_back(house):
    staged(house)
    house.write({"README": FILES["README"]})


def replaced_by_a_link(house):
    (house.root / "README").rename(house.root / "kept")
    (house.root / "README").symlink_to("kept")


def a_folder_replaced_by_a_link_to_itself(house):
    (house.root / "src").rename(house.root / "elsewhere")
    (house.root / "src").symlink_to("elsewhere")


def told_not_to_look(house):
    house.git("update-index", "--assume-unchanged", "README")


def told_to_skip(house):
    house.git("update-index", "--skip-worktree", "README")


def intended(house):
    house.write({"new.txt": "n\n"})
    house.git("add", "--intent-to-add", "new.txt")


def at_another_commit(house):
    house.git("update-ref", MAIN, house.candidate({"c.txt": "c\n"}).commit)


def changed_in_the_indexs_own_moment(house):
    index = house.gitdir / "index"
    when = (house.root / "README").stat().st_mtime_ns
    os.utime(index, ns=(when, when))


def index_of_a_newer_format(house):
    house.git("update-index", "--index-version", "4")


def index_damaged(house):
    index = house.gitdir / "index"
    raw = bytearray(index.read_bytes())
    raw[-1] ^= 1
    index.write_bytes(raw)


def index_cut(house):
    index = house.gitdir / "index"
    index.write_bytes(index.read_bytes()[:40])


def a_great_many_files(house):
    house.commits({f"many/{number}": "" for number in range(FEW)})


@pytest.mark.parametrize(
    "touch",
    [
        edited, edited_in_place_and_dated_back, removed, made_executable, staged,
        staged_and_put_back, replaced_by_a_link, a_folder_replaced_by_a_link_to_itself,
        told_not_to_look, told_to_skip, intended, at_another_commit,
        index_of_a_newer_format, index_damaged, index_cut, a_great_many_files,
    ],
    ids=lambda touch: touch.__name__.replace("_", " "),
)  # fmt: skip
def test_anything_else_is_left_to_git(settled, touch):
    touch(settled)
    if (settled.gitdir / "index").stat().st_size > 100:
        index = settled.gitdir / "index"
        later = index.stat().st_mtime_ns + 10**10
        os.utime(index, ns=(later, later))
    assert _said(settled) is False


def test_a_file_changed_in_the_indexs_own_moment_is_left_to_git(settled):
    changed_in_the_indexs_own_moment(settled)
    assert _said(settled) is False


def test_the_index_that_was_asked_is_not_written(settled):
    before = Path(settled.gitdir / "index").read_bytes()
    _said(settled)
    assert (settled.gitdir / "index").read_bytes() == before
