"""The newcomer's path, and what a script reads: init, edit, once, read why."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.cli.exits import Exit, RefusedError, worst

ENTRY = {
    "id", "outcome", "reason", "failure", "landed", "base", "tree", "gates", "attempts",
}  # fmt: skip


def test_the_first_item_lands_in_one_commit(served):
    base = served.tip()
    answer = served.pawl("once", "--json")
    assert answer.code == 0, answer.err
    assert set(answer.json) == {"schema", "missions", "skipped"}
    (mission,) = answer.json["missions"]
    assert set(mission) == ENTRY
    assert (mission["id"], mission["outcome"], mission["reason"]) == ("HELLO-1", "PASS", "landed")
    assert mission["landed"] == served.tip()
    assert mission["base"] == base == served.tip("main~1")
    assert mission["tree"] == served.tip("main^{tree}")
    assert set(mission["gates"].values()) == {"passed"}
    assert served.files_of("main") == ["HELLO-1.md", "backlog/HELLO-1.yaml"]
    assert (served.repo / "HELLO-1.md").read_text() == "Hello from the first mission\n"
    assert served.git("status", "--porcelain") == ""
    assert answer.json["skipped"] == {"HELLO-1": "done"}


def test_a_second_time_there_is_nothing_to_do(served):
    served.pawl("once")
    before = served.tip()
    answer = served.pawl("once", "--json")
    assert (answer.code, answer.json["missions"]) == (0, [])
    assert served.tip() == before


def test_an_edited_item_that_fails_is_blocked_and_says_why(served):
    item = (served.repo / "backlog/HELLO-1.yaml").read_text()
    served.commit("backlog/HELLO-1.yaml", item.replace("grep, -q, Hello", "grep, -q, Goodbye"))
    answer = served.pawl("once")
    assert answer.code == 6
    assert "tests_failed" in answer.out
    shown = served.pawl("show", "HELLO-1").out
    assert "BLOCKED (tests_failed)" in shown
    assert "closed_unresolved" in served.pawl("explain", "HELLO-1").out
    assert served.pawl("retry", "HELLO-1").code == 0
    assert served.pawl("explain", "HELLO-1", "--json").json["items"]["HELLO-1"]["state"] == "next"


def test_retry_of_a_landed_item_runs_it_again_as_a_second_mission(served):
    served.pawl("once")
    assert served.pawl("retry", "HELLO-1").code == 0
    answer = served.pawl("once", "--json")
    (mission,) = answer.json["missions"]
    assert (mission["id"], mission["reason"]) == ("HELLO-1@2", "no_changes")
    assert served.pawl("log", "HELLO-1@2").out.count("HELLO-1@2") > 3


def test_a_cancelled_item_does_not_run(served):
    assert served.pawl("cancel", "HELLO-1").code == 0
    answer = served.pawl("once", "--json")
    assert (answer.code, answer.json["missions"]) == (0, [])
    assert answer.json["skipped"] == {"HELLO-1": "cancelled"}


def test_while_paused_nothing_starts(served):
    served.pawl("pause")
    answer = served.pawl("once", "--json")
    assert (answer.code, answer.json["skipped"]) == (0, {"HELLO-1": "paused"})


def everything_below(*folders):
    found = {}
    for folder in folders:
        for parent, _, names in os.walk(folder):
            found |= {Path(parent, name): Path(parent, name).stat().st_mtime_ns for name in names}
    return found


def test_a_dry_run_tells_what_would_open_and_writes_nothing_anywhere(served):
    before = everything_below(served.repo, served.home)
    answer = served.pawl("once", "--dry-run", "--json", PYTHONDONTWRITEBYTECODE="1")
    assert (answer.code, answer.json["would_open"]) == (0, ["HELLO-1"])
    assert everything_below(served.repo, served.home) == before


def test_without_trust_a_writer_refuses_and_a_reader_does_not(desk):
    assert desk.pawl("once").code == 3
    desk.pawl("init")
    (desk.config / "trust.yaml").unlink()
    refused = desk.pawl("once", "--json")
    assert refused.code == 3
    assert refused.json["error"]["code"] == 3
    assert "trust.yaml: cannot be read" in refused.err
    status = desk.pawl("status")
    assert (status.code, "unverified" in status.out) == (0, True)


def test_a_broken_item_is_named_with_its_line_and_halts(served):
    served.commit("backlog/BAD-1.yaml", "id: BAD-1\ntitel: typo\n")
    answer = served.pawl("once", "--json")
    assert answer.code == 3
    assert answer.json["skipped"] == {"BAD-1": "invalid", "HELLO-1": "halted"}
    explained = served.pawl("explain", "BAD-1").out
    assert "backlog/BAD-1.yaml:2: titel: is not a key that may stand here" in explained


def test_a_broken_policy_is_named_with_its_line(served):
    served.commit(".pawl/policy.yaml", "schema: 1\nextends: default-1\nreconcile: 3\n")
    answer = served.pawl("status")
    assert answer.code == 3
    assert "line 3: reconcile" in answer.err
    once = served.pawl("once")
    assert (once.code, "no policy" in once.out) == (3, True)
    assert served.subjects()[0] == "change .pawl/policy.yaml"


def test_only_one_works_on_a_repository(served):
    with (served.state / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = served.pawl("once")
    assert answer.code == 75
    assert "another pawl holds" in answer.err


@pytest.mark.parametrize(
    ("codes", "stands"),
    [
        pytest.param([], Exit.OK, id="nothing is ok"),
        pytest.param([Exit.BLOCKED, Exit.OK], Exit.BLOCKED, id="blocked before ok"),
        pytest.param([Exit.CANCELLED, Exit.BLOCKED], Exit.BLOCKED, id="blocked before cancelled"),
        pytest.param([Exit.BLOCKED, Exit.WAIVER], Exit.WAIVER, id="a waiver before blocked"),
        pytest.param([Exit.WAIVER, Exit.ASKED], Exit.ASKED, id="an escalation before a waiver"),
        pytest.param([Exit.ASKED, Exit.ENVIRONMENT], Exit.ENVIRONMENT, id="environment before it"),
        pytest.param([Exit.ENVIRONMENT, Exit.INVALID], Exit.INVALID, id="policy before all that"),
        pytest.param([Exit.INVALID, Exit.LOCKED], Exit.LOCKED, id="locked before everything"),
    ],
)
def test_once_over_several_missions_ends_with_the_first_that_applies(codes, stands):
    assert worst(codes) is stands


def test_a_refusal_says_what_on_what_why_and_what_to_do():
    refused = RefusedError(
        Exit.GIT, attempted="move", on="main", why=["it is locked", "it is gone"], then="Wait."
    )
    assert refused.text() == (
        "pawl: cannot move main:\n  - it is locked\n  - it is gone\n      Wait."
    )


def is_closed(row):
    return row.get("mission") == "HELLO-1" and "closed" in row.values()


def test_run_serves_until_it_is_told_to_stop(served):
    argv = (sys.executable, "-W", "error", "-m", "daemon", "run")
    with subprocess.Popen(
        argv, cwd=served.repo, env=served.environ, stderr=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stderr is not None
        rows = (json.loads(line) for line in daemon.stderr)
        told = next((row for row in rows if is_closed(row)), None)
        daemon.send_signal(signal.SIGTERM)
        rest = daemon.stderr.read()
    assert told, rest
    assert daemon.returncode == 0, rest
    assert served.subjects()[0] == "Hello from the first mission"


def test_log_follow_goes_on_with_what_happens(served):
    argv = (sys.executable, "-m", "daemon", "log", "--follow", "--json")
    with subprocess.Popen(
        argv,
        cwd=served.repo,
        env=served.environ,
        stdout=subprocess.PIPE,
        text=True,
        # a shell that starts tests in the background makes them, and so this one, deaf to it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - as said
    ) as log:
        assert log.stdout is not None
        served.pawl("once")
        kinds = (json.loads(line)["kind"] for line in log.stdout)
        assert next(kinds) == "mission-opened"
        assert "mission-closed" in kinds
        log.send_signal(signal.SIGINT)
    assert log.returncode == 130


def test_a_host_file_that_cannot_be_read_is_to_be_mended_not_made_anew(served):
    (served.config / "host.yaml").write_text("git_dir: [\n")
    for command in ("once", "doctor"):
        told = served.pawl(command)
        assert told.code == 3
        assert "mend the file" in (told.out + told.err).lower()
        assert str(served.config / "host.yaml") in told.out + told.err


def test_what_holds_a_mission_up_is_told_by_every_command_that_shows_it(served):
    (served.repo / "README.md").write_text("not committed\n")
    assert served.pawl("once").code == 9
    for command in (("status",), ("show", "HELLO-1"), ("explain", "HELLO-1")):
        told = served.pawl(*command).out
        assert "held" in told
        assert "README.md); commit or stash" in told


def test_a_mission_that_waits_for_time_says_until_when(served):
    route = "{action: retry, limit: 3, origin: environment, backoff_s: 600}"
    policy = (served.repo / ".pawl/policy.yaml").read_text()
    served.commit(".pawl/policy.yaml", f"{policy}\nfailures: {{build_error: {route}}}\n")
    item = (served.repo / "backlog/HELLO-1.yaml").read_text()
    fails = re.sub("(?m)^command: .*$", "command: ['false']", item)
    served.commit("backlog/HELLO-1.yaml", fails)
    told = served.pawl("once")
    assert told.code == 9, told.out
    until = (
        f"it is tried again from {served.pawl('once', '--json').json['missions'][0]['retry_at']} on"
    )
    for command in (("once",), ("status",), ("show", "HELLO-1"), ("explain", "HELLO-1")):
        assert until in served.pawl(*command).out


def test_a_daemon_that_ended_is_not_told_to_be_at_work(served):
    served.pawl("once")
    health = served.state / "health.json"
    ended = subprocess.Popen(["true"])
    ended.wait()
    row = json.loads(health.read_text()) | {"pid": ended.pid, "under_way": {"HELLO-1": "gates"}}
    health.write_text(json.dumps(row))
    told = served.pawl("status").out
    assert "none runs now" in told
    assert "gates" not in told


def test_what_is_frozen_is_not_told_to_have_nothing_to_do(served):
    (served.state / "highwater.json").parent.mkdir(exist_ok=True)
    (served.state / "highwater.json").write_text("garbage")
    told = served.pawl("once")
    assert told.code == 9
    assert "frozen: " in told.out
    assert "nothing to do" not in told.out
