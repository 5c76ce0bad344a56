"""The service under a real systemd: installed by its own command, disturbed as hosts disturb it."""

import json

from tests.daemon.service.conftest import CLONE, HUB, STATE, UNIT
from tests.daemon.service.machine import PAWL
from tests.eventually import eventually


def test_what_is_pushed_lands_inside_the_hardened_unit(host):
    host.wishes("H-1")
    host.lands("H-1")
    probed = json.loads(host.root("cat", f"{STATE}/sandbox/probes.json"))
    assert probed["engine"] == "bwrap-overlay"
    assert host.root("ps", "-o", "user=", "-p", str(host.pid)) == "pawl"
    (told,) = json.loads(host.pawl("service", "status", "house", "--json").stdout)["services"]
    assert (told["health"], told["doubts"], told["pawl"]["pid"]) == ("green", [], host.pid)
    assert (told["systemd"]["ActiveState"], told["systemd"]["UnitFileState"]) == (
        "active",
        "enabled",
    )
    assert host.pawl("service", "status").returncode == 0


def test_people_fetch_what_it_wrote_and_push_after_it(host):
    host.wishes("H-2")
    host.lands("H-2")
    host.ada("git", "pull", "-q", "--rebase", "origin", "main")
    host.ada("git", "fetch", "-q", "origin", "+refs/*:refs/remotes/hub/*")
    assert host.ada("cat", "H-2.txt") == "begun\nmade"
    host.ada("git", "commit", "-q", "--allow-empty", "-m", "and on it goes")
    host.ada("git", "push", "-q", "origin", "HEAD:main")
    assert host.subjects()[0] == "and on it goes"


def test_every_line_of_the_daemons_is_json_with_a_priority(host):
    host.wishes("H-3")
    host.lands("H-3")
    own = [line for line in host.machine.journal(UNIT) if line["_COMM"] == "pawl"]
    assert own
    for line in own:
        said = json.loads(line["MESSAGE"])
        assert {"event", "level", "timestamp"} <= said.keys()
        assert line["SYSLOG_IDENTIFIER"] == "pawl@house"
        assert line["PRIORITY"] == {"info": "6", "warning": "4", "error": "3"}[said["level"]]


def test_systemd_has_nothing_to_say_against_the_unit_and_scores_it(host):
    done = host.machine.tries("systemd-analyze", "verify", "--man=no", UNIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    host.root("systemd-analyze", "security", "--threshold=33", UNIT)


def test_killed_while_a_builder_runs_it_goes_on_and_lands_once(host):
    host.wishes("K-1", builder="sleep 2")
    eventually(lambda: host.is_building("K-1"), "K-1 is built")
    was, restarts = host.pid, host.restarts
    host.kills("KILL")
    eventually(lambda: host.restarts > restarts and host.state == "active", "it is back")
    assert host.pid not in {0, was}
    host.lands("K-1")
    assert "attempt-interrupted" in host.kinds("K-1")


def test_its_restarts_come_ever_later_where_systemd_knows_how(host):
    knows = int(host.root("systemctl", "--version").split()[1]) >= 254
    host.root("systemctl", "restart", UNIT)  # counts from zero again
    host.kills("KILL")
    eventually(lambda: host.restarts and host.state == "active", "it is back")
    first, following = (host.machine.shows(UNIT, f"RestartUSec{one}") for one in ("", "Next"))
    assert (following not in {"", first}) == knows, (first, following)


def test_a_process_that_hangs_is_ended_by_the_watchdog(host):
    host.hurries(WatchdogSec="2s")
    host.root("systemctl", "restart", UNIT)  # counts from zero again
    host.kills("STOP")
    eventually(lambda: host.restarts and host.state == "active", f"it is back: {host.tail()}")
    host.hurries()
    assert any("Watchdog timeout" in message for message in host.messages())
    host.wishes("W-1")
    host.lands("W-1")


def test_where_it_hung_is_told_by_the_next_start(host):
    """A read that never returns, in the main thread and in C: nothing in the process could help."""
    host.hurries(WatchdogSec="2s", TimeoutAbortSec="10s")
    host.root("systemctl", "restart", UNIT)
    hanging = f"{HUB}/refs/pawl/missions/HANG-1"
    make = f"mkdir -p {HUB}/refs/pawl/missions && mkfifo {hanging}"
    host.root("runuser", "-u", "pawl", "--", "sh", "-c", make)
    eventually(lambda: any("Watchdog timeout" in one for one in host.since_start()), host.tail())
    host.root("rm", hanging)
    eventually(lambda: host.restarts and host.state == "active", f"it is back: {host.tail()}")
    host.hurries()
    eventually(lambda: any("reconcile" in one for one in host.aborted()), host.tail())
    host.wishes("W-2")
    host.lands("W-2")


def test_a_reload_is_over_when_everything_was_read_anew(host):
    was, reloads = host.pid, host.health.get("reloads", 0)
    host.ada("git", "pull", "-q", "--rebase", "origin", "main")
    host.ada("git", "commit", "-q", "--allow-empty", "-m", "something new")
    host.root("systemctl", "reload", UNIT)
    assert host.health["reloads"] == reloads + 1
    assert host.root(PAWL, "service", "reload", "house") == ""
    assert host.health["reloads"] == reloads + 2
    assert host.pid == was


def test_stopped_while_a_builder_runs_it_checkpoints_and_goes_on(host):
    host.wishes("S-1", builder="sleep 5")
    eventually(lambda: host.is_building("S-1"), "S-1 is built")
    host.root("systemctl", "stop", UNIT)
    assert host.machine.shows(UNIT, "Result") == "success"
    assert host.kinds("S-1")[-1] == "attempt-interrupted"
    assert "sleep 5" not in host.root("ps", "-eo", "args")
    host.root("systemctl", "start", UNIT)
    host.lands("S-1")


def test_a_configuration_that_cannot_be_believed_is_tried_once(host):
    trust = "/etc/pawl/house/trust.yaml"
    host.root("chmod", "o+w", trust)
    restarts = host.restarts
    done = host.machine.tries("systemctl", "restart", UNIT)
    assert done.returncode != 0
    assert (host.state, host.machine.shows(UNIT, "ExecMainStatus")) == ("failed", "3")
    assert host.restarts in {0, restarts}
    told = host.pawl("service", "status", "house")
    assert told.returncode == 9
    assert "exit 3" in told.stdout
    host.root("chmod", "o-w", trust)


def test_what_fails_again_and_again_is_given_up_and_told(host):
    key = "/etc/pawl/house/daemon_ed25519"
    host.root("mv", key, f"{key}.away")
    host.writes(
        "/etc/systemd/system/pawl@.service.d/zz-limit.conf",
        "[Unit]\nStartLimitIntervalSec=10min\nStartLimitBurst=3\n",
    )
    host.root("systemctl", "daemon-reload")
    host.root("systemctl", "reset-failed", UNIT)
    host.machine.tries("systemctl", "restart", UNIT)
    eventually(lambda: host.machine.tries("systemctl", "start", UNIT).returncode != 0, "it fails")
    eventually(
        lambda: any("Start request repeated too quickly" in one for one in host.messages()),
        "systemd gives it up",
    )
    host.root("mv", f"{key}.away", key)
    host.root("rm", "/etc/systemd/system/pawl@.service.d/zz-limit.conf")
    host.root("systemctl", "daemon-reload")
    host.root("systemctl", "reset-failed", UNIT)
    host.root("systemctl", "start", UNIT)
    assert host.state == "active"


def test_after_a_power_loss_it_starts_by_itself_and_lands_what_was_begun(host):
    host.wishes("P-1", builder="sleep 2")
    eventually(lambda: host.is_building("P-1"), "P-1 is built")
    host.machine.loses_power()
    host.machine.boots()
    eventually(lambda: host.state == "active", "it is started at boot")
    host.lands("P-1")


def test_a_freeze_is_in_the_journal_and_in_systemds_status_and_so_is_its_end(host):
    was = host.root("git", f"--git-dir={HUB}", "rev-parse", "main")
    host.root("git", f"--git-dir={HUB}", "update-ref", "refs/heads/main", f"{was}~1")
    told = eventually(lambda: [one for one in host.messages() if '"frozen"' in one], "it is frozen")
    assert "doctor --accept-tip" in told[-1]
    assert host.machine.shows(UNIT, "StatusText").startswith("frozen: ")
    assert host.pawl("service", "status", "house").returncode == 9
    host.root("git", f"--git-dir={HUB}", "update-ref", "refs/heads/main", was)
    host.root("chown", "-R", "pawl:builders", HUB)
    eventually(lambda: "not frozen any more" in host.messages()[-1], "it goes on")
    host.wishes("F-1")
    host.lands("F-1")


def test_installing_again_changes_nothing_and_puts_aside_what_was_edited(host):
    was = host.pid
    host.installs()
    assert host.pid == was
    unit = "/etc/systemd/system/pawl@.service"
    shipped = host.root("cat", unit)
    host.root("sed", "-i", "s/^WatchdogSec=.*/WatchdogSec=1h/", unit)
    edited = host.root("cat", unit)
    host.installs()
    assert host.root("cat", unit) == shipped
    assert host.root("cat", f"{unit}.edited") == edited
    assert host.pid not in {0, was}


def test_a_dry_run_shows_everything_and_writes_nothing(host):
    before = host.root("find", "/etc/systemd", "/etc/pawl", STATE, "-newer", f"{STATE}/lock")
    said = host.ada(PAWL, "-C", CLONE, "service", "install", "--dry-run")
    assert f"ReadWritePaths={CLONE}" in said
    assert "useradd" not in said
    after = host.root("find", "/etc/systemd", "/etc/pawl", STATE, "-newer", f"{STATE}/lock")
    assert {one for one in after.split() if "health" not in one} <= set(before.split())


def test_only_root_installs_and_only_where_systemd_runs(host):
    done = host.machine.tries(PAWL, "-C", CLONE, "service", "install", user="ada")
    assert (done.returncode, "only root may" in done.stderr) == (9, True)
    hidden = 'mount -t tmpfs none /run && exec "$0" "$@"'
    command = ["unshare", "--mount", "sh", "-c", hidden, PAWL, "-C", HUB, "service", "install"]
    done = host.machine.tries(*command)
    assert (done.returncode, "systemd does not run this host" in done.stderr) == (9, True)


def test_a_repository_its_user_cannot_write_is_refused_with_what_to_do(host):
    other = "/srv/git/other.git"
    host.root("git", "clone", "-q", "--bare", "--single-branch", HUB, other)
    found = json.loads(host.pawl("-C", HUB, "status", "--json").stdout)
    assert found["doubt"] is None
    log = host.root("git", f"--git-dir={HUB}", "log", "--format=%H", "--grep=^pawl: serve main")
    host.root(PAWL, "-C", other, "init", "--introduction", log.split()[0])
    done = host.machine.tries(PAWL, "-C", other, "service", "install")
    assert done.returncode == 3
    assert f"the user pawl cannot write {other}" in done.stderr
    assert host.machine.tries("test", "-e", "/etc/pawl/other").returncode != 0
