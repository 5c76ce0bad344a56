"""What the daemon would deny is refused in the clone, before anything is written, by its code."""

import re
import subprocess

import pytest

from tests.daemon.conftest import POLICY
from tests.daemon.people.test_commands import says, signing


def of_alice(home, **options):
    """Change the line of alice's key, or what is said of it, as bob may."""
    lines = home.line("bob") + home.line("alice", **options)
    return home.signs({".pawl/approvers": lines}, by="bob")


UNCOUNTED = {
    "own_request": lambda home: home.wishes("H-1", requires_approval=True, requested_by="alice@x"),
    "key_expired": lambda home: of_alice(
        home, options='namespaces="git",valid-before="20200101Z"'
    ),
    "key_not_yet": lambda home: of_alice(home, options='namespaces="git",valid-after="29990101Z"'),
    "key_revoked": lambda home: home.signs(
        {".pawl/revoked": home.line("alice").partition(" ")[2].partition(" ")[2]}, by="bob"
    ),
    "no_role": lambda home: home.signs(
        {".pawl/policy.yaml": home.shows(".pawl/policy.yaml")
         + '\npermissions: {roles: {"alice@x": [policy]}}\n'}, by="bob"
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", UNCOUNTED)
@pytest.mark.parametrize("trusts", [True, False], ids=["with a trust file", "in a plain clone"])
def test_what_the_daemon_would_deny_is_refused_before_it_is_written(home, tmp_path, code, trusts):
    if code != "own_request":
        home.wishes("H-1", requires_approval=True)
    UNCOUNTED[code](home)
    home.runs()
    at = home.path
    if not trusts:
        at = tmp_path / "clone"
        subprocess.run(["git", "clone", "-q", home.path, at], check=True)
        fetch = ["git", "-C", at, "fetch", "-q", "origin", "+refs/pawl/*:refs/pawl/*"]
        subprocess.run(fetch, check=True)
    signing(home, at=at)
    found = says(home, "approve", "H-1", at=at)
    assert found.code == 3, found
    assert f"the daemon would not count it: {code}: " in found.err
    assert not list(at.glob("waivers/*"))
    signing(home, "bob", at=at)
    assert says(home, "approve", "H-1", at=at).code == 0


def test_who_asked_may_still_take_the_wish_back(home):
    home.wishes("H-1", requires_approval=True, requested_by="alice@x")
    home.runs()
    signing(home)
    assert says(home, "reject", "H-1").code == 0
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "rejected_by_person")


def test_where_one_person_decides_they_may_in_a_plain_clone_too(settled, tmp_path):
    home = settled(mode="one-person")
    home.wishes("H-1", requires_approval=True, requested_by="alice@x")
    home.runs()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", home.path, clone], check=True)
    fetch = ["git", "-C", clone, "fetch", "-q", "origin", "+refs/pawl/*:refs/pawl/*"]
    subprocess.run(fetch, check=True)
    signing(home, at=clone)
    assert says(home, "approve", "H-1", at=clone).code == 0


def test_a_decision_lasts_as_long_as_the_ready_made_one_where_that_is_short(settled):
    home = settled(POLICY + b"waivers: {max_ttl_s: 600}\n")
    home.wishes("H-1", requires_approval=True)
    home.runs()
    ready = re.search('^expires: "(.*)"$', home.ready("H-1", "approval"), re.MULTILINE)[1]
    signing(home)
    commit = says(home, "approve", "H-1", "--json").json["commit"]
    (path,) = home.git("show", "--format=", "--name-only", commit).splitlines()
    assert f'expires: "{ready}"' in home.shows(path)
