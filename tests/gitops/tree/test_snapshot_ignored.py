"""What a snapshot leaves out: only what the base's own .gitignore files name, and nobody else's."""

import os

from tests.gitops.tree.conftest import BASE, tree_of


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
