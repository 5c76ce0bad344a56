"""A tree written out: byte for byte by our own writer, and never through what is there."""

import os

import pytest

from gitops.objects import Batch
from gitops.tree.laying import UnusableTreeError
from gitops.tree.materialise import materialise
from tests.gitops.tree.laid import FILES, as_laid, seen


@pytest.fixture
def umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_tree_is_written_byte_for_byte_whatever_the_umask(store, plant, nobody, tmp_path):
    (tmp_path / "out").mkdir()
    materialise(store, plant(FILES), tmp_path / "out", owner=nobody)
    assert seen(tmp_path / "out") == as_laid(FILES)
    if nobody:
        owners = {path.lstat().st_uid for path in (tmp_path / "out").rglob("*")}
        assert owners == {nobody.uid}


def test_nothing_is_written_over_or_through_what_is_there(store, plant, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "out" / "b").symlink_to(tmp_path / "outside")
    with pytest.raises(UnusableTreeError):
        materialise(store, plant(FILES), tmp_path / "out", owner=None)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("name", [b"..", b".git", b"a/b"])
def test_a_tree_with_a_name_git_never_wrote_is_refused(store, plant, tmp_path, name):
    blob = Batch(store).blob(b"x")
    plant({"x": b"x"})
    raw = b"100644 %s\0%s" % (name, bytes.fromhex(blob))
    tree = str(store.repo.odb.write(2, raw))
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableTreeError):
        materialise(store, tree, tmp_path / "out", owner=None)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "files",
    [{"l": (0o120000, b"")}, {"l": (0o120000, b"a\0b")}, {"n" * 256: b""}, {"f": (0o140000, b"")}],
)
def test_a_tree_no_file_system_can_hold_is_refused_in_words(store, plant, tmp_path, files):
    (tmp_path / "out").mkdir()
    with pytest.raises(UnusableTreeError, match="cannot write the tree out"):
        materialise(store, plant(files), tmp_path / "out", owner=None)


def test_old_group_writable_files_are_plain_files(store, plant, tmp_path):
    (tmp_path / "out").mkdir()
    materialise(store, plant({"f": (0o100664, b"x")}), tmp_path / "out", owner=None)
    assert seen(tmp_path / "out") == as_laid({"f": b"x"})
