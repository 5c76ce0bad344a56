"""Private keys of approvers on the build host (A52): each is found, with what to do."""

import os
import pwd
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from gitops.people.at_hand import (
    InAgent,
    InFile,
    Places,
    Unknown,
    User,
    at_hand,
    homes_of,
    user_of,
)
from gitops.people.named import Home
from policy.host import KeySearch
from policy.people.approvers import read_approvers
from tests.gitops.people.conftest import line

ME = User("pawl", os.geteuid(), frozenset({os.getegid()}))


SEARCH = KeySearch()


@pytest.fixture
def look(keys):
    def look(*folders, names=("alice",), users=(ME,), search=SEARCH, **places):
        approvers = read_approvers("".join(line(keys, name) for name in names).encode())
        where = Places(folders=folders, **places)
        return at_hand(approvers, users=users, places=where, search=search, timeout_s=60)

    return look


@pytest.fixture
def agent(tmp_path):
    socket = str(tmp_path / "agent")
    said = subprocess.run(["ssh-agent", "-a", socket], capture_output=True, text=True, check=True)
    yield socket
    pid = re.search(r"SSH_AGENT_PID=(\d+)", said.stdout)[1]
    env = {**os.environ, "SSH_AUTH_SOCK": socket, "SSH_AGENT_PID": pid}
    subprocess.run(["ssh-agent", "-k"], env=env, check=True, capture_output=True)


def put(keys, name, folder, **how):
    folder.mkdir(exist_ok=True, parents=True)
    shutil.copy(keys / name, folder / "id_ed25519")
    (folder / "id_ed25519").chmod(how.get("mode", 0o600))
    return folder / "id_ed25519"


def test_a_key_in_the_agent_is_found(look, keys, agent):
    env = {**os.environ, "SSH_AUTH_SOCK": agent}
    assert look(agents=[agent]) == ()
    subprocess.run(["ssh-add", str(keys / "eve")], env=env, check=True, capture_output=True)
    assert look(agents=[agent]) == ()
    subprocess.run(["ssh-add", str(keys / "alice")], env=env, check=True, capture_output=True)
    (found,) = look(agents=[agent])
    assert found == InAgent(agent, "alice@x")
    assert "SSH_AUTH_SOCK" in str(found)


def test_an_agent_that_does_not_answer_rightly_is_said(look, tmp_path):
    path = str(tmp_path / "deaf")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(path)
        assert isinstance(look(agents=[path])[0], Unknown)
    assert look(agents=[str(tmp_path / "gone")]) == ()


def test_a_key_file_is_found_and_only_an_approvers(look, keys, tmp_path):
    path = put(keys, "alice", tmp_path / "ssh")
    (found,) = look(tmp_path / "ssh")
    assert found == InFile(path, "alice@x", "pawl")
    assert "passphrase" in str(found)
    assert look(tmp_path / "ssh", names=("bob",)) == ()
    assert look(tmp_path / "nowhere") == ()


def test_a_key_with_a_passphrase_is_no_use_to_anybody(look, keys, tmp_path):
    path = put(keys, "alice", tmp_path / "ssh")
    argv = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret words", "-f", str(path)]
    subprocess.run(argv, check=True, capture_output=True)
    assert look(tmp_path / "ssh") == ()


def test_what_the_builders_can_read_counts_and_what_they_cannot_does_not(look, keys, tmp_path):
    builder = User("builders", 60600, frozenset({60600}))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    path = put(keys, "alice", tmp_path / "ssh", mode=0o600)
    assert look(tmp_path / "ssh", users=(builder,)) == ()
    path.chmod(0o644)
    (found,) = look(tmp_path / "ssh", users=(builder,))
    assert found.user == "builders"
    (tmp_path / "ssh").chmod(0o700)
    assert look(tmp_path / "ssh", users=(builder,)) == ()


def test_keys_are_looked_for_where_the_users_could_use_them(tmp_path):
    mine = user_of("pawl", os.geteuid(), os.getegid())
    homes = homes_of((mine,), {"HOME": "/home/me"})
    entry = pwd.getpwuid(os.geteuid())
    assert homes[0] == Home(Path("/home/me"), entry.pw_name)
    assert Home(Path(entry.pw_dir), entry.pw_name) in homes
    nobody = user_of("builders", 60600, 60601)
    assert nobody == User("builders", 60600, frozenset({60601}))
    assert homes_of((nobody,), {}) == ()


def test_folders_below_are_searched_through_links_too(look, keys, tmp_path):
    path = put(keys, "alice", tmp_path / "ssh" / "keys" / "old")
    (found,) = look(tmp_path / "ssh")
    assert found.path == path
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "link").symlink_to(tmp_path / "ssh")
    (tmp_path / "else" / "again").symlink_to(tmp_path / "else")
    (found,) = look(tmp_path / "else")
    assert found.path == tmp_path / "else" / "link" / "keys" / "old" / "id_ed25519"


@pytest.mark.parametrize("bound", [{"files": 3}, {"depth": 1}], ids=str)
def test_more_than_is_searched_is_no_all_clear(look, keys, tmp_path, bound):
    put(keys, "eve", tmp_path / "ssh" / "some" / "more")
    (tmp_path / "ssh" / "note").touch()
    assert look(tmp_path / "ssh") == ()
    (found,) = look(tmp_path / "ssh", search=KeySearch(**bound))
    assert isinstance(found, Unknown)
    assert "key_search" in str(found)
    assert str(tmp_path / "ssh") in str(found)


def test_what_builders_see_is_searched_near_its_top_and_may_be_large(look, keys, tmp_path):
    path = put(keys, "alice", tmp_path / "tools" / "etc")
    (found,) = look(mounts=[tmp_path / "tools"])
    assert found.path == path
    path.rename(tmp_path / "tools" / "zz")
    assert look(mounts=[tmp_path / "tools"], search=KeySearch(mount_files=1)) == ()
    assert len(look(mounts=[tmp_path / "tools"], search=KeySearch(mount_files=2))) == 1


def test_a_file_that_is_named_is_looked_at_and_found_once(look, keys, tmp_path):
    path = put(keys, "alice", tmp_path / "ssh")
    (found,) = look(tmp_path / "ssh", files=[path, tmp_path / "gone", path])
    assert found.path == path
    assert len(look(files=[path])) == 1
    assert look(files=[Path("no\0path")]) == ()


def test_what_could_not_be_read_is_said(look):
    assert look(unread=[("/etc/gitconfig", "it is torn")]) == (
        Unknown("/etc/gitconfig", "it is torn"),
    )
