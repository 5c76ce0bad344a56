"""What lies outside: found by the git directory it names, believed only if it is sound."""

from pathlib import Path

import pytest

from daemon.outside import (
    Absent,
    Outside,
    Roots,
    Unsound,
    builder_for,
    find,
    free_name,
    roots,
    write,
)
from policy.host import Host
from policy.people.trust import Trust

pytestmark = pytest.mark.unaudited("what it settles names repositories that there are not")

KEY = "ssh-ed25519 " + "A" * 68


@pytest.fixture
def where(tmp_path):
    return Roots(config=tmp_path / "config", state=tmp_path / "state")


def settled(where, gitdir, name="house", **host):
    made = Host.model_validate_json(
        Host(schema=1, git_dir=str(gitdir)).model_copy(update=host).model_dump_json(by_alias=True)
    )
    trust = Trust(schema=1, introduction="a" * 40, target="main", daemon_key=KEY)
    return write(where, name, made, trust)


@pytest.mark.parametrize(
    ("environ", "config", "state"),
    [
        pytest.param({}, "/home/ada/.config/pawl", "/home/ada/.local/state/pawl", id="by default"),
        pytest.param(
            {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}, "/c/pawl", "/s/pawl", id="by XDG"
        ),
        pytest.param(
            {"XDG_CONFIG_HOME": "c", "XDG_STATE_HOME": ""},
            "/home/ada/.config/pawl",
            "/home/ada/.local/state/pawl",
            id="a relative XDG folder is ignored",
        ),
        pytest.param(
            {"PAWL_CONFIG_DIR": "/etc/pawl", "XDG_CONFIG_HOME": "/c", "PAWL_STATE_DIR": "/var/p"},
            "/etc/pawl",
            "/var/p",
            id="our own come first",
        ),
    ],
)
def test_where_it_lies(environ, config, state):
    found = roots({"HOME": "/home/ada", **environ})
    assert (str(found.config), str(found.state)) == (config, state)


def test_what_was_written_is_found_by_its_git_directory(where, tmp_path):
    written = settled(where, tmp_path / "a")
    assert find(tmp_path / "a", where) == written
    assert isinstance(find(tmp_path / "b", where), Absent)


def test_each_repository_finds_its_own_also_beside_a_broken_one(where, tmp_path):
    settled(where, tmp_path / "a", "a")
    settled(where, tmp_path / "b", "b")
    (where.config / "a" / "host.yaml").write_text("no: [yaml")
    found = find(tmp_path / "b", where)
    assert isinstance(found, Outside)
    assert found.name == "b"
    absent = find(tmp_path / "a", where)
    assert isinstance(absent, Absent)
    assert "a/host.yaml" in absent.why


def test_through_a_link_it_is_the_same_repository(where, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    settled(where, tmp_path / "a")
    assert isinstance(find(tmp_path / "link", where), Outside)


def no_trust(outside):
    (outside.config / "trust.yaml").unlink()


def broken_trust(outside):
    (outside.config / "trust.yaml").write_text("schema: 1\n")


def trust_others_can_write(outside):
    (outside.config / "trust.yaml").chmod(0o666)


def folder_others_can_write(outside):
    outside.config.chmod(0o777)


def key_others_can_read(outside):
    outside.key.write_text("secret")
    outside.key.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_trust, "trust.yaml: cannot be read"),
        (broken_trust, "introduction: is missing"),
        (trust_others_can_write, "trust.yaml: mode 0666 lets others in; chmod go-w"),
        (folder_others_can_write, "mode 0777 lets others in"),
        (key_others_can_read, "daemon_ed25519: mode 0644 lets others in; chmod go-rwx"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_what_others_could_have_changed_is_not_believed(where, tmp_path, spoil, said):
    spoil(settled(where, tmp_path / "a"))
    found = find(tmp_path / "a", where)
    assert isinstance(found, Unsound)
    assert any(said in problem for problem in found.problems)


def test_a_mount_that_holds_the_key_is_not_believed(where, tmp_path):
    settled(where, "/somewhere/.git", mounts=(str(tmp_path),))
    found = find(Path("/somewhere/.git"), where)
    assert isinstance(found, Unsound)
    assert "which a builder must never see" in found.problems[0]


def test_a_name_that_another_repository_has_gets_a_number(where, tmp_path):
    assert free_name(where, "house", tmp_path / "a") == "house"
    settled(where, tmp_path / "a")
    assert free_name(where, "house", tmp_path / "a") == "house"
    assert free_name(where, "house", tmp_path / "b") == "house-2"


def test_writing_again_replaces_and_leaves_nothing_else(where, tmp_path):
    settled(where, tmp_path / "a")
    settled(where, tmp_path / "a", durability="process")
    found = find(tmp_path / "a", where)
    assert isinstance(found, Outside)
    assert found.host.durability == "process"
    names = sorted(path.name for path in (where.config / "house").iterdir())
    assert names == ["host.yaml", "trust.yaml"]


def test_a_root_daemon_gets_a_numeric_builder_and_nobody_else_does(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert builder_for(tmp_path) is None
    monkeypatch.setattr("os.geteuid", lambda: 0)
    builder = builder_for(tmp_path)
    assert builder is not None
    assert builder.uid == builder.gid in range(60578, 61184)
    assert builder_for(tmp_path) == builder
