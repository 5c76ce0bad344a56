"""What `pawl doctor` finds out about the hub, and that it leaves the hub as it was."""

import json
import subprocess
import sys

import pytest

from tests.hubs import free_port


def checks(host):
    """Return what was found about the hub: (verdict, what was said and what to do), each."""
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", host.path, "doctor", "--json"], env=host.env,
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    found = [one for one in json.loads(done.stdout)["checks"] if one["what"] == "hub"]
    red = any(one["verdict"] == "bad" for one in found)
    assert done.returncode == (9 if red else 0), done.stdout + done.stderr
    return [(one["verdict"], f"{one['said']} -> {one['then']}") for one in found]


@pytest.mark.parametrize("how", ["ssh", "http", "file"])
def test_a_hub_that_answers_is_good_and_is_left_as_it_was(hub, hosts, reached, how):
    host = hosts("one", how=reached(how))
    before = hub.refs()
    (fetched, pushed) = checks(host)
    assert fetched == ("good", f"{host.remote['url']} answers, and may be fetched -> ")
    assert (pushed[0], "it may be pushed to" in pushed[1]) == ("good", True)
    assert "refs/heads/main, refs/heads/pawl/* (with deletion), refs/pawl/*" in pushed[1]
    assert hub.refs() == before


def no_key(host, _hub, sshd):
    host.knows(ssh_key=str(sshd.folder / "gone"))


def a_strange_key(host, hub, _sshd):
    key = hub.bare.with_name("strange")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    host.knows(ssh_key=str(key))


def a_strange_hub(host, hub, _sshd):
    (known := hub.bare.with_name("known")).write_text("")
    host.knows(known_hosts=str(known))


def nobody_there(host, hub, sshd):
    host.knows(url=sshd.url(hub.bare, free_port()))


def another_path(host, hub, sshd):
    host.knows(url=sshd.url(hub.bare.with_name("other.git")))


def an_empty_hub(_host, hub, _sshd):
    hub.at("update-ref", "-d", "refs/heads/main")


def a_commit_here(host, _hub, _sshd):
    host.commits({"mine.txt": "mine\n"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_key, "gone cannot be read -> put it there"),
        (a_strange_key, "-> let the key in at the hub: ssh-keygen -y -f"),
        (a_strange_hub, "-> its host key is not in"),
        (nobody_there, "-> see whether the network, the name and the port"),
        (another_path, "-> see whether the path in"),
        (an_empty_hub, "it has no refs/heads/main: nothing can land there -> git push"),
        (a_commit_here, "ahead of the hub's: until it is pushed nothing is opened"),
    ],
    ids=lambda one: one.__name__.replace("_", " ") if callable(one) else "",
)
def test_what_is_wrong_is_named_with_what_to_do(hub, hosts, sshd, spoil, said):
    host = hosts("one", how=sshd.keys(hub.bare))
    tip = hub.tip()
    spoil(host, hub, sshd)
    assert [text for verdict, text in checks(host) if verdict == "bad" and said in text]
    hub.at("update-ref", "refs/heads/main", tip)


def test_a_hub_that_may_only_be_fetched_is_named(hub, hosts, reached):
    host = hosts("one", how=reached("http"))
    hub.at("config", "http.receivepack", "false")
    assert ("good", f"{host.remote['url']} answers, and may be fetched -> ") in checks(host)
    (said,) = [text for verdict, text in checks(host) if verdict == "bad"]
    assert "may be fetched and not pushed to" in said
    assert "-> let whom the credentials name write there: refs/heads/main" in said


def test_a_password_that_does_not_hold_is_named(hub, hosts, reached, tmp_path):
    host = hosts("one", how=reached("http"))
    (tmp_path / "credentials").write_text("username=pawl\npassword=wrong\n")
    (said,) = [text for verdict, text in checks(host) if verdict == "bad"]
    assert "has a `username=` and a `password=` that hold" in said
    assert "wrong" not in said


def test_what_the_hub_refused_the_daemon_is_told(hub, hosts):
    host = hosts("one")
    hook = hub.hooks("update", '[ "$1" != refs/heads/main ] || { echo "ask Ada" >&2; exit 1; }')
    hook.rename(hook.with_name("kept"))
    hub.wishes("H-1")
    hook.with_name("kept").rename(hook)
    host.runs()
    (said,) = [text for verdict, text in checks(host) if verdict == "bad"]
    assert "it refused the daemon (land H-1): " in said
    assert "ask Ada" in said
    hook.unlink()
