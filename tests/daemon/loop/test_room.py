"""A disk below the host file's floor: nothing starts, nobody is charged, it goes on by itself."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from daemon import hosting
from daemon.bus import door
from daemon.health import is_red

_SMALL = """
set -eu
cp -a "$1" "$1.kept"
mount -t tmpfs -o size=96m tmpfs "$1"
cp -a "$1.kept/." "$1"
head -c 64M /dev/zero > "$1/ballast"
shift
exec "$@"
"""
"""Puts a small disk, two thirds full, under the state folder; it goes with its namespace."""
_TWICE = """
import os, sys
from pathlib import Path
from daemon.outside import find, roots
from daemon.serve import once, serving
from gitops import refs
with serving(find(Path(sys.argv[1]), roots(os.environ))) as it:
    print([once(it).short], [*refs.list_missions(it.site.store).open])
    (it.site.state / "ballast").unlink()
    now = once(it)
    print([now.short], [*now.rests, *now.closed])
"""


def asks(house, free_bytes):
    """Write the floor into the host file of *house*."""
    host = house.outside.config / "host.yaml"
    kept = [line for line in host.read_text().splitlines() if not line.startswith("free_bytes")]
    host.write_text("\n".join([*kept, f"free_bytes: {free_bytes}", ""]))


def test_nothing_is_opened_below_the_floor_and_both_disks_are_named(house):
    house.wishes("H-1")
    asks(house, 2**50)
    standing = house.runs()
    doubt = standing.short
    assert "short of room" in doubt
    assert str(house.outside.state) in doubt
    assert str(house.gitdir / "objects") in doubt
    assert standing.selection.skipped["H-1"].why == doubt
    assert is_red(standing)
    assert house.git("for-each-ref", "refs/pawl/missions") == ""


def test_an_open_mission_waits_uncharged_and_goes_on_once_there_is_room(house, monkeypatch):
    def bare(host):
        return replace(hosting.sandbox_host(host), bwrap=Path("/nowhere/bwrap"))

    house.wishes("H-1")
    with monkeypatch.context() as patched:
        patched.setattr(door, "sandbox_host", bare)
        house.runs()
    asks(house, 2**50)
    standing = house.runs()
    assert standing.rests["H-1"].reason == "no_room"
    assert house.kinds("H-1") == ["mission-opened"]
    asks(house, 1)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_the_same_daemon_goes_on_when_a_small_disk_has_room_again(house):
    house.wishes("H-1")
    asks(house, 48 * 1024**2)
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-rm"]
    ran = [sys.executable, "-c", _TWICE, house.gitdir]
    done = subprocess.run(
        [*own, "sh", "-c", _SMALL, "sh", house.outside.state, *ran],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    full, free = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert "short of room" in full
    assert full.endswith(" []")
    assert free.startswith("[None] ['H-1")
