"""ssh-keygen is the last word: it is given what was read, and its no is a no."""

from dataclasses import replace

import pytest

from gitops import signing
from gitops.people.follower import Follower
from gitops.people.openssh import Fails, Holds, OpensshSilentError, verify
from policy.people.approvers import read_approvers
from policy.people.check import Valid
from tests.gitops.people.conftest import NOW, line


@pytest.fixture
def ask(town):
    made = signing.ssh_signature(town.raw(town.permit(town.waiver(), by="bob")))

    def ask(name="bob", options='namespaces="git"', *, revoked=b"", signed=made, timeout_s=60):
        (approver,) = read_approvers(line(town.keys, name, options).encode())
        return verify(signed, approver, revoked, NOW, timeout_s=timeout_s)

    return ask


def test_a_good_signature_holds(ask):
    assert ask() == Holds()
    assert ask(options='namespaces="git",valid-before="20260601000000Z"') == Holds()


def test_what_is_not_quite_it_fails_and_ssh_keygen_says_why(ask, town):
    made = signing.ssh_signature(town.raw(town.tip))
    other = signing.SshSigned(made.blob, made.signature, made.payload + b"x", made.armour)
    listed = " ".join((town.keys / "bob.pub").read_text().split()[:2]).encode() + b"\n"
    for failed in (
        ask("alice"),
        ask(signed=other),
        ask(revoked=listed),
        ask(revoked=b"SSHKRL\n\0half"),
        ask(options='namespaces="git",valid-before="20260531235959Z"'),
        ask(options='namespaces="git",valid-after="20260601000001Z"'),
    ):
        assert isinstance(failed, Fails)
        assert failed.said


def test_no_answer_is_neither_yes_nor_no_and_is_not_remembered(ask, town, tmp_path):
    with pytest.raises(OpensshSilentError, match="asked again"):
        ask(timeout_s=0.000001)
    faith = replace(town.faith, timeout_s=0.000001)
    with pytest.raises(OpensshSilentError):
        Follower(town.store, faith, tmp_path / "people.json").at(town.tip, now=NOW)
    chain = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert isinstance(town.judged(town.waiver(), chain=chain), Valid)
