"""`.pawl/approvers` and `.pawl/revoked`: what is read, and what makes them unreadable."""

import base64
from datetime import UTC, datetime

import pytest

from policy.people.approvers import read_approvers
from policy.people.keys import key_in
from policy.people.revoked import Revoked, read_revoked
from policy.problems import Unreadable


def blob(fill=b"\1", kind=b"ssh-ed25519"):
    raw = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + fill * 32
    return base64.b64encode(raw).decode()


KEY = f"ssh-ed25519 {blob()}"
OTHER = f"ssh-ed25519 {blob(b'2')}"
TIMES = 'valid-after="20260101Z",valid-before="20270101120000Z"'


def test_each_line_is_a_principal_and_a_key():
    content = f'# us\n\nalice@x namespaces="git" {KEY} laptop\nbob@x namespaces="git" {OTHER}\r\n'
    alice, bob = read_approvers(content.encode())
    assert (alice.principal, str(alice.key)) == ("alice@x", KEY)
    assert bob.line() == f'bob@x namespaces="git" {OTHER}\n'
    assert read_approvers(b"") == ()


def test_one_principal_may_have_several_keys():
    content = f'alice@x namespaces="git" {KEY}\nalice@x namespaces="git" {OTHER}\n'
    assert len(read_approvers(content.encode())) == 2


def test_times_are_utc_and_end_with_their_last_second():
    (alice,) = read_approvers(f'alice@x namespaces="git",{TIMES} {KEY}'.encode())
    assert 'valid-after="20260101000000",valid-before="20270101120000"' in alice.line()
    assert alice.window(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert alice.window(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert alice.window(datetime(2027, 1, 1, 12, tzinfo=UTC)) is None
    assert alice.window(datetime(2027, 1, 1, 12, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "line",
    [
        f"alice@x {KEY}",
        f'alice@x namespaces="file" {KEY}',
        f'alice@x namespaces="git,file" {KEY}',
        f'alice@x namespaces="git",namespaces="file" {KEY}',
        f'alice@x cert-authority,namespaces="git" {KEY}',
        f"alice@x cert-authority {KEY}",
        f'alice@x namespaces="git",no-touch-required {KEY}',
        f'*@x namespaces="git" {KEY}',
        f'!eve@x namespaces="git" {KEY}',
        f'alice@x,eve@x namespaces="git" {KEY}',
        f'"alice x" namespaces="git" {KEY}',
        f'alice@x namespaces="git",valid-before="20270101" {KEY}',
        f'alice@x namespaces="git",valid-before="20271301Z" {KEY}',
        f'alice@x namespaces="git",valid-before="" {KEY}',
        'alice@x namespaces="git" ssh-ed25519',
        'alice@x namespaces="git" ssh-ed25519 AAAA',
        f'alice@x namespaces="git" ssh-ed25519 {blob()[:-4]}!!!!',
        f'alice@x namespaces="git" ssh-rsa {blob()}',
        f'alice@x namespaces="git" ssh-dss {blob(kind=b"ssh-dss")}',
        f'alice@x namespaces="git" ssh-ed25519-cert-v01@openssh.com {blob()}',
        f'alice@x namespaces="git" {KEY}\nbob@x namespaces="git" {KEY}',
        f'alice@x namespaces="git" {KEY} \u00e9',
    ],
)
def test_a_line_that_could_mean_more_makes_the_file_unreadable(line):
    content = f'bob@x namespaces="git" {OTHER}\n{line}\n'.encode()
    found = read_approvers(content)
    assert isinstance(found, Unreadable)
    assert found.problems[0].line > 1


def test_revoked_keys_are_listed_one_a_line():
    assert read_revoked(b"") == Revoked()
    found = read_revoked(f"# lost\n{KEY} laptop\n{OTHER}\n".encode())
    assert {str(key) for key in found.keys} == {KEY, OTHER}
    assert read_revoked(b"SSHKRL\n\0anything").binary


@pytest.mark.parametrize("line", ["ssh-ed25519", "AAAA", f"x {KEY}", KEY[:-8], "SSHKRL"])
def test_a_revoked_key_that_cannot_be_read_is_not_passed_over(line):
    assert isinstance(read_revoked(f"{OTHER}\n{line}\n".encode()), Unreadable)


def test_a_key_has_the_fingerprint_openssh_prints():
    key = key_in(base64.b64decode(blob()))
    assert key is not None
    assert key.fingerprint.startswith("SHA256:")
    assert key_in(b"rubbish") is None
