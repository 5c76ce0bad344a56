"""Snapshots of layers and copies, case by case. What has to hold for any work is test_property."""

import os
import socket
import threading

import pytest

from gitops.objects import Batch
from gitops.tree.snapshot import snapshot_overlay
from gitops.tree.survey import Surveyor
from policy.bus.result import Refused, Taken


class Nothing:
    """No .gitignore names anything."""

    def among(self, _folder, _names):
        return set()


BASE = {
    "a.txt": b"a",
    "dir/b.txt": b"b",
    "dir/deep/c.txt": b"c",
    "run": (0o100755, b"#!"),
    "link": (0o120000, b"a.txt"),
    "sub": (0o160000, "1" * 40),
    ".gitignore": b"*.o\nbuild/\n!keep.o\n/top\n",
    "dir/.gitignore": b"local\n",
    "kept.o": b"tracked although ignored",
}


@pytest.fixture
def base(plant):
    return plant(BASE)


def tree_of(result):
    taken, _ = result
    assert isinstance(taken, Taken), taken
    return taken.tree


def refused(result):
    answer, batch = result
    assert isinstance(answer, Refused), answer
    assert batch._unsaved == {}, "a refused work tree stores nothing"
    return answer.reason, answer.path


def test_an_untouched_layer_is_the_base(upper, base):
    assert tree_of(upper.taken(base)) == base


def test_what_was_changed_added_and_deleted_is_in_the_tree(upper, base, listed):
    upper.write("a.txt", b"other")
    upper.write("new/x", b"x", 0o755)
    upper.delete("dir/b.txt")
    upper.path("away").symlink_to("/etc/passwd")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"a.txt"] == (0o100644, b"other")
    assert found[b"new/x"] == (0o100755, b"x")
    assert found[b"away"] == (0o120000, b"/etc/passwd")
    assert b"dir/b.txt" not in found
    assert found[b"dir/deep/c.txt"] == (0o100644, b"c")


def test_a_touched_file_with_the_same_content_changes_nothing(upper, base):
    upper.write("a.txt", b"a")
    upper.write("dir/b.txt", b"b")
    assert tree_of(upper.taken(base)) == base


def test_only_the_owners_right_to_run_counts(upper, base, listed):
    upper.write("a.txt", b"a", 0o4744)
    upper.write("run", b"#!", 0o655)
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"a.txt"][0] == 0o100755
    assert found[b"run"][0] == 0o100644


def test_an_opaque_folder_hides_what_was_below_it(upper, base, listed):
    upper.opaque("dir")
    upper.write("dir/only", b"1")
    taken, batch = upper.taken(base)
    assert [path for path in listed(batch, taken.tree) if path.startswith(b"dir/")] == [b"dir/only"]


def test_what_an_opaque_folder_hides_is_hidden_below_it_too(upper, base, listed):
    upper.opaque("dir")
    upper.write("dir/deep/only", b"1")
    taken, batch = upper.taken(base)
    found = [path for path in listed(batch, taken.tree) if path.startswith(b"dir/")]
    assert found == [b"dir/deep/only"]


def test_a_folder_left_empty_is_gone(upper, base, listed):
    upper.opaque("dir")
    upper.path("empty/er").mkdir(parents=True)
    taken, batch = upper.taken(base)
    assert not [path for path in listed(batch, taken.tree) if path.startswith((b"dir", b"empty"))]


def test_everything_deleted_is_the_empty_tree(upper, plant):
    base = plant({"a": b"a"})
    upper.delete("a")
    assert tree_of(upper.taken(base)) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_file_in_place_of_a_folder_and_the_other_way_round(upper, base, listed):
    upper.write("dir", b"now a file")
    upper.write("a.txt/inside", b"now a folder")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"dir"] == (0o100644, b"now a file")
    assert found[b"a.txt/inside"] == (0o100644, b"now a folder")
    assert b"dir/b.txt" not in found
    assert b"a.txt" not in found


def test_hard_links_are_two_files(upper, base, listed):
    upper.write("one", b"same")
    os.link(upper.path("one"), upper.path("two"))
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"one"] == found[b"two"] == (0o100644, b"same")


@pytest.mark.parametrize(
    "name",
    [b"line\nbreak", b"\xff\xfe", b"back\\slash", "e\u0301".encode(), b"-n", b" ", b":(top)x"],
)
def test_a_name_is_kept_byte_for_byte(upper, base, listed, name):
    upper.write(b"d/" + name, b"1")
    upper.write(name, b"2")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert found[b"d/" + name] == (0o100644, b"1")
    assert found[name] == (0o100644, b"2")


def test_the_git_folder_of_the_work_tree_is_not_looked_at(upper, base):
    upper.write(".git/config", b"[core]\n\thooksPath = /tmp\n")
    os.mkfifo(upper.path(".git/pipe"))
    assert tree_of(upper.taken(base)) == base


def test_a_submodule_of_the_base_is_carried_over(upper, base):
    upper.path("sub").mkdir()
    assert tree_of(upper.taken(base)) == base


def test_a_submodule_that_was_removed_is_removed(upper, base, listed):
    upper.delete("sub")
    taken, batch = upper.taken(base)
    assert b"sub" not in listed(batch, taken.tree)


# what the base's .gitignore files say


def test_untracked_files_the_base_ignores_are_dropped_and_counted(upper, base, listed):
    for name in ("x.o", "dir/y.o", "build/z", "dir/build/deep/q", "top", "dir/local"):
        upper.write(name)
    for name in ("keep.o", "dir/top", "local", "x.c"):
        upper.write(name)
    taken, batch = upper.taken(base)
    new = listed(batch, taken.tree).keys() - {path.encode() for path in BASE}
    assert new == {b"keep.o", b"dir/top", b"local", b"x.c"}
    assert taken.ignored == 6


def test_a_tracked_file_counts_although_it_is_ignored(upper, base, listed):
    upper.opaque("dir")
    upper.write("kept.o", b"changed")
    taken, batch = upper.taken(base)
    assert listed(batch, taken.tree)[b"kept.o"] == (0o100644, b"changed")


def test_a_builders_gitignore_hides_nothing(upper, base, listed):
    upper.write(".gitignore", b"*\n")
    upper.write("new/.gitignore", b"*\n")
    upper.write("new/evil.py")
    upper.write("conftest.py")
    taken, batch = upper.taken(base)
    found = listed(batch, taken.tree)
    assert {b"conftest.py", b"new/evil.py", b"new/.gitignore"} <= found.keys()
    assert found[b".gitignore"] == (0o100644, b"*\n")


def test_a_builder_who_drops_the_gitignore_unhides_nothing(upper, base, listed):
    upper.delete(".gitignore")
    upper.write("x.o")
    taken, batch = upper.taken(base)
    assert b"x.o" not in listed(batch, taken.tree)


def test_what_is_in_an_ignored_folder_is_not_even_looked_at(upper, base):
    upper.path("build").mkdir(parents=True)
    os.mkfifo(upper.path("build/pipe"))
    upper.write("build/inner/.git/config")
    assert tree_of(upper.taken(base)) == base


def test_neither_the_hosts_nor_the_repositorys_excludes_count(upper, base, store, listed):
    (store.gitdir / "info").mkdir(exist_ok=True)
    (store.gitdir / "info" / "exclude").write_text("*.py\n")
    upper.write("conftest.py")
    taken, batch = upper.taken(base)
    assert b"conftest.py" in listed(batch, taken.tree)


def test_a_gitignore_that_is_a_link_is_not_followed(upper, plant, listed):
    base = plant({".gitignore": (0o120000, b"rules"), "rules": b"*.o\n"})
    upper.write("x.o")
    taken, batch = upper.taken(base)
    assert b"x.o" in listed(batch, taken.tree)


def test_many_names_are_answered_in_order(upper, plant, listed):
    base = plant({".gitignore": b"*[02468].x" + b"#" * 70_000 + b"\n*[13579].x\n"})
    upper.limits = upper.limits.model_copy(update={"max_files": 5000})
    for number in range(3000):
        upper.write(f"{'n' * 60}{number}.x", b"")
    taken, batch = upper.taken(base)
    assert taken.ignored == 1500
    assert len(listed(batch, taken.tree)) == 1501


# what is refused, and that nothing of it is stored


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


# what moves meanwhile


def test_a_folder_swapped_for_a_link_is_never_followed(upper, base, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_bytes(b"O10 marker")
    upper.write("d/key", b"harmless")

    walk = Surveyor.folder

    def swapped(survey, descriptor, tree, path=b"", *rest, **more):
        plan = walk(survey, descriptor, tree, path, *rest, **more)
        if not path:
            upper.path("d").rename(tmp_path / "moved")
            upper.path("d").symlink_to(secret)
        return plan

    monkeypatch.setattr(Surveyor, "folder", swapped)
    answer, batch = upper.taken(base)
    assert isinstance(answer, Refused)
    assert answer.reason == "changed"
    assert not [oid for oid in batch._entries if b"O10" in batch._read(oid, "blob")]


def test_a_file_that_changes_after_the_first_look_is_refused(upper, base, monkeypatch):
    upper.write("a.txt", b"one")
    walk = Surveyor.folder

    def meanwhile(survey, *rest, **more):
        plan = walk(survey, *rest, **more)
        upper.write("a.txt", b"another")
        return plan

    monkeypatch.setattr(Surveyor, "folder", meanwhile)
    answer, _ = upper.taken(base)
    assert (answer.reason, answer.path) == ("changed", "a.txt")


def test_a_writer_that_lives_on_never_gets_half_a_file_taken(upper, base, listed):
    contents = [bytes([byte]) * 20_000 for byte in b"xy"]
    upper.write("busy", contents[0])
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for content in contents:
                upper.write("tmp", content)
                upper.path("tmp").rename(upper.path("busy"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            answer, batch = upper.taken(base)
            match answer:
                case Refused(reason=reason):
                    assert reason == "changed"
                case Taken(tree=tree):
                    assert listed(batch, tree)[b"busy"][1] in contents
    finally:
        stop.set()
        writer.join()


# rights a builder took away


def test_what_a_builder_made_unreadable_is_read_all_the_same(
    upper, store, as_nobody, listed, nobody
):
    batch = Batch(store)
    base = batch.tree({})
    upper.write("locked/file", b"1", 0o000)
    upper.write("listed-only/file", b"2")
    upper.write("open", b"3", 0o100)
    for name, mode in (("locked", 0), ("listed-only", 0o400), (".", 0)):
        upper.path(name).chmod(mode)
    if nobody:
        for name in ("", "locked", "listed-only", "locked/file", "listed-only/file", "open"):
            os.chown(upper.path(name), nobody.uid, nobody.gid)
    descriptor = os.open(upper.top, os.O_RDONLY if nobody else os.O_PATH)

    def take():
        taken = snapshot_overlay(
            descriptor, batch=batch, base=base, limits=upper.limits, ignored=Nothing()
        )
        return listed(batch, taken.tree) if isinstance(taken, Taken) else taken

    assert as_nobody(take) == {
        b"locked/file": (0o100644, b"1"),
        b"listed-only/file": (0o100644, b"2"),
        b"open": (0o100755, b"3"),
    }


def test_what_the_daemon_may_not_read_is_refused(upper, store, as_nobody, nobody):
    if nobody is None:
        pytest.fail("this test needs root, to own a file that the unprivileged child may not read")
    batch = Batch(store)
    base = batch.tree({})
    upper.write("foreign", b"1", 0o600)
    upper.top.chmod(0o755)
    descriptor = os.open(upper.top, os.O_RDONLY)

    def take():
        return snapshot_overlay(
            descriptor, batch=batch, base=base, limits=upper.limits, ignored=Nothing()
        )

    answer = as_nobody(take)
    assert (answer.reason, answer.path) == ("unreadable", "foreign")


# the copy


def test_a_copy_is_taken_whole(upper, plant, listed):
    base = plant({"a": b"a", "d/b": b"b", "sub": (0o160000, "1" * 40), ".gitignore": b"*.o\n"})
    upper.write("a", b"a")
    upper.write(".gitignore", b"*.o\n")
    upper.write("d/b", b"b")
    upper.path("sub").mkdir()
    upper.write("x.o")
    assert tree_of(upper.copied(base)) == base
    upper.path("a").unlink()
    upper.write("d/c", b"c")
    taken, batch = upper.copied(base)
    assert listed(batch, taken.tree).keys() == {b"d/b", b"d/c", b"sub", b".gitignore"}


def test_a_copy_of_more_files_than_may_change_is_no_change(upper, plant):
    files = {f"{number}": b"%d" % number for number in range(200)}
    base = plant(files)
    for name, content in files.items():
        upper.write(name, content)
    taken, batch = upper.copied(base)
    assert taken.tree == base
    assert batch._unsaved == {}, "what the base has is not stored again"
