"""Killed anywhere, nothing that people are to be told is lost, and what is repeated has its id."""

import os
import signal
import subprocess
import sys

import pytest
import yaml

from tests.daemon.conftest import POLICY

RULES = b"notifications: [{to: ops}]\n"
DIES = """
import os, signal, sys
from pathlib import Path
from daemon.outside import find, roots
from daemon.serve import once, serving

place, nth = sys.argv[2], int(sys.argv[3])
passed = 0

def point(name):
    global passed
    passed += name == place
    if passed == nth:
        os.kill(os.getpid(), signal.SIGKILL)

with serving(find(Path(sys.argv[1]), roots(os.environ)), point=point) as it:
    once(it)
"""


@pytest.mark.parametrize(
    ("place", "nth"),
    [("archive", 1), ("archived", 1), ("notify", 4), ("notified", 4), ("notified", 6)],
)
def test_a_kill_loses_nothing_that_people_are_to_be_told(founded, receiver, secret, place, nth):
    house = founded({"README": "a house\n"}, POLICY + RULES)
    path = house.outside.config / "host.yaml"
    told = {"ops": {"webhook": receiver.url, "secret": str(secret)}}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "notify": told}))
    house.runs()
    house.wishes("H-1")
    house.wishes("H-2", priority="P2", requires_approval=True)
    argv = [sys.executable, "-c", DIES, house.gitdir, place, str(nth)]
    done = subprocess.run(argv, env=os.environ, stderr=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    house.runs()
    ids = {(post.json["event"], post.json["mission"]): set() for post in receiver.posts}
    for post in receiver.posts:
        ids[post.json["event"], post.json["mission"]].add(post.headers["webhook-id"])
    assert {name: len(known) for name, known in ids.items()} == {
        ("landed", "H-1"): 1,
        ("waiting", "H-2"): 1,
    }
