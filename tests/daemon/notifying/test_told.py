"""A daemon tells people what begins and ends, once; whatever the receiver does, work goes on."""

import subprocess
import sys
import threading

import pytest
import yaml
from structlog.testing import capture_logs

from daemon.cli import tell as word
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.notified import notified, notify_rows
from daemon.cli.place import open_place
from daemon.cli.status import tell
from daemon.last_words import last_words
from daemon.notifying.memory import MEMORY
from policy.rules.load import load_policy, shipped_policy
from tests.daemon.conftest import POLICY

RULES = b"notifications: [{to: ops}]\n"


@pytest.fixture
def told(founded, receiver, secret):
    """A served repository that tells `ops`, and whom that is."""
    house = founded({"README": "a house\n"}, POLICY + RULES)
    house.receiver = receiver
    host(house, notify={"ops": {"webhook": receiver.url, "secret": str(secret)}})
    return house


def host(house, **keys):
    """Change the host file."""
    path = house.outside.config / "host.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}))


def rows(house):
    return notify_rows(house.outside)


def test_a_landing_and_a_block_are_told_with_why_and_the_next_command(told):
    told.wishes("H-1")
    told.wishes("H-2", priority="P2", command=["false"])
    told.runs()
    by_event = {post.json["event"]: post.json for post in told.receiver.posts}
    assert set(by_event) == {"landed", "blocked"}
    assert by_event["landed"]["title"] == "H-1 landed: make H-1.txt"
    assert (
        told.tip() in by_event["landed"]["why"] or told.tip("main~1") in by_event["landed"]["why"]
    )
    assert by_event["blocked"]["next"] == "pawl show H-2"
    assert all(post.is_signed() for post in told.receiver.posts)


def test_a_mission_that_waits_is_told_once_also_after_a_restart(told):
    told.wishes("H-1", requires_approval=True)
    told.runs()
    told.runs()
    told.runs()
    (post,) = told.receiver.posts
    assert (post.json["event"], post.json["mission"]) == ("waiting", "H-1")
    assert "approval requested" in post.json["why"]


def test_what_is_closed_while_nobody_can_be_told_is_told_later_with_the_same_id(told):
    told.receiver.status = 503
    told.wishes("H-1")
    told.runs()
    failed = {post.headers["webhook-id"] for post in told.receiver.posts}
    assert told.ended("H-1") == ("PASS", "landed")
    assert "503" in rows(told)["ops"]["why"]
    told.receiver.status = 204
    told.receiver.posts.clear()
    told.runs()
    assert told.receiver.events == ["landed"]
    assert {post.headers["webhook-id"] for post in told.receiver.posts} == failed


def test_a_receiver_that_never_answers_keeps_no_mission_waiting(told):
    told.receiver.held = threading.Event()
    host(told, notify_limits={"timeout_s": 1})
    told.wishes("H-1")
    told.wishes("H-2", priority="P2")
    told.runs()
    assert told.ended("H-1") == told.ended("H-2") == ("PASS", "landed")


def test_what_is_given_up_is_counted_and_the_rest_goes_on(told):
    host(told, notify_limits={"retries": 0})
    told.receiver.status = 500
    told.wishes("H-1")
    told.runs()
    assert rows(told)["ops"]["given_up"] == 1
    told.receiver.status = 204
    told.receiver.posts.clear()
    told.wishes("H-2")
    told.runs()
    assert rows(told) == {}
    assert told.receiver.events == ["landed"]
    assert told.receiver.posts[0].json["mission"] == "H-2"


def test_a_policy_that_breaks_is_told_by_the_rules_of_the_last_good_one(told):
    told.wishes("H-1")
    told.runs()
    told.receiver.posts.clear()
    told.commits({".pawl/policy.yaml": "schema: 1\nextends: nothing\n"})
    told.runs()
    told.runs()
    assert told.receiver.events == ["frozen"]
    assert "is no policy" in told.receiver.posts[0].json["why"]
    told.commits({".pawl/policy.yaml": (POLICY + RULES).decode()})
    told.runs()
    assert told.receiver.events == ["frozen", "thawed"]


def test_losing_what_was_told_repeats_what_is_so_once(told):
    told.wishes("H-1", requires_approval=True)
    told.wishes("H-2", priority="P2")
    told.runs()
    before = {post.headers["webhook-id"] for post in told.receiver.posts}
    told.receiver.posts.clear()
    (told.outside.state / MEMORY).write_text("{")
    told.runs()
    told.runs()
    assert told.receiver.events == ["waiting"]
    assert told.receiver.posts[0].headers["webhook-id"] in before


def test_an_unwritable_memory_stops_nothing(told):
    (told.outside.state / MEMORY).mkdir()
    told.wishes("H-1")
    told.runs()
    assert told.ended("H-1") == ("PASS", "landed")


def test_a_name_the_host_file_does_not_know_is_logged_and_nothing_is_sent(told):
    told.commits({".pawl/policy.yaml": (POLICY + b"notifications: [{to: boss}]\n").decode()})
    told.wishes("H-1")
    with capture_logs() as logs:
        told.runs()
    assert told.receiver.posts == []
    assert [log["to"] for log in logs if "the host file does not know" in log["event"]] == ["boss"]


def test_titles_cannot_turn_a_message_around(told):
    told.wishes("H-1", title="make \u202egnp.exe")
    told.runs()
    assert [post.json["title"] for post in told.receiver.posts] == ["H-1 landed: make gnp.exe"]


def test_where_nobody_is_named_nothing_is_kept(founded):
    house = founded({"README": "a house\n"}, POLICY + RULES)
    house.wishes("H-1")
    house.runs()
    assert not (house.outside.state / MEMORY).exists()


def test_a_daemon_that_is_killed_while_it_tells_tells_again_with_the_same_id(told):
    told.receiver.held = threading.Event()
    told.wishes("H-1")
    daemon = told.starts("run", stderr=subprocess.DEVNULL)
    told.receiver.waits_for(lambda it: it.heard)
    daemon.kill()
    daemon.wait()
    told.receiver.held.set()
    told.runs()
    told.receiver.waits_for(lambda it: len(it.posts) > 1)
    assert told.receiver.events == ["landed", "landed"]
    assert len({post.headers["webhook-id"] for post in told.receiver.posts}) == 1


def test_a_running_daemon_tries_again_by_itself(told):
    host(told, notify_limits={"retry_s": 1})
    told.receiver.status = 503
    told.wishes("H-1")
    daemon = told.starts("run", stderr=subprocess.DEVNULL)
    try:
        told.receiver.waits_for(lambda it: len(it.posts) > 1)
        told.receiver.status = 204
        told.receiver.waits_for(lambda _: rows(told) == {})
    finally:
        daemon.terminate()
        assert daemon.wait() == 0


def test_a_receiver_that_answers_a_byte_at_a_time_is_told_as_failing(told):
    told.receiver.held, told.receiver.drips = threading.Event(), True
    host(told, notify_limits={"stuck_s": 1, "timeout_s": 1})
    told.wishes("H-1")
    daemon = told.starts("run", stderr=subprocess.DEVNULL)
    try:
        told.receiver.waits_for(lambda _: "for 1 s" in str(rows(told)))
        assert told.ended("H-1") == ("PASS", "landed")
    finally:
        daemon.terminate()
        assert daemon.wait() == 0


def test_status_and_doctor_say_who_cannot_be_told(told, capsys):
    told.receiver.status = 500
    told.wishes("H-1")
    told.runs()
    assert tell(open_place(told.path), as_json=False) == Exit.OK
    assert "notify: ops: failing since" in capsys.readouterr().out
    (found,) = notified(told.outside, shipped_policy().policy)
    assert (found.verdict, found.what) == ("bad", "notify")
    assert "1 wait to be sent" in found.said


def test_doctor_names_a_secret_others_can_read_and_a_name_nobody_has(told, secret):
    policy = load_policy(POLICY + b"notifications: [{to: boss}]\n").policy
    ops, boss = notified(told.outside, policy)
    assert (ops.verdict, boss.verdict) == ("note", "note")
    assert "tell it nothing" in ops.said
    assert "the host file does not know it" in boss.said
    secret.chmod(0o644)
    assert "lets others in" in next(notified(told.outside, policy)).said


def test_what_holds_one_mission_up_is_told_and_its_landing_after(told):
    told.wishes("H-1")
    (told.path / "README").write_text("changed, and not committed\n")
    told.runs()
    told.runs()
    assert told.receiver.events == ["held"]
    assert told.receiver.posts[0].json["next"] == "pawl explain H-1"
    told.git("checkout", "--quiet", "README")
    told.runs()
    assert told.receiver.events == ["held", "landed"]


def test_a_host_without_room_and_a_backlog_nobody_can_read_are_told(told):
    told.commits({"backlog/H-1.yaml": "id: H-1\n"})
    host(told, free_bytes=2**50)
    told.runs()
    told.runs()
    found = {post.json["event"]: post.json for post in told.receiver.posts}
    assert (len(told.receiver.posts), set(found)) == (2, {"stalled", "invalid"})
    assert "short of room" in found["stalled"]["why"]
    assert found["invalid"]["title"] == "1 of the backlog cannot be read: H-1"


def test_a_daemon_that_hung_and_was_ended_is_told_by_the_next_one_once(told):
    code = (
        "import faulthandler, os; from pathlib import Path; from daemon.last_words import *\n"
        f"with last_words(Path({str(told.outside.state)!r})): os.abort()"
    )
    subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False)
    with last_words(told.outside.state):
        told.runs()
        told.runs()
    assert told.receiver.events == ["stalled"]
    assert "stacks.last.txt" in told.receiver.posts[0].json["why"]


def test_a_target_that_is_red_after_a_landing_is_told_and_its_end_as_well(told):
    rules = (
        "gates: [{name: after, run: [test, '!', -e, H-1.txt], timeout_s: 60, when: {risk: []}}]\n"
        "after_landing: {gates: [after], reruns: 0, repair: 0}\n"
    )
    told.commits({".pawl/policy.yaml": (POLICY + RULES).decode() + rules})
    told.wishes("H-1")
    told.runs()
    told.runs()
    assert told.receiver.events == ["frozen"]
    assert "is judged failed after H-1" in told.receiver.posts[0].json["why"]
    told.commits({"H-1.txt": None})
    told.runs()
    assert told.receiver.events == ["frozen", "target_red", "landed", "target_green"]


def test_one_word_shows_whether_somebody_can_be_told(told, capsys):
    assert word.tell(told.path, "ops", as_json=False) == Exit.OK
    assert (told.receiver.events, told.receiver.posts[0].is_signed()) == (["tried"], True)
    told.receiver.status = 403
    assert word.tell(told.path, "ops", as_json=False) == Exit.ENVIRONMENT
    assert "not sent: the receiver answered 403 Forbidden" in capsys.readouterr().out
    with pytest.raises(RefusedError, match="There are: ops") as refused:
        word.tell(told.path, "boss", as_json=False)
    assert refused.value.code == Exit.NOT_FOUND
