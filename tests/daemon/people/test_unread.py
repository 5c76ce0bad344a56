"""Missions of which a clone cannot tell whether they wait: named, with what to do."""

import subprocess

from tests.daemon.people.test_commands import pawl, says, signing


def test_what_another_key_wrote_is_named_with_what_to_do_and_never_left_out(home, tmp_path):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-b", "main", home.path, clone], check=True)
    there = ["git", "-C", clone]
    subprocess.run([*there, "update-ref", "-d", "refs/remotes/origin/pawl/ledger"], check=True)
    oid = home.outside.trust.introduction
    assert pawl(clone, "init", "--introduction", oid).code == 0
    subprocess.run([*there, "fetch", "-q", "origin", "+refs/pawl/*:refs/pawl/*"], check=True)
    told = pawl(clone, "inbox").out
    assert "nothing waits" not in told
    assert "H-1: whether it waits cannot be told: not the daemon's: " in told
    assert "trust.yaml says whom to believe here: `daemon_key`" in told
    found = pawl(clone, "inbox", "--json").json
    assert [one["id"] for one in found["unread"]] == ["H-1"]
    signing(home, at=clone)
    refused = says(home, "approve", "H-1", at=clone)
    assert (refused.code, "`daemon_key`" in refused.err) == (5, True)
    key = home.outside.trust.daemon_key
    subprocess.run([*there, "branch", "-q", "-D", "pawl/ledger"], check=True)
    assert pawl(clone, "init", "--introduction", oid, "--daemon-key", key).code == 0
    assert [one["id"] for one in pawl(clone, "inbox", "--json").json["waiting"]] == ["H-1"]
