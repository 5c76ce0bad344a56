"""Files in the backlog that are no items: each has its reason, and stops what policy says."""

from pathlib import Path

import pytest

ITEM = """id: {id}
title: one
priority: P1
contract: there is a file
acceptance: [it is there]
write_scope: [{id}.txt]
tests:
  - run: [test, -s, {id}.txt]
command: [touch, {id}.txt]
"""


def item(name: str, *more: str) -> bytes:
    return (ITEM.format(id=name) + "".join(f"{line}\n" for line in more)).encode()


def instead(name: str, line: str, other: str) -> bytes:
    return item(name).replace(line.encode(), other.encode())


GARBAGE = {
    "no-yaml": (item("no-yaml", "contract2: [1,", "  }"), "no-yaml.yaml:11: "),
    "ten-megabytes": (item("ten-megabytes") + b"# long\n" * 1_500_000, "10500"),
    "twice": (item("twice", "title: two"), "twice.yaml:10: title: is there twice"),
    "types": (instead("types", "title: one", "title: [1]"), "types.yaml:2: title: must be text"),
    "unknown-key": (item("unknown-key", "colour: red"), "unknown-key.yaml:10: colour: "),
    "no-such-item": (item("no-such-item", "blocked_by: [X-9]"), "no-such-item.yaml:10: blocked_by"),
    "round-1": (item("round-1", "blocked_by: [round-2]"), "round-1.yaml:10: blocked_by: for ever"),
    "round-2": (item("round-2", "blocked_by: [round-1]"), "round-2.yaml:10: blocked_by: for ever"),
    "not-text": (item("not-text") + b"design: \xff\xfe\n", "not-text.yaml:10: "),
    "nul": (item("nul") + b"design: a\x00b\n", "nul.yaml:10: the character U+0000"),
    "anchor": (item("anchor", "design: &a text", "tags: [*a]"), "anchor.yaml:10: &a: anchors"),
    "bomb": (
        item("bomb", "tags: &a [x, x]", "steps: &b [*a, *a]", "constraints: [*b, *b]"),
        "bomb.yaml:10: &a: anchors",
    ),
    "deep": (item("deep", "tags: " + "[" * 100_000), "deep.yaml:10: nested deeper"),
    "tag": (item("tag", "design: !!python/object:os.system x"), "tag.yaml:10: "),
    "norway": (item("norway", "requires_approval: no"), "norway.yaml:10: no: write true or false"),
    "empty": (b"", "empty.yaml:1: the file is empty"),
    "list": (b"[1, 2]\n", "list.yaml:1: an item is a map"),
    "two-documents": (item("two-documents", "---", "id: x"), "two-documents.yaml:10: a second"),
    "byte-order": (b"\xef\xbb\xbf" + item("byte-order"), "byte-order.yaml:1: begins with a byte"),
    "misnamed": (item("other"), "misnamed.yaml:1: id: is 'other'"),
    "upper": (item("upper"), "upper.yaml:1: id: upper is also"),
    "UPPER": (item("UPPER"), "UPPER.yaml:1: id: UPPER is also"),
    "link": (Path("../README"), "link.yaml: is a symbolic link"),
    "way-out": (Path("/etc/passwd"), "way-out.yaml: is a symbolic link"),
    "stages": (item("stages", "risk: high"), "stages.yaml:10: risk: "),
    "no-command": (
        instead("no-command", "command:", "read_context:"),
        "no-command.yaml:1: builder: nobody",
    ),
    "up": (
        instead("up", "write_scope: [up.txt]", "write_scope: [../up.txt]"),
        "up.yaml:6: write_s",
    ),
    "self": (item("self", "blocked_by: [self]"), "self.yaml:10: blocked_by: for ever"),
    "number": (item("number", "reopen: 1e400"), "number.yaml:10: "),
    "bad\nname": (b"x", "its name holds"),
    "bad\udcffname": (b"x", "its name holds"),
}


def path_of(name):
    return f"backlog/{name}.yaml"


@pytest.fixture
def files():
    return {path_of(name): content for name, (content, _) in GARBAGE.items()}


def test_held_garbage_stands_beside_items_that_land(house, writes, policy, files):
    policy("selection: {on_invalid: hold}")
    writes(files)
    house.wishes("G-1")
    house.wishes("G-2", blocked_by=["twice"])
    writes({"backlog/folder.yaml/deeper/G-3.yaml": item("G-3").replace(b"touch", b"cp, README")})
    standing = house.runs()
    assert house.ended("G-1") == house.ended("G-3") == ("PASS", "landed")
    skipped = standing.selection.skipped
    for name, (_, said) in GARBAGE.items():
        skip = skipped[shown(name)]
        assert skip.reason == "invalid"
        assert path_of(shown(name)) in skip.why
        assert said in skip.why
    assert (skipped["G-2"].reason, "unreadable" in skipped["G-2"].why) == ("blocked_by", True)


def shown(name):
    """The name as any terminal may show it: what it cannot show as escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def test_each_piece_of_garbage_halts_every_opening(house, writes, pawl, files):
    house.wishes("G-1")
    for names in (["upper", "UPPER"], ["no-yaml"], ["ten-megabytes"], ["not-text"], ["way-out"]):
        paths = [path_of(name) for name in names]
        writes({path: files[path] for path in paths})
        said = pawl("once", "--json")
        assert (said.code, said.json["missions"]) == (3, []), paths
        assert said.json["skipped"]["G-1"] == "halted", paths
        writes(dict.fromkeys(paths))
    assert pawl("once").code == 0
    assert house.ended("G-1") == ("PASS", "landed")


def test_a_person_is_told_which_file_to_mend(house, writes, pawl):
    writes({"backlog/X-1.yaml": item("X-1", "colour: red")})
    house.wishes("G-1")
    said = pawl("explain", "G-1")
    assert "mend backlog/X-1.yaml" in said.out
    assert "backlog/X-1.yaml:10: colour: is not a key that may stand here" in pawl("status").out
