"""One byte of a valid permission's commit changed: never accepted (reliability.md 6.4)."""

import random

import pytest

from policy.people.check import Valid
from policy.people.codes import Code
from policy.people.found import Authentic
from tests.gitops.people.conftest import NOW


def _state(town):
    return town.follow().state


def _mutants(raw, places):
    for place in places:
        for bit in (0x01, 0x20, 0x80):
            yield raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        yield raw[:place] + raw[place + 1 :]
        yield raw[:place] + b" " + raw[place:]
        yield raw[:place] + raw[place : place + 1] + raw[place:]


def _accepted(town, raw, places):
    """Return the mutants of *raw* that the approver's signature is still said to be over."""
    state, verifier = _state(town), town.faith.verifier
    mutants = {mutant for mutant in _mutants(raw, places) if mutant != raw}
    return [one for one in mutants if isinstance(verifier.signer(one, state, NOW), Authentic)]


def test_the_commit_as_it_is_is_accepted(town):
    town.permit(town.waiver(), by="bob")
    signer = town.faith.verifier.signer(town.raw(town.tip), _state(town), NOW)
    assert signer.principal == "bob@x"


def test_some_one_byte_changes_are_never_accepted(town):
    town.permit(town.waiver(), by="bob")
    raw = town.raw(town.tip)
    assert _accepted(town, raw, random.Random(1).sample(range(len(raw)), 25)) == []


@pytest.mark.faults
def test_no_one_byte_change_is_ever_accepted(town):
    town.permit(town.waiver(), by="bob")
    raw = town.raw(town.tip)
    assert _accepted(town, raw, range(len(raw))) == []


def test_a_changed_commit_at_the_tip_permits_nothing(town):
    waiver = town.waiver()
    town.permit(waiver, by="bob")
    assert isinstance(town.judged(waiver), Valid)
    raw = town.raw(town.tip)
    for old, new in ((b"alice@x", b"alicf@x"), (b"\n\nm\n", b"\n\nn\n"), (b"\n\nm\n", b"\n\nm")):
        town.tip = town.write(raw.replace(old, new, 1))
        assert town.judged(waiver).code in {Code.BAD_SIGNATURE, Code.MALFORMED}
