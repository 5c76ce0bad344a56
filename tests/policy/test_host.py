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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(
            "notify: {ops: {webhook: http://example.org/hook, secret: /etc/hook}}",
            "not over plain http to another host", id="readable on the way",
        ),
        pytest.param(
            "notify: {ops: {webhook: https://ada:pw@example.org/, secret: /etc/hook}}",
            "holds a user or password", id="a password",
        ),
        pytest.param(
            "notify: {ops: {webhook: https://example.org/}}", "secret", id="nothing to sign with"
        ),
        pytest.param("notify: {ops: {apprise: slack://token}}", "apprise", id="an address in it"),
        pytest.param(
            "notify: {Ops: {apprise: /etc/hook}}", "does not have the form", id="no such name"
        ),
        pytest.param(
            "mounts: [/etc/pawl]\nnotify: {ops: {apprise: /etc/pawl/ops}}",
            "is the secret of notify.ops", id="a builder could read it",
        ),
    ],
)  # fmt: skip
def test_where_people_are_told_is_refused_unless_it_is_safe(line, said):
    refused = read(f"{LEAST}{line}\n".encode(), Host)
    assert isinstance(refused, Unreadable)
    assert said in str(refused)


def test_people_are_told_through_what_the_host_file_names():
    text = (
        "notify:\n"
        "  ops: {webhook: 'https://example.org/hook', secret: /etc/pawl/hook}\n"
        "  here: {webhook: 'http://127.0.0.1:8080/', secret: /etc/pawl/hook}\n"
        "  ada: {apprise: /etc/pawl/ada}\n"
    )
    host = read((LEAST + text).encode(), Host)
    assert isinstance(host, Host)
    assert set(host.notify) == {"ops", "here", "ada"}
