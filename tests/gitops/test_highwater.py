import pytest

from gitops import highwater
from gitops.highwater import Corrupt, HighWater

MARK = HighWater(
    target="a" * 40, ledger="b" * 40, missions={"H-1": "c" * 40}, time="2026-01-15T12:00:00Z"
)


def test_a_mark_is_read_as_it_was_written_and_replaced_whole(tmp_path):
    path = tmp_path / "highwater.json"
    highwater.write(path, HighWater())
    highwater.write(path, MARK)
    assert highwater.read(path) == MARK
    assert [entry.name for entry in tmp_path.iterdir()] == ["highwater.json"]


def test_a_lost_mark_is_none(tmp_path):
    assert highwater.read(tmp_path / "highwater.json") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[:-5],
        lambda content: content.replace(b"aaaa", b"aaab", 1),
        lambda content: content.replace(b'"schema":1', b'"schema":2'),
        lambda content: b"[" * 100_000 + content,
        lambda _: b"\xff\xfe",
    ],
    ids=["empty", "cut", "a flipped bit", "a later schema", "nested", "no text"],
)
def test_a_corrupt_mark_is_neither_lost_nor_known(tmp_path, damage):
    path = tmp_path / "highwater.json"
    highwater.write(path, MARK)
    path.write_bytes(damage(path.read_bytes()))
    answer = highwater.read(path)
    assert isinstance(answer, Corrupt)
    assert answer.path == str(path)


def test_a_directory_in_its_place_is_corrupt(tmp_path):
    (tmp_path / "highwater.json").mkdir()
    assert isinstance(highwater.read(tmp_path / "highwater.json"), Corrupt)


def test_a_mark_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "highwater.json"
    path.mkdir()
    with pytest.raises(OSError, match=r"directory"):
        highwater.write(path, MARK)
    assert [entry.name for entry in tmp_path.iterdir()] == ["highwater.json"]
