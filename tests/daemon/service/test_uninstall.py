"""Taking the service away: what a person would miss stays until they say purge."""

from tests.daemon.service.conftest import HUB, STATE, UNIT
from tests.daemon.service.machine import PAWL


def test_uninstalling_keeps_what_matters_until_it_is_purged(host):
    host.wishes("U-1")
    host.lands("U-1")
    host.root(PAWL, "service", "uninstall", "house")
    assert host.machine.tries("systemctl", "cat", UNIT).returncode != 0
    left = host.root("ls", "/etc/pawl/house", STATE).split()
    assert {"host.yaml", "trust.yaml", "daemon_ed25519", "highwater.json"} <= set(left)
    assert host.root("ls", "/etc/systemd/system").count("pawl@.service") <= 1  # the test's own
    assert host.machine.tries(PAWL, "service", "uninstall", "house").returncode == 4

    host.installs()
    host.wishes("U-2")
    host.lands("U-2")
    host.audits()
    trust = host.root("cat", "/etc/pawl/house/trust.yaml")
    host.root(PAWL, "service", "uninstall", "house", "--purge")
    assert host.machine.tries("ls", "/etc/pawl/house").returncode != 0
    assert host.machine.tries("ls", STATE).returncode != 0
    assert host.subjects()[0] == "make U-2.txt"
    # what the fixture audits at the end, as it was
    host.root("mkdir", "/etc/pawl/house")
    host.writes("/etc/pawl/house/trust.yaml", trust)
    host.root("git", f"--git-dir={HUB}", "fsck", "--no-progress")
