"""The host file: what it takes, and that it takes nothing that lets a builder out."""

import pytest

from policy.host import Host
from policy.problems import Unreadable
from policy.typed import read

LEAST = "schema: 1\ngit_dir: /home/ada/house/.git\n"


def test_two_lines_are_enough_and_the_rest_is_safe():
    host = read(LEAST.encode(), Host)
    assert isinstance(host, Host)
    assert (host.durability, host.engine, host.mounts, host.builder) == ("full", "auto", (), None)


def test_what_is_given_is_taken():
    text = (
        "builder: {uid: 60600, gid: 60600}\nmounts: [/opt/node]\nceilings: {memory_bytes: 1024}\n"
    )
    host = read((LEAST + text).encode(), Host)
    assert isinstance(host, Host)
    assert host.builder is not None
    assert (host.builder.uid, host.mounts, host.ceilings.memory_bytes) == (
        60600,
        ("/opt/node",),
        1024,
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("durabilty: full", "line 3: durabilty: is not a key", id="a typing error"),
        pytest.param("durability: fast", "line 3: durability: must be", id="an unknown value"),
        pytest.param("builder: {uid: 0, gid: 0}", "line 3: builder.gid: must be", id="root"),
        pytest.param("builder: {uid: 7}", "line 3: builder.gid: is missing", id="half a builder"),
        pytest.param("mounts: [opt]", "mounts[0]", id="a relative mount"),
        pytest.param("mounts: [/home/ada]", "holds the git directory", id="above the git dir"),
        pytest.param("mounts: [/home/ada/house/.git]", "holds the git", id="the git dir"),
        pytest.param("mounts: [/]", "place of the sandbox's own", id="everything"),
        pytest.param("mounts: [/usr/]", "place of the sandbox's own", id="what is there"),
        pytest.param("mounts: [/opt/../home]", "goes up", id="a way up"),
        pytest.param("free_bytes: '1'", "line 3: free_bytes: must be a whole number", id="a text"),
        pytest.param("git_dir: /other", "line 3: git_dir: is there twice", id="a key twice"),
        pytest.param("ceilings: {processes: 0}", "processes: must be at least 1", id="nothing"),
        pytest.param("env: [1", "is not YAML", id="half a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line, said):
    found = read(f"{LEAST}{line}\n".encode(), Host)
    assert isinstance(found, Unreadable)
    assert said in str(found)


def test_a_sibling_whose_name_begins_alike_is_no_folder_above():
    host = read(f"{LEAST}mounts: [/home/ada/house/.gitx, /home/ada/hous]\n".encode(), Host)
    assert isinstance(host, Host)
