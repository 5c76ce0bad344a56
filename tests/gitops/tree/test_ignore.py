"""The process that is asked for ignored names: it lives long, and its death is no answer."""

import os
import signal

import pytest

from gitops.git import GitError
from gitops.tree.ignore import BaseIgnores


@pytest.fixture
def ignores(store, plant, tmp_path):
    base = plant({".gitignore": b"*.o\n", "d/.gitignore": b"!keep.o\nlocal/\n", "d/e/f": b"1"})
    with BaseIgnores(store, base, tmp_path, timeout_s=30) as ignores:
        yield ignores


def test_one_process_answers_for_folder_after_folder(ignores):
    assert ignores.among(b"", [b"a.o", b"keep.o", b"a", b"local/"]) == {b"a.o", b"keep.o"}
    assert ignores.among(b"d/", [b"a.o", b"keep.o", b"local/", b"local"]) == {b"a.o", b"local/"}
    first = ignores._git._process.pid
    assert ignores.among(b"d/e/", [b"keep.o", b"local/"]) == {b"local/"}
    assert ignores.among(b"new/", [b"keep.o"]) == {b"keep.o"}
    assert ignores.among(b"", [b"keep.o"]) == {b"keep.o"}
    assert ignores._git._process.pid == first


def test_nothing_is_started_where_nothing_is_asked(store, plant, tmp_path):
    (tmp_path / "scratch").mkdir()
    with BaseIgnores(store, plant({}), tmp_path / "scratch"):
        assert list((tmp_path / "scratch").iterdir()) == []


def test_no_git_is_started_where_no_rule_could_name_anything(store, plant, tmp_path):
    base = plant({"d/.gitignore": b"*.o\n", "e/f": b"1"})
    (tmp_path / "scratch").mkdir()
    with BaseIgnores(store, base, tmp_path / "scratch", timeout_s=30) as ignores:
        assert ignores.among(b"", [b"a.o", b"d/"]) == set()
        assert ignores.among(b"e/", [b"a.o"]) == set()
        assert list((tmp_path / "scratch").iterdir()) == []
        assert ignores.among(b"d/new/", [b"a.o", b"a"]) == {b"a.o"}
        assert ignores.among(b"", [b"a.o"]) == set()


def test_its_scratch_is_gone_when_it_is_closed(ignores, tmp_path):
    ignores.among(b"", [b"a"])
    assert list(tmp_path.glob("ignore-*"))
    ignores.close()
    assert not list(tmp_path.glob("ignore-*"))


def test_a_git_that_was_killed_is_an_error_not_an_answer(ignores):
    ignores.among(b"", [b"a"])
    process = ignores._git._process
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(GitError, match="check-ignore"):
        ignores.among(b"", [b"b"])
