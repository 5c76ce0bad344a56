"""What a snapshot refuses, in which words, and that nothing of it is stored."""

import os
import socket

import pytest

from tests.gitops.tree.conftest import refused, tree_of


def test_a_fifo_is_refused(upper, base):
    os.mkfifo(upper.path("pipe"))
    assert refused(upper.taken(base)) == ("fifo", "pipe")


def test_a_fifo_in_place_of_a_tracked_file_is_refused(upper, base):
    os.mkfifo(upper.path("a.txt"))
    assert refused(upper.taken(base)) == ("fifo", "a.txt")


def test_a_socket_is_refused(upper, base, monkeypatch):
    monkeypatch.chdir(upper.top)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("sock")
        assert refused(upper.taken(base)) == ("socket", "sock")


def test_a_whiteout_in_a_copy_is_a_device(upper, plant):
    base = plant({"a": b"a"})
    upper.delete("a")
    assert refused(upper.copied(base)) == ("device", "a")


@pytest.mark.parametrize("name", ["x/.git/config", "x/.git", "dir/.git/HEAD"])
def test_a_repository_inside_is_refused(upper, base, name):
    upper.write(name)
    reason, path = refused(upper.taken(base))
    assert (reason, path) == ("nested_repository", name[: name.index(".git") + 4])


def test_an_empty_git_folder_inside_is_refused(upper, base):
    upper.path("x/.git").mkdir(parents=True)
    assert refused(upper.taken(base)) == ("nested_repository", "x/.git")


def test_work_inside_a_submodule_is_refused_not_lost(upper, base):
    upper.write("sub/work")
    assert refused(upper.taken(base)) == ("nested_repository", "sub/work")


@pytest.mark.parametrize(
    "name", [".GIT", "d/.Git/x", "git~1", ".git ", ".g\u200cit", ".git::$INDEX"]
)
def test_a_name_some_git_takes_for_its_own_folder_is_refused(upper, base, name):
    upper.write(name)
    reason, _ = refused(upper.taken(base))
    assert reason == "bad_name"


def test_a_name_too_long_is_refused(upper, base):
    upper.write("n" * 101)
    assert refused(upper.taken(base)) == ("bad_name", "n" * 101)


def test_a_path_too_long_is_refused(upper, base):
    upper.write("/".join(["n" * 90] * 3))
    reason, _ = refused(upper.taken(base))
    assert reason == "bad_name"


def test_a_folder_too_deep_is_refused(upper, base):
    upper.path("1/2/3/4/5/6/7").mkdir(parents=True)
    assert refused(upper.taken(base)) == ("too_deep", "1/2/3/4/5/6/7/")


def test_four_thousand_folders_deep_is_refused(upper, base):
    descriptor = os.open(upper.top, os.O_RDONLY)
    for _ in range(4000):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    try:
        assert refused(upper.taken(base))[0] == "too_deep"
    finally:
        for _ in range(4000):
            upper.path("d").rename(upper.path("gone"))
            if upper.path("gone/d").exists():
                upper.path("gone/d").rename(upper.path("d"))
            upper.path("gone").rmdir()


def test_a_sparse_terabyte_is_refused_unread(upper, base):
    upper.sparse("huge", 1 << 40)
    assert refused(upper.taken(base)) == ("file_too_large", "huge")


def test_a_tracked_file_grown_to_a_sparse_terabyte_is_refused_unread(upper, base):
    upper.sparse("a.txt", 1 << 40)
    assert refused(upper.taken(base)) == ("file_too_large", "a.txt")


def test_too_many_files_are_refused(upper, base):
    for number in range(51):
        upper.write(f"{number:03}", b"")
    reason, _ = refused(upper.taken(base))
    assert reason == "too_many_files"


def test_ignored_files_count_only_towards_the_layers_own_number(upper, base):
    for number in range(60):
        upper.write(f"{number}.o", b"")
    assert tree_of(upper.taken(base, entries_max=60)) == base
    assert refused(upper.taken(base, entries_max=59))[0] == "too_many_files"


def test_folders_count_as_files(upper, base):
    for number in range(26):
        upper.write(f"{number}/file", b"")
    reason, _ = refused(upper.taken(base))
    assert reason == "too_many_files"


def test_too_many_bytes_together_are_refused(upper, base):
    upper.write("one", b"1" * 50_000)
    upper.write("two", b"2" * 50_000)
    upper.write("zzz", b"3")
    assert refused(upper.taken(base)) == ("too_large", "zzz")


def test_exactly_the_limit_is_taken(upper, base):
    upper.write("one", b"1" * 60_000)
    upper.write("two", b"2" * 40_000)
    assert tree_of(upper.taken(base))


def test_a_file_too_large_at_the_base_may_stay_but_not_change(upper, plant):
    large = b"L" * 60_001
    base = plant({"large": large})
    upper.write("large", large)
    assert tree_of(upper.taken(base)) == base
    upper.write("large", b"M" * 60_001)
    assert refused(upper.taken(base)) == ("file_too_large", "large")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redirect", b"/etc"),
        ("metacopy", b""),
        ("opaque", b"x"),
        ("opaque", b"yes"),
        ("whiteout", b"y"),
        ("something", b"1"),
    ],
)
def test_an_overlay_attribute_with_a_meaning_of_its_own_is_refused(upper, base, name, value):
    upper.path("dir").mkdir()
    os.setxattr(upper.path("dir"), f"user.overlay.{name}", value)
    assert refused(upper.taken(base)) == ("overlay_attribute", "dir/")


def test_a_file_that_says_its_content_is_elsewhere_is_refused(upper, base):
    upper.write("a.txt", b"a")
    os.setxattr(upper.path("a.txt"), "user.overlay.metacopy", b"")
    assert refused(upper.taken(base)) == ("overlay_attribute", "a.txt")


def test_a_builders_own_escaped_attributes_mean_nothing(upper, base):
    upper.write("a.txt", b"a")
    os.setxattr(upper.path("a.txt"), "user.overlay.overlay.opaque", b"y")
    os.setxattr(upper.path("a.txt"), "user.mine", b"y")
    assert tree_of(upper.taken(base)) == base


def test_a_path_not_utf8_is_shown_escaped(upper, base):
    os.mkfifo(upper.path(b"\xff"))
    answer, _ = upper.taken(base)
    assert answer.path == "\\xff"
    answer.model_dump_json()
