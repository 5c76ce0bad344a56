from threading import Event

from daemon.gates.contents import binaries_of, contents_of, secrets_of
from policy.change import Entry, Version


def entry(batch, path, old=None, new=None, mode="100644"):
    def side(content):
        return Version(mode=mode, oid=batch.blob(content)) if content is not None else None

    return Entry(path=path, old=side(old), new=side(new))


def test_sizes_links_and_the_names_beside_what_is_added(trees, batch):
    product = trees.write({"src/a.py": "12345", "src/A.py": "1", "src/l": "a.py", "top": "x"})
    entries = [
        entry(batch, "src/A.py", new=b"1"),
        entry(batch, "src/l", new=b"a.py", mode="120000"),
        entry(batch, "top", old=b"y", new=b"xxx"),
        entry(batch, "gone", old=b"y"),
    ]
    contents = contents_of(batch, product, entries)
    assert contents.sizes == {"src/A.py": 1, "src/l": 4, "top": 3}
    assert contents.links == {"src/l": "a.py"}
    assert {folder: set(names) for folder, names in contents.names.items()} == {
        "": {"src", "top"},
        "src": {"a.py", "A.py", "l"},
    }


def test_a_link_of_any_bytes_is_read(trees, batch):
    entries = [entry(batch, "l", new=b"\xff\x00", mode="120000")]
    assert contents_of(batch, trees.write({}), entries).links == {"l": "\udcff\x00"}


def test_binary_is_what_has_a_zero_byte_early(batch):
    entries = [
        entry(batch, "b", new=b"a\0b"),
        entry(batch, "t", new=b"text"),
        entry(batch, "late", new=b"x" * 9000 + b"\0"),
        entry(batch, "gone", old=b"\0"),
    ]
    assert binaries_of(batch, entries) == {"b"}


def test_a_secret_moved_within_the_change_is_not_added(batch):
    line = b"key = '" + b"AKIA" + b"IOSFODNN7EXAMPLE'\n"
    moved = [entry(batch, "old.py", old=line), entry(batch, "new.py", new=b"# moved\n" + line)]
    assert secrets_of(batch, moved, Event()) == ()
    fresh = [entry(batch, "old.py", old=b"x"), entry(batch, "new.py", new=line)]
    assert [secret.path for secret in secrets_of(batch, fresh, Event())] == ["new.py"]
