"""Keys that reach us through an access control list, as systemd hands credentials over."""

import os
import struct

import pytest

from gitops.grants import lets_others_in
from gitops.signing import DaemonKey, KeyRefusedError

LIST = "system.posix_acl_access"
OWNER, USER, OWNING_GROUP, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NOBODY_ELSE = {(OWNER, -1): 4, (OWNING_GROUP, -1): 0, (MASK, -1): 4, (OTHER, -1): 0}
SOMEBODY = 54321


@pytest.fixture
def path(tmp_path):
    DaemonKey.generate(tmp_path / "key")
    return tmp_path / "key"


def give(path, more=None):
    """Let nobody but the owner in, and then whom *more* names."""
    entries = {(USER, os.geteuid()): 4} | NOBODY_ELSE | (more or {})
    packed = b"".join(
        struct.pack("<HHI", tag, may, who % 2**32) for (tag, who), may in sorted(entries.items())
    )
    os.setxattr(path, LIST, struct.pack("<I", 2) + packed)


def test_a_key_that_a_list_gives_to_us_alone_is_taken_though_its_mode_is_0440(path):
    give(path)
    assert path.stat().st_mode & 0o777 == 0o440
    public = DaemonKey.load(path).public
    path.chmod(0o600)
    assert DaemonKey.load(path).public == public


@pytest.mark.parametrize(
    "whom",
    [(USER, SOMEBODY), (OWNING_GROUP, -1), (GROUP, SOMEBODY), (OTHER, -1)],
    ids=["a user", "its group", "a group", "everybody"],
)
def test_a_key_that_a_list_gives_to_others_too_is_refused_until_it_is_made_private(path, whom):
    give(path, {whom: 4})
    with pytest.raises(KeyRefusedError, match="chmod 600"):
        DaemonKey.load(path)
    path.chmod(0o600)
    DaemonKey.load(path)


def test_what_a_list_names_behind_an_empty_mask_is_nobody(path):
    give(path, {(USER, SOMEBODY): 4, (MASK, -1): 0})
    DaemonKey.load(path)


@pytest.mark.parametrize("mode", range(0o100))
def test_without_a_list_the_mode_alone_tells(path, mode):
    path.chmod(0o600 | mode)
    with path.open("rb") as file:
        assert lets_others_in(file.fileno()) == bool(mode)
