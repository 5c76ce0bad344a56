"""What the host file may say of a hub: enough to reach it, and no secret in it."""

import pytest

from policy.host import Host
from policy.people.trust import Trust
from policy.problems import Unreadable
from policy.typed import read

LEAST = "schema: 1\ngit_dir: /home/ada/house/.git\n"
KEYS = "ssh_key: /k/id, known_hosts: /k/known"


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        (f"url: ssh://git@hub/team/house.git, {KEYS}", "ssh"),
        (f"url: 'git@hub:team/house.git', {KEYS}", "ssh"),
        ("url: https://hub/team/house.git, credentials: /k/hub", "https"),
        ("url: http://127.0.0.1:8080/house.git, credentials: /k/hub", "http"),
        ("url: /srv/house.git", "file"),
    ],
)
def test_a_hub_is_reached_in_five_ways(said, scheme):
    host = read(f"{LEAST}remote: {{{said}}}\n".encode(), Host)
    assert isinstance(host, Host), host
    assert host.remote is not None
    assert host.remote.scheme == scheme


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("url: ssh://git@hub/house.git", "needs `ssh_key`"),
        ("url: https://ada:secret@hub/house.git", "holds a user or password"),
        ("url: http://hub/house.git, credentials: /k/hub", "plain http"),
        ("url: 'ext::sh -c evil/x'", "url"),
        ("url: ftp://hub/house.git", "none of ssh"),
        (f"url: '-oProxyCommand=evil/x', {KEYS}", "url"),
        ("url: /srv/house.git, lease_s: 10", "at least twice"),
        ("url: /srv/house.git, fetch_s: 0", "at least 1"),
        ("url: /srv/house.git, name: hub", "not a key"),
    ],
)
def test_what_cannot_be_meant_is_refused(said, why):
    found = read(f"{LEAST}remote: {{{said}}}\n".encode(), Host)
    assert isinstance(found, Unreadable), found
    assert why in str(found)


def test_no_mount_shows_a_builder_what_opens_the_hub():
    text = f"{LEAST}mounts: [/k]\nremote: {{url: ssh://hub/house.git, {KEYS}}}\n"
    found = read(text.encode(), Host)
    assert isinstance(found, Unreadable)
    assert "opens the hub" in str(found)


def test_the_daemons_that_are_believed_are_ours_and_its_peers():
    key, peer = ("ssh-ed25519 " + letter * 68 for letter in "AB")
    text = f"schema: 1\nintroduction: {'a' * 40}\ntarget: main\ndaemon_key: {key}\npeers: [{peer}]"
    trust = read(text.encode(), Trust)
    assert isinstance(trust, Trust), trust
    assert trust.daemons.splitlines() == [key, peer]
