import os
import zlib

import pytest

from gitops import objects, packs
from gitops.objects import Batch, DamagedObjectError, MissingObjectError
from gitops.remembered import KEPT, LARGE
from gitops.repository import Store


def loose(store, oid):
    return store.gitdir / "objects" / oid[:2] / oid[2:]


def own_packs(store):
    return packs.own(store.pack_directory)


def test_ids_are_known_before_anything_is_on_disk_and_are_gits(store, repository):
    batch = Batch(store)
    blob = batch.blob(b"hello\n")
    tree = batch.tree(
        {b"b": (0o100755, blob), b"a.c": (0o100644, blob), b"a": (0o40000, batch.tree({}))}
    )
    assert own_packs(store) == []
    assert not batch._store.repo.odb.exists(blob)
    assert batch.has(blob)
    assert batch.read_blob(blob) == b"hello\n"
    assert list(batch.read_tree(tree)) == [b"a.c", b"a", b"b"]
    batch.save()
    assert repository.git("ls-tree", "--name-only", tree).split() == ["a.c", "a", "b"]
    assert repository.git("cat-file", "-p", blob) == "hello"
    repository.fsck()


def test_saving_again_writes_only_what_is_new(store):
    batch = Batch(store)
    first = batch.blob(b"one")
    batch.save()
    before = own_packs(store)
    batch.save()
    assert own_packs(store) == before
    second = batch.blob(b"two")
    batch.save()
    assert len(own_packs(store)) == 2
    assert {store.repo.odb.read(oid)[1] for oid in (first, second)} == {b"one", b"two"}


def test_what_the_repository_has_is_left_out(store, repository):
    content = os.urandom(9000)
    kept = Batch(store)
    oid = kept.blob(content)
    kept.save()
    again = Batch(store)
    assert again.blob(content) == oid
    again.save()
    assert len(own_packs(store)) == 1
    small = repository.git("hash-object", "-w", "--stdin", stdin="small")
    third = Batch(store)
    assert third.blob(b"small") == small
    third.save()
    assert len(own_packs(store)) == 1


def test_a_large_blob_goes_through_the_spool(store, repository):
    content = os.urandom(20 << 20)
    batch = Batch(store)
    oid = batch.blob(content)
    other = batch.blob(b"after")
    assert batch.read_blob(oid) == content
    batch.save()
    assert objects.read_blob(store, oid) == content
    assert batch.read_blob(other) == b"after"
    repository.fsck()


@pytest.mark.parametrize("damage", [b"", b"garbage", zlib.compress(b"blob 3\0abd")])
def test_a_torn_loose_object_is_written_anew_and_reads(store, repository, damage):
    oid = repository.git("hash-object", "-w", "--stdin", stdin="abc")
    loose(store, oid).chmod(0o644)
    loose(store, oid).write_bytes(damage)
    # the trap: git believes to have it, and never writes it
    assert repository.git("hash-object", "-w", "--stdin", stdin="abc") == oid
    with pytest.raises(DamagedObjectError, match=oid):
        objects.read_blob(store, oid)
    batch = Batch(store)
    assert batch.blob(b"abc") == oid
    batch.save()
    assert objects.read_blob(store, oid) == b"abc"
    assert repository.git("cat-file", "-p", oid) == "abc"
    assert (store.corrupt_directory / oid).read_bytes() == damage
    repository.fsck()


def test_an_object_damaged_in_an_own_pack_is_written_anew_and_the_rest_of_the_pack_stays(
    store, repository
):
    content, other = os.urandom(9000), os.urandom(9000)
    batch = Batch(store)
    oid, beside = batch.blob(content), batch.blob(other)
    batch.save()
    (pack,) = own_packs(store)
    pack.chmod(0o644)
    with pack.open("r+b") as file:
        file.seek(5000)
        file.write(b"\0" * 16)
    fresh = Store.open(store.gitdir, durability="process")
    again = Batch(fresh)
    assert again.blob(content) == oid
    again.save()
    assert objects.read_blob(fresh, oid) == content
    assert objects.read_blob(fresh, beside) == other
    assert (fresh.corrupt_directory / pack.name).exists()
    repository.fsck()


@pytest.mark.parametrize("torn", [".idx", ".pack"])
@pytest.mark.parametrize("size", [0, 100])
def test_an_own_pack_torn_by_power_loss_is_put_in_order(store, repository, torn, size):
    for word in (b"one", b"two"):
        batch = Batch(store)
        batch.blob(word)
        batch.save()
    pack = own_packs(store)[0]
    path = pack.with_suffix(torn)
    path.chmod(0o644)
    os.truncate(path, min(size, path.stat().st_size - 1))
    fresh = Store.open(store.gitdir, durability="process")
    fresh.heal_packs()
    repository.fsck()
    again = Batch(fresh)
    oids = [again.blob(word) for word in (b"one", b"two")]
    again.save()
    for oid in oids:
        objects.read_blob(Store.open(store.gitdir, durability="process"), oid)
    if torn == ".idx":  # nothing was lost: the index is derived
        assert len(own_packs(fresh)) >= 2


def test_there_are_always_fewer_than_128_packs_and_nothing_is_lost(store, repository):
    reader = store.twin()
    oids = []
    for number in range(200):
        batch = Batch(store)
        oids.append(batch.blob(b"%d" % number))
        batch.save()
        assert len(own_packs(store)) < 128
        assert objects.read_blob(reader, oids[number // 2]) == b"%d" % (number // 2)
    assert len(own_packs(store)) == 3 + 200 % 64
    assert [objects.read_blob(reader, oid) for oid in oids] == [b"%d" % n for n in range(200)]
    repository.fsck()


def test_a_pack_with_damage_is_not_copied_into_a_joined_one(store):
    oids = []
    for number in range(63):
        batch = Batch(store)
        oids.append(batch.blob(b"%d" % number * 40))
        batch.save()
    bad = own_packs(store)[7]
    bad.chmod(0o644)
    with bad.open("r+b") as file:
        file.seek(16)
        file.write(b"\xff\xff")
    batch = Batch(store)
    batch.blob(b"last")
    batch.save()
    assert bad in own_packs(store)
    assert len(own_packs(store)) == 2
    fresh = Store.open(store.gitdir, durability="process")
    read = [oid for oid in oids if _reads(fresh, oid)]
    assert len(read) == 62


def _reads(store, oid):
    try:
        objects.read_blob(store, oid)
    except DamagedObjectError:
        return False
    return True


def test_offsets_over_2_gib_go_into_the_far_table(tmp_path):
    entries = [
        packs.Entry(bytes([n]) * 20, at, 10, 1) for n, at in enumerate((12, 1 << 31, 1 << 33))
    ]
    pack = tmp_path / "pack-x.pack"
    with pack.open("wb") as file:
        file.truncate((1 << 33) + 10 + 20)
    pack.with_suffix(".idx").write_bytes(packs._index(entries, b"c" * 20))
    assert [entry.offset for entry in packs.read_index(pack)] == [12, 1 << 31, 1 << 33]


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"a\0b"])
def test_a_name_no_tree_can_have_is_refused(store, name):
    with pytest.raises(ValueError, match="not a name"):
        Batch(store).tree({name: (0o100644, "a" * 40)})


def test_what_a_reader_does_to_a_tree_is_not_what_the_next_one_reads(store):
    batch = Batch(store)
    tree = batch.tree({b"a": (0o100644, batch.blob(b"x"))})
    batch.save()
    first = objects.read_tree(store, tree)
    whole = dict(first)
    first.clear()
    objects.read_tree(store, tree).pop(b"a")
    assert objects.read_tree(store, tree) == whole


def test_a_tree_is_in_git_s_order_whether_it_is_remembered_or_read(store):
    batch = Batch(store)
    blob = batch.blob(b"x")
    inner = batch.tree({b"z": (0o100644, blob)})
    names = {b"b": (0o100644, blob), b"a": (0o40000, inner), b"a.c": (0o100644, blob)}
    tree = batch.tree(names)
    told = [list(batch.read_tree(tree).items())]
    batch.save()
    told += [list(objects.read_tree(each, tree).items()) for each in (store, store.twin())]
    assert told == [[(name, names[name]) for name in (b"a.c", b"a", b"b")]] * 3


@pytest.mark.parametrize("entries", [LARGE, LARGE + 1])
def test_more_trees_than_are_remembered_are_read_as_well(store, entries):
    batch = Batch(store)
    blob = batch.blob(b"x")
    made = []
    for number in range(KEPT + 2):
        names = {b"%d-%d" % (number, one): (0o100644, blob) for one in range(entries)}
        made.append((batch.tree(names), names))
    batch.save()
    for tree, names in (*made, *made):
        assert objects.read_tree(store, tree) == names


def test_missing_and_mistaken_objects_are_told_apart(store):
    batch = Batch(store)
    blob = batch.blob(b"x")
    batch.save()
    with pytest.raises(MissingObjectError, match="1111"):
        objects.read_blob(store, "1" * 40)
    with pytest.raises(DamagedObjectError, match="not a tree"):
        objects.read_tree(store, blob)
    with pytest.raises(DamagedObjectError, match="not a tree"):
        batch.read_tree(blob)


@pytest.mark.parametrize(
    "raw",
    [
        b"100644 a",
        b"100644 a\0short",
        b"\0" * 21,
        b"abc d\0" + b"1" * 20,
        b"100644 a\0" + b"1" * 20 + b"100644 a\0" + b"2" * 20,
    ],
    ids=["no-id", "short", "nothing", "no-mode", "a-name-twice"],
)
def test_bytes_that_are_no_tree_are_a_damaged_object(raw):
    with pytest.raises(DamagedObjectError):
        objects.parse_tree(raw, "0" * 40)


def test_no_temporary_file_is_left_when_the_disk_says_no(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    batch = Batch(store)
    batch.blob(b"x")
    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space"):
        batch.save()
    monkeypatch.undo()
    assert list(store.pack_directory.iterdir()) == []
    batch.save()
    assert len(own_packs(store)) == 1


def test_a_persons_gc_takes_nothing_that_was_saved_and_is_not_referred_to_yet(store, repository):
    batch = Batch(store)
    blob = batch.blob(b"of a step whose ref has not moved")
    batch.save()
    repository.git("gc", "--prune=now", "--quiet")
    repository.git("repack", "-a", "-d", "--quiet")
    assert objects.read_blob(store.twin(), blob) == b"of a step whose ref has not moved"
    assert repository.git("fsck", "--strict", "--no-dangling") == ""


def test_no_mark_outlives_its_pack(store):
    for number in range(70):
        batch = Batch(store)
        batch.blob(b"%d" % number)
        batch.save()
    marks = {path.stem for path in store.pack_directory.glob("*.keep")}
    assert marks == {path.stem for path in own_packs(store)}
    assert len(marks) < 64
