"""Fetch and push against real servers: what comes back, and what is never asked or trusted."""

import subprocess
import threading
from pathlib import Path

import pytest

from gitops.remote import Change, Changed, Fetched, Pushed, Refused, Unreachable, last_seen
from gitops.remote.push import Moved, parse
from tests.gitops.remote.conftest import TARGET
from tests.hubs import free_port

WAYS = ("ssh", "http", "file")
MISSION = "refs/pawl/missions/H-1"
WORK = "refs/heads/pawl/work/H-1"


@pytest.mark.parametrize("how", WAYS)
def test_what_the_hub_has_is_brought_below_a_name_of_its_own(hub, clone, connected, going, how):
    second = hub.commit("a second", hub.first)
    hub.git("update-ref", TARGET, second)
    hub.git("update-ref", MISSION, hub.first)
    hub.git("update-ref", "refs/heads/other", second)
    found = connected(how).fetch(going)
    assert found == Fetched({TARGET: second, MISSION: hub.first})
    assert clone.refs() == {
        TARGET: hub.first,
        "refs/pawl/remote/heads/main": second,
        "refs/pawl/remote/missions/H-1": hub.first,
    }
    hub.git("update-ref", "-d", MISSION)
    assert connected(how).fetch(going) == Fetched({TARGET: second})


@pytest.mark.parametrize("how", WAYS)
def test_the_hub_is_looked_at_and_asked_without_moving_anything(hub, clone, connected, going, how):
    second = hub.commit("a second", hub.first)
    hub.git("update-ref", TARGET, second)
    hub.git("update-ref", MISSION, hub.first)
    before = (hub.refs(), clone.refs())
    assert connected(how).look(going) == Fetched({TARGET: second})
    answer = connected(how).rehearse(Change(WORK, None, hub.first), going)
    assert answer == Pushed({WORK: Changed()})
    assert (hub.refs(), clone.refs()) == before


def test_who_may_only_fetch_is_told_so_without_a_push(hub, connected, going):
    hub.git("config", "http.receivepack", "false")
    assert connected("http").look(going) == Fetched({TARGET: hub.first})
    answer = connected("http").rehearse(Change(WORK, None, hub.first), going)
    assert isinstance(answer, Unreachable)
    assert "403" in answer.why


@pytest.mark.parametrize("how", WAYS)
def test_refs_move_all_or_none(hub, clone, connected, going, how):
    second = clone.commit("a second", hub.first)
    hub.git("update-ref", MISSION, hub.first)
    changes = (
        Change(TARGET, hub.first, second),
        Change(MISSION, hub.first, None),
        Change(WORK, None, second),
    )
    stale = (*changes[:2], Change(WORK, hub.first, second))
    before = hub.refs()
    answer = connected(how).push(stale, atomic=True, stopped=going)
    assert isinstance(answer, Pushed)
    assert {type(one) for one in answer.answers.values()} == {Moved}
    assert hub.refs() == before
    answer = connected(how).push(changes, atomic=True, stopped=going)
    assert answer == Pushed({TARGET: Changed(), MISSION: Changed(), WORK: Changed()})
    assert hub.refs() == {TARGET: second, WORK: second}


def test_without_atomic_each_ref_has_its_own_answer(hub, clone, connected, going):
    second = clone.commit("a second", hub.first)
    third = clone.commit("a third", second)
    changes = (Change(TARGET, second, third), Change(MISSION, None, second))
    answer = connected().push(changes, atomic=False, stopped=going)
    assert isinstance(answer, Pushed)
    assert [type(answer.answers[ref]) for ref in (TARGET, MISSION)] == [Moved, Changed]
    assert hub.refs() == {TARGET: hub.first, MISSION: second}


@pytest.mark.parametrize("how", ["ssh", "http"])
def test_a_denial_comes_with_the_words_of_the_server(hub, clone, connected, going, how):
    hook(hub, "pre-receive", "echo 'main is protected: ask Ada' >&2; exit 1")
    second = clone.commit("a second", hub.first)
    change = Change(TARGET, hub.first, second)
    answer = connected(how).push((change,), atomic=True, stopped=going)
    assert isinstance(answer, Pushed)
    assert isinstance(answer.answers[TARGET], Refused)
    assert "pre-receive hook declined" in answer.refused[TARGET]
    assert "main is protected: ask Ada" in answer.refused[TARGET]
    assert hub.refs() == {TARGET: hub.first}


def test_a_hub_that_denies_deletions_says_so(hub, clone, connected, going):
    hub.git("config", "receive.denyDeletes", "true")
    hub.git("update-ref", WORK, hub.first)
    answer = connected().push((Change(WORK, hub.first, None),), atomic=True, stopped=going)
    assert isinstance(answer, Pushed)
    assert "deletion prohibited" in answer.refused[WORK]


def test_a_lease_moves_where_only_fast_forwards_are_taken(hub, clone, connected, going):
    hub.git("config", "receive.denyNonFastForwards", "true")
    lease = "refs/pawl/leases/here"
    hub.git("update-ref", lease, hub.first)
    other = clone.commit("no descendant")
    answer = connected().push((Change(lease, hub.first, other),), atomic=False, stopped=going)
    assert answer == Pushed({lease: Changed()})


@pytest.mark.parametrize("how", ["ssh", "http"])
def test_an_answer_that_is_lost_is_none_and_the_next_fetch_tells(hub, clone, connected, going, how):
    """The server dies after it has moved the ref, before it has said so."""
    hook(hub, "reference-transaction", '[ "$1" != committed ] || kill -9 $PPID')
    second = clone.commit("a second", hub.first)
    hub_of = connected(how)
    answer = hub_of.push((Change(TARGET, hub.first, second),), atomic=True, stopped=going)
    assert isinstance(answer, Unreachable)
    Path(hub.gitdir, "hooks", "reference-transaction").unlink()
    assert hub_of.fetch(going) == Fetched({TARGET: second})
    again = hub_of.push((Change(TARGET, hub.first, second),), atomic=True, stopped=going)
    assert again == Pushed({TARGET: Changed()})


def test_a_hub_that_is_gone_is_said_and_what_it_had_is_remembered(
    hub, clone, connected, going, sshd
):
    near = connected("ssh")
    assert near.fetch(going) == Fetched({TARGET: hub.first})
    far = connected("ssh", url=sshd.url(hub.gitdir, free_port()))
    answer = far.fetch(going)
    assert isinstance(answer, Unreachable)
    assert "refused" in answer.why
    assert last_seen(near._store) == {TARGET: hub.first}


def test_a_hub_without_the_target_is_seen_as_that(hub, connected, going):
    there = connected()
    there.fetch(going)
    hub.git("update-ref", "-d", TARGET)
    assert there.fetch(going) == Fetched({})


def test_a_connection_that_is_silent_is_given_up(hub, clone, connected, going):
    hook(hub, "pre-receive", "exec sleep 600")
    second = clone.commit("a second", hub.first)
    slow = connected("file", timeout_s=1)
    answer = slow.push((Change(TARGET, hub.first, second),), atomic=True, stopped=going)
    assert isinstance(answer, Unreachable)
    assert "within 1 s" in answer.why


def test_a_stop_does_not_wait_for_the_server(hub, clone, connected):
    stop, came = threading.Event(), Path(hub.gitdir) / "came"
    hook(hub, "pre-receive", f"touch {came}; exec sleep 600")
    second = clone.commit("a second", hub.first)

    def stopped():
        return came.exists() or stop.is_set()

    answer = connected().push((Change(TARGET, hub.first, second),), atomic=True, stopped=stopped)
    assert isinstance(answer, Unreachable)
    assert "stopped" in answer.why


def test_an_unknown_host_key_is_refused(hub, connected, going, tmp_path):
    nobody = tmp_path / "known"
    nobody.write_text("")
    answer = connected("ssh", known_hosts=str(nobody)).fetch(going)
    assert isinstance(answer, Unreachable)
    assert "Host key verification failed" in answer.why


def test_only_the_key_of_the_host_file_is_offered(hub, connected, going, tmp_path, monkeypatch):
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    answer = connected("ssh", ssh_key=str(other)).fetch(going)
    assert isinstance(answer, Unreachable)
    assert "Permission denied" in answer.why


def test_a_wrong_password_asks_nobody_and_stays_in_its_file(hub, connected, going, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("username=pawl\npassword=guess\n")
    answer = connected("http", credentials=str(wrong)).fetch(going)
    assert isinstance(answer, Unreachable)
    assert "Authentication failed" in answer.why or "could not read" in answer.why
    assert wrong.read_text() == "username=pawl\npassword=guess\n"


@pytest.mark.parametrize(
    "name",
    ["http.proxy", "http.http://127.0.0.1.sslVerify", "push.pushOption", "remote.{url}.pushurl"],
)
def test_the_repository_has_no_say_in_how_the_hub_is_reached(hub, clone, connected, going, name):
    clone.git("config", name.format(url=hub.gitdir), "ext::false")
    answer = connected().fetch(going)
    assert isinstance(answer, Unreachable)
    assert "host file alone" in answer.why


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("!\ta:refs/heads/main\t[rejected] (stale info)", Moved),
        ("!\ta:refs/heads/main\t[remote rejected] (failed to update ref)", Moved),
        ("!\ta:refs/heads/main\t[remote rejected] (protected branch hook declined)", Refused),
        (" \ta:refs/heads/main\t1..2", Changed),
        ("=\ta:refs/heads/main\t[up to date]", Changed),
        ("!\ta:refs/heads/main\t[remote failure] (remote failed to report status)", None),
        ("fatal: garbage", None),
        ("", None),
    ],
)
def test_each_line_of_a_push_has_one_meaning(line, said):
    found = parse(f"To somewhere\n{line}\nDone\n", "")
    assert (found and type(found.answers[TARGET])) == said


def hook(hub, name, script):
    path = Path(hub.gitdir, "hooks", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
