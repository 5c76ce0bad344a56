"""The trust file: nothing in it is optional that somebody could leave out to be believed."""

import pytest

from policy.people.trust import Trust
from policy.problems import Unreadable
from policy.typed import read

KEY = "ssh-ed25519 " + "A" * 68
WHOLE = {
    "schema": "1",
    "introduction": "0123456789012345678901234567890123456789".replace("0", "a", 1),
    "target": "main",
    "daemon_key": KEY,
    "mode": "signed",
}


def text_of(values):
    return "".join(f"{key}: {value}\n" for key, value in values.items()).encode()


def test_a_whole_one_is_read():
    trust = read(text_of(WHOLE), Trust)
    assert isinstance(trust, Trust)
    assert (trust.target, trust.mode) == ("main", "signed")


def test_without_a_mode_it_is_the_strictest():
    trust = read(text_of({key: WHOLE[key] for key in WHOLE if key != "mode"}), Trust)
    assert isinstance(trust, Trust)
    assert trust.mode == "signed"


@pytest.mark.parametrize("key", ["schema", "introduction", "target", "daemon_key"])
def test_each_of_the_others_must_be_there(key):
    found = read(text_of({one: WHOLE[one] for one in WHOLE if one != key}), Trust)
    assert isinstance(found, Unreadable)
    assert f"{key}: is missing" in str(found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("schema", "2", id="another schema"),
        pytest.param("introduction", "main", id="a branch as introduction"),
        pytest.param("introduction", "A" * 40, id="capital letters in an oid"),
        pytest.param("introduction", '"' + "a" * 40 + '\\n"', id="a newline behind an oid"),
        pytest.param("target", "'ma in'", id="a blank in a branch"),
        pytest.param("target", "'..~1'", id="a revision as branch"),
        pytest.param("daemon_key", "ssh-rsa " + "A" * 68, id="another kind of key"),
        pytest.param("daemon_key", f'"{KEY}\\n{KEY}"', id="two keys"),
        pytest.param("mode", "unsigned", id="an unknown mode"),
        pytest.param("admin", "true", id="a key nobody knows"),
    ],
)
def test_what_is_not_exactly_right_is_refused(key, value):
    assert isinstance(read(text_of({**WHOLE, key: value}), Trust), Unreadable)
