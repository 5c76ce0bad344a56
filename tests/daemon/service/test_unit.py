"""What the unit can be asked about without a systemd."""

from pathlib import Path

from daemon.service.unit import Instance, unseen


def instance(writable, readable):
    return Instance("house", ("/opt/pawl/bin/pawl",), "pawl", None, writable, readable, 30, 257)


def test_what_lies_below_a_tmp_is_named_since_the_service_has_one_of_its_own(tmp_path):
    link = tmp_path / "house"
    link.symlink_to("/var/tmp/house.git")
    pawl, tools, hub = Path("/tmp/pawl/bin/pawl"), Path("/opt/tmp/tools"), Path("/srv/house.git")
    assert unseen(instance((hub, link), (pawl, tools, pawl))) == (link, pawl)
    assert unseen(instance((hub,), (tools, Path("/tmpfs")))) == ()
