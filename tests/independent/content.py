"""What a landing changes: what its mission built, merged into the target, and its item's flip."""

import re
import subprocess
import tempfile
from pathlib import Path

from tests.independent.served import ENV, GIT


def only_the_flip(served, one, story, started):
    mission = story.mission
    n = started["n"]
    attempts = [fact["payload"] for fact in story.facts if fact["payload"].get("n") == n]
    begun = [a for a in attempts if "argv" in a][-1]
    ended = next(a for a in attempts if "checkpoint" in a)
    own = served.changes(begun["base"], ended["tree"])
    landed = served.changes(one.parents[0], one.oid)
    item = [path for path in landed if is_flip(served, landed[path])]
    flips = 0 if "Pawl-Repairs" in one.trailers else 1
    if not served.must(len(item) == flips, mission, f"its landing flips {item}"):
        return
    for path, (was, now) in landed.items():
        if path in item:
            continue
        if served.must(path in own, mission, f"its landing changes {path}, the mission did not"):
            before, after = own[path]
            served.must(
                now == after or (was != before and merges(served, before, was, after, now)),
                mission,
                f"{path} landed with another content than was built",
            )
    for path, (before, after) in own.items():
        served.must(
            path in landed or stands(served, one.parents[0], path, before, after),
            mission,
            f"{path} was built and did not land",
        )


def is_flip(served, change):
    (was_mode, was), (mode, now) = change
    if was_mode != mode or not int(was, 16) or not int(now, 16):
        return False
    old, new = (served.blob(oid).splitlines() for oid in (was, now))
    if is_tick(old, new):
        return True
    status = re.compile(rb"""["']?status["']?\s*:\s*["']?(\w+)["']?\s*(#.*)?$""")
    said = [match[1] for line in new if (match := status.match(line))]
    rest = [[line for line in side if not status.match(line)] for side in (old, new)]
    return said == [b"done"] and rest[0] == rest[1]


def is_tick(old, new):
    """Whether one box of a Markdown backlog is ticked, and nothing else changed."""
    if len(old) != len(new):
        return False
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    if len(changed) != 1:
        return False
    before, after = (line.removeprefix(b"\xef\xbb\xbf") for line in changed[0])
    return before.startswith(b"- [ ] **") and after == b"- [x]" + before[5:]


def merges(served, before, was, after, now):
    """Whether *now* is the text merge of what the target and the mission did to a file."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for path, (_, oid) in zip(files, (was, before, after), strict=True):
            path.write_bytes(served.blob(oid) if int(oid, 16) else b"")
        done = subprocess.run(
            [*GIT, "merge-file", "-p", *files], capture_output=True, check=False, env=ENV
        )
    return done.returncode == 0 and done.stdout == served.blob(now[1])


def stands(served, base, path, before, after):
    """Whether the target had the mission's change of *path* already, or it is its own item."""
    there = served.files(base).get(path)
    gone = there is None and not int(after[1], 16)
    return gone or there == after or (there == before and path.startswith("backlog/"))
