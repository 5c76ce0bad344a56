"""Attacks on permissions, with real keys on a real repository (reliability.md A40-A59)."""

import subprocess

import pytest

from gitops.people.permissions import permissions
from gitops.people.remembered import recall, remember
from policy.people.check import Denied, Valid
from policy.people.codes import Code
from policy.people.found import Broken, Illegible, Verified
from policy.people.permission import Revocation
from policy.people.reading import path_of, write_permission
from tests.gitops.people.conftest import NOW, POLICY, WHEN, Town, line


def code(judged):
    return judged.code if isinstance(judged, Denied) else judged


def test_a_signed_permission_counts(town):
    town.permit(town.waiver(), by="bob")
    judged = town.judged(town.waiver())
    assert isinstance(judged, Valid), judged
    assert judged.principal == "bob@x"
    assert not judged.own_request


def test_it_still_counts_after_others_have_committed(town):
    town.permit(town.waiver(), by="bob")
    town.commit({"src/b.py": "b\n"})
    town.land({"src/c.py": "c\n"})
    assert isinstance(town.judged(town.waiver()), Valid)


def test_a40_a_key_added_with_the_permission_permits_nothing(town):
    waiver = town.waiver()
    files = {
        path_of(waiver.id): write_permission(waiver),
        ".pawl/approvers": town.approvers("alice", "bob", "eve"),
    }
    town.commit(files, by="eve")
    assert town.judged(waiver) is None
    assert town.follow().verdict.code is Code.UNKNOWN_KEY


@pytest.mark.parametrize("by", [None, "eve", "bob"])
def test_a41_a_key_added_by_who_may_not_opens_nothing_later(town, by):
    bad = town.commit({".pawl/approvers": town.approvers("alice", "bob", "eve")}, by=by)
    town.permit(town.waiver(), by="eve")
    verdict = town.follow().verdict
    assert isinstance(verdict, Broken)
    assert verdict.commit == bad
    assert not verdict.ungoverned
    assert town.judged(town.waiver()) is None


def test_a_key_added_by_who_may_counts_from_the_next_commit_on(town):
    town.commit({".pawl/approvers": town.approvers("alice", "bob", "eve")}, by="alice")
    town.permit(town.waiver(), by="eve")
    assert isinstance(town.judged(town.waiver()), Valid)


def test_what_was_permitted_before_a_break_is_denied_after_it(town):
    town.permit(town.waiver(), by="bob")
    town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"})
    assert code(town.judged(town.waiver())) is Code.CHAIN_BROKEN


def test_a42_an_expired_key_does_not_count_for_a_commit_with_an_old_date(town):
    until = line(town.keys, "eve", 'namespaces="git",valid-before="20260501000000Z"')
    town.commit({".pawl/approvers": town.approvers("alice", "bob") + until}, by="alice")
    town.permit(town.waiver(), by="eve", when=WHEN - 90 * 86400)
    assert code(town.judged(town.waiver())) is Code.KEY_EXPIRED


def test_a_key_that_was_valid_when_it_was_seen_first_counts_when_it_has_expired_since(town):
    until = line(town.keys, "eve", 'namespaces="git",valid-before="20260602000000Z"')
    town.commit({".pawl/approvers": town.approvers("alice", "bob") + until}, by="alice")
    made = town.permit(town.waiver(), by="eve")
    then = town.follow()
    later = NOW.replace(day=3)
    known = town.follow(now=later, remembered=then.remembered)
    assert isinstance(town.judged(town.waiver(), now=later, chain=known), Valid)
    told = town.follow(now=later, seen={made: NOW})
    assert isinstance(town.judged(town.waiver(), now=later, chain=told), Valid)
    assert code(town.judged(town.waiver(), now=later)) is Code.KEY_EXPIRED


def test_a_landing_on_top_tells_when_a_commit_was_there_at_the_latest(town):
    until = line(town.keys, "eve", 'namespaces="git",valid-before="20260602000000Z"')
    town.commit({".pawl/approvers": town.approvers("alice", "bob") + until}, by="alice")
    town.permit(town.waiver(), by="eve")
    town.land({"src/c.py": "c\n"}, when=int(NOW.timestamp()))
    assert isinstance(town.judged(town.waiver(), now=NOW.replace(day=3)), Valid)


def test_a_commit_refused_once_is_not_seen_first_again_later(town):
    since = line(town.keys, "eve", 'namespaces="git",valid-after="20260602000000Z"')
    town.commit({".pawl/approvers": town.approvers("alice") + since}, by="alice")
    town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"}, by="eve")
    first = town.follow()
    assert first.verdict.code is Code.KEY_NOT_YET
    again = town.follow(now=NOW.replace(day=3), remembered=first.remembered)
    assert again.verdict.code is Code.KEY_NOT_YET


@pytest.mark.parametrize(
    "content", [None, "ssh-ed25519 AAAAnokey\n", b"SSHKRL\n\0rubbish", "\xe9\n"]
)
def test_a43_without_a_readable_list_of_revoked_keys_nothing_counts(town, content):
    town.permit(town.waiver(), by="bob")
    town.commit({".pawl/revoked": content}, by="alice")
    judged = town.judged(town.waiver())
    assert code(judged) in {Code.RULES_UNREADABLE, Code.KEY_REVOKED}
    town.commit({".pawl/revoked": ""}, by="alice" if not isinstance(content, bytes) else None)
    if not isinstance(content, bytes):
        assert isinstance(town.judged(town.waiver()), Valid)


def test_a44_the_principal_is_the_keys_and_not_the_committers(town):
    town.permit(town.waiver(), by="eve")  # every commit here says alice@x
    assert code(town.judged(town.waiver())) is Code.UNKNOWN_KEY


def test_a45_a_program_named_by_the_repository_is_never_asked(town, tmp_path):
    liar = tmp_path / "liar"
    liar.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho 'Good \"git\" signature'\n")
    liar.chmod(0o755)
    for name in ("gpg.ssh.program", "gpg.program"):
        argv = ["git", "--git-dir", str(town.store.gitdir), "config", name, str(liar)]
        subprocess.run(argv, check=True)
    town.permit(town.waiver())
    assert code(town.judged(town.waiver())) is Code.UNSIGNED
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("by", [None, "alice"])
@pytest.mark.parametrize("side", [None, "bob"])
def test_a46_a_permission_that_is_merged_in_does_not_count(town, by, side):
    base = town.tip
    brought = town.permit(town.waiver(), by=side, move=False)
    town.commit({"src/b.py": "b\n"}, on=base)
    waiver = town.waiver()
    town.commit({path_of(waiver.id): write_permission(waiver)}, by=by, also=(brought,))
    assert isinstance(town.follow().verdict, Verified)
    assert code(town.judged(waiver)) is Code.MERGED_IN


def test_a47_a_used_permission_does_not_count_again(town):
    town.permit(town.waiver(), by="bob")
    blob = town.follow().brought[f"{town.waiver().id}.yaml"].blob
    town.land({"src/c.py": "c\n"}, waivers=(blob,))
    assert code(town.judged(town.waiver())) is Code.USED
    assert permissions(town.store, town.follow(), town.faith) == ()


def test_somebody_elses_trailer_uses_nothing(town):
    town.permit(town.waiver(), by="bob")
    blob = town.follow().brought[f"{town.waiver().id}.yaml"].blob
    town.commit({"src/c.py": "c\n"}, message=f"m\n\nPawl-Waiver: {blob}\nPawl-Mission: H-1")
    assert isinstance(town.judged(town.waiver()), Valid)


def test_a47_a_landing_bent_off_the_line_was_a_use_all_the_same(town):
    town.permit(town.waiver(), by="bob")
    permitted = town.tip
    blob = town.follow().brought[f"{town.waiver().id}.yaml"].blob
    landed = town.land({"src/c.py": "c\n"}, waivers=(blob,))
    other = town.commit({"src/d.py": "d\n"}, on=permitted)
    town.commit({"src/c.py": "c\n"}, on=other, also=(landed,))
    assert code(town.judged(town.waiver())) is Code.USED


def test_a49_a_permission_edited_later_is_void(town):
    town.permit(town.waiver(), by="bob")
    waiver = town.waiver(reason="another reason, which is as long as it has to be")
    town.permit(waiver, by="bob")
    assert code(town.judged(waiver)) is Code.EDITED


def test_a49_who_edits_a_permission_and_may_not_breaks_the_line(town):
    town.permit(town.waiver(), by="bob")
    bad = town.permit(town.waiver(attempt=2), by="eve")
    assert town.follow().verdict.commit == bad


def test_a49_a_permission_under_another_name_is_none(town):
    waiver = town.waiver()
    town.commit({path_of(town.waiver(2).id): write_permission(waiver)}, by="bob")
    (found,) = permissions(town.store, town.follow(), town.faith)
    assert isinstance(found, Illegible)
    assert "the file is called" in str(found)


def test_a_permission_with_something_else_in_its_commit_does_not_count(town):
    waiver = town.waiver()
    town.commit({path_of(waiver.id): write_permission(waiver), "src/b.py": "b\n"}, by="bob")
    judged = town.judged(waiver)
    assert code(judged) is Code.MIXED_COMMIT
    assert "src/b.py" in judged.why


def test_a53_who_asked_may_not_decide_but_in_one_person_mode(town):
    town.permit(town.waiver(), by="bob")
    matter = town.live().matter.model_copy(update={"requesters": frozenset({"bob@x"})})
    assert code(town.judged(town.waiver(), matter=matter)) is Code.OWN_REQUEST
    town.mode = "one-person"
    judged = town.judged(town.waiver(), matter=matter)
    assert isinstance(judged, Valid)
    assert judged.own_request


def test_a55_a_signature_that_is_not_of_ssh_does_not_count(town):
    town.permit(town.waiver(), by="bob")
    raw = town.raw(town.tip)
    start, end = raw.index(b"gpgsig "), raw.index(b"-----END SSH SIGNATURE-----\n")
    pgp = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n"
    town.tip = town.write(raw[:start] + pgp + raw[end + len(b"-----END SSH SIGNATURE-----\n") :])
    assert code(town.judged(town.waiver())) is Code.MALFORMED


def test_a56_a_signature_for_something_else_does_not_count(town, tmp_path):
    plain = town.permit(town.waiver(), move=False)
    raw = town.raw(plain)
    (tmp_path / "payload").write_bytes(raw)
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(town.keys / "bob")]
    subprocess.run([*argv, str(tmp_path / "payload")], check=True, capture_output=True)
    armour = (tmp_path / "payload.sig").read_bytes().rstrip(b"\n").replace(b"\n", b"\n ")
    head, _, body = raw.partition(b"\n\n")
    town.tip = town.write(head + b"\ngpgsig " + armour + b"\n\n" + body)
    assert code(town.judged(town.waiver())) is Code.MALFORMED


@pytest.mark.parametrize("by", [None, "bob"])
@pytest.mark.parametrize("before", [b"author ", b"committer ", b"\nm\n"])
def test_a57_a_commit_with_two_trees_is_no_link_of_the_line(town, before, by):
    town.permit(town.waiver(), by=by)
    raw = town.raw(town.tip)
    first = raw[: raw.index(b"\n") + 1]
    town.tip = town.write(raw.replace(before, first + before, 1))
    assert town.follow().verdict.code is Code.MALFORMED


def test_the_daemons_key_decides_nothing_even_among_the_approvers(town):
    machine = f'robot@x namespaces="git" {town.daemon.public}\n'
    town.commit({".pawl/approvers": town.approvers("alice", "bob") + machine}, by="alice")
    waiver = town.waiver()
    town.land({path_of(waiver.id): write_permission(waiver)})
    assert code(town.judged(waiver)) is Code.MACHINE_KEY


def test_the_daemons_key_changes_no_policy_even_among_the_approvers(town):
    machine = f'robot@x namespaces="git" {town.daemon.public}\n'
    town.commit({".pawl/approvers": town.approvers("alice", "bob") + machine}, by="alice")
    bad = town.land({".pawl/policy.yaml": "schema: 1\nroles: {}\n"})
    verdict = town.follow().verdict
    assert (verdict.commit, verdict.code) == (bad, Code.MACHINE_KEY)


def test_a_daemons_landing_that_changes_the_policy_breaks_the_line(town):
    bad = town.land({".pawl/policy.yaml": "schema: 1\nroles: {}\n"})
    assert town.follow().verdict.commit == bad


def test_a_role_is_needed_for_the_path(town):
    bad = town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"}, by="bob")
    verdict = town.follow().verdict
    assert (verdict.commit, verdict.code) == (bad, Code.NO_ROLE)
    assert "bob@x" in verdict.why


def test_a_role_lost_since_counts_no_more(town):
    town.permit(town.waiver(), by="bob")
    town.commit({".pawl/policy.yaml": 'schema: 1\nroles: {"bob@x": [policy]}\n'}, by="alice")
    assert code(town.judged(town.waiver())) is Code.NO_ROLE


def test_a_key_taken_from_the_approvers_since_counts_no_more(town):
    town.permit(town.waiver(), by="bob")
    town.commit({".pawl/approvers": town.approvers("alice")}, by="alice")
    assert code(town.judged(town.waiver())) is Code.KEY_GONE


@pytest.mark.parametrize("form", ["text", "binary"])
def test_a_key_revoked_since_counts_no_more_and_signs_no_more(town, tmp_path, form):
    town.permit(town.waiver(), by="bob")
    listed = " ".join((town.keys / "bob.pub").read_text().split()[:2]).encode() + b"\n"
    if form == "binary":
        argv = ["ssh-keygen", "-q", "-k", "-f", str(tmp_path / "krl"), str(town.keys / "bob.pub")]
        subprocess.run(argv, check=True)
        listed = (tmp_path / "krl").read_bytes()
    town.commit({".pawl/revoked": listed}, by="alice")
    town.permit(town.waiver(2), by="bob")
    assert code(town.judged(town.waiver())) is Code.KEY_REVOKED
    assert code(town.judged(town.waiver(2))) is Code.KEY_REVOKED
    assert isinstance(town.follow().verdict, Verified)


def revocation(town):
    plain = town.waiver(9).model_dump(by_alias=True)
    kept = {key: plain[key] for key in ("schema", "id", "repo", "ref", "reason")}
    return Revocation.model_validate({**kept, "kind": "revocation", "revokes": town.waiver().id})


def test_a_permission_taken_back_counts_no_more(town):
    town.permit(town.waiver(), by="bob")
    town.permit(revocation(town), by="alice")
    assert code(town.judged(town.waiver())) is Code.REVOKED


@pytest.mark.parametrize("again", [False, True], ids=["in-one-walk", "in-another-one"])
def test_what_was_taken_back_stays_so_whoever_removes_the_revocation(town, again):
    town.permit(town.waiver(), by="bob")
    town.permit(revocation(town), by="alice")
    if again:
        assert town.judged(town.waiver()).code is Code.REVOKED
    town.commit({path_of(revocation(town).id): None}, by="bob")
    town.commit({"src/later.py": "later\n"})
    assert isinstance(town.follow().verdict, Verified)
    assert town.judged(town.waiver()).code is Code.REVOKED


def test_a_revocation_of_who_may_not_takes_nothing_back(town):
    town.permit(town.waiver(), by="bob")
    town.permit(revocation(town), by="eve")
    assert isinstance(town.judged(town.waiver()), Valid)


def test_a_revocation_bent_off_the_line_still_holds_or_breaks_it(town):
    town.permit(town.waiver(), by="bob")
    permitted = town.tip
    taken_back = town.permit(revocation(town), by="alice")
    aside = town.commit({"src/d.py": "d\n"}, on=permitted)
    town.commit({}, on=aside, also=(taken_back,))  # its tree is that of the side
    assert isinstance(town.follow().verdict, Broken)
    record = revocation(town)
    files = {path_of(record.id): write_permission(record)}
    town.commit(files, on=aside, also=(taken_back,))
    assert code(town.judged(town.waiver())) is Code.REVOKED


def test_a_revocation_taken_back_aside_by_who_may_not_is_not_lost_by_a_merge(town):
    town.permit(town.waiver(), by="bob")
    permitted = town.tip
    taken_back = town.permit(revocation(town), by="alice")
    undone = town.commit({path_of(revocation(town).id): None}, on=taken_back, move=False)
    aside = town.commit({"src/d.py": "d\n"}, on=permitted)
    town.commit({}, on=aside, also=(undone,))
    assert isinstance(town.follow().verdict, Broken)


def test_a59_a_line_without_the_introduction_is_nobodys(town):
    town.introduction, kept = "0" * 40, town.introduction
    assert isinstance(town.follow().verdict, Broken)
    town.introduction = kept
    other = town.commit({"x": "x"}, on="")
    assert isinstance(town.follow(tip=other).verdict, Verified)


def test_who_may_push_may_pause_and_work_and_merge(town):
    base = town.tip
    town.commit({".pawl/PAUSE": ""})
    side = town.commit({"src/s.py": "s\n"}, on=base, move=False)
    town.commit({"src/s.py": "s\n"}, also=(side,))
    town.commit({".pawl/PAUSE": None})
    town.commit({"backlog/H-2.yaml": "id: H-2\n"})
    assert isinstance(town.follow().verdict, Verified)


def test_the_trust_file_may_govern_the_backlog_and_the_end_of_a_pause(town):
    town.governs = ("backlog", "unpause")
    town.commit({".pawl/PAUSE": ""})
    town.land({"backlog/H-1.yaml": "id: H-1\nstatus: done\n"})
    paused = town.tip
    assert isinstance(town.follow().verdict, Verified)
    for files in ({".pawl/PAUSE": None}, {"backlog/H-2.yaml": "x"}, {"BACKLOG.md": "x"}):
        town.commit(files, on=paused)
        assert isinstance(town.follow().verdict, Broken), files
        town.commit(files, on=paused, by="alice")
        assert isinstance(town.follow().verdict, Verified), files


def test_a_merge_that_changes_the_policy_needs_somebody_of_every_side(town):
    base = town.tip
    side = town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"}, by="alice", move=False)
    town.commit({"src/b.py": "b\n"}, on=base)
    on = town.tip
    files = {".pawl/policy.yaml": "schema: 1\nroles: {}\n"}
    town.commit(files, on=on, also=(side,))
    assert isinstance(town.follow().verdict, Broken)
    town.commit(files, on=on, also=(side,), by="bob")
    assert isinstance(town.follow().verdict, Broken)
    town.commit(files, on=on, also=(side,), by="alice")
    assert isinstance(town.follow().verdict, Verified)


def test_who_signs_a_merge_must_be_known_to_every_side(town):
    base = town.tip
    side = town.commit({".pawl/revoked": "# none\n"}, by="alice", move=False)
    town.commit({".pawl/approvers": town.approvers("alice", "bob", "eve")}, on=base, by="alice")
    on = town.tip
    town.commit({".pawl/revoked": "# none\n"}, on=on, also=(side,), by="eve")
    verdict = town.follow().verdict
    assert (verdict.commit, verdict.code) == (town.tip, Code.UNKNOWN_KEY)
    town.commit({".pawl/revoked": "# none\n"}, on=on, also=(side,), by="alice")
    assert isinstance(town.follow().verdict, Verified)


def test_broken_approvers_stop_permissions_until_somebody_who_could_has_mended_them(town):
    town.permit(town.waiver(), by="bob")
    town.commit({".pawl/approvers": "alice@x cert-authority ssh-ed25519 AAAA\n"}, by="alice")
    assert code(town.judged(town.waiver())) is Code.RULES_UNREADABLE
    town.commit({".pawl/approvers": town.approvers("alice", "bob")}, by="alice")
    assert isinstance(town.judged(town.waiver()), Valid)


def test_with_nobody_among_the_approvers_the_break_says_so(store, keys, key):
    town = Town(store, keys, key)
    files = {".pawl/policy.yaml": POLICY, ".pawl/approvers": "", ".pawl/revoked": ""}
    town.introduction = town.commit(files)
    town.commit({".pawl/approvers": town.approvers("eve")}, by="eve")
    verdict = town.follow().verdict
    assert isinstance(verdict, Broken)
    assert verdict.ungoverned


def test_unsigned_local_asks_for_no_signature_and_keeps_the_rest(town):
    town.mode = "unsigned-local"
    town.permit(town.waiver())
    judged = town.judged(town.waiver())
    assert isinstance(judged, Valid)
    assert judged.principal is None
    town.permit(town.waiver(attempt=2))
    assert code(town.judged(town.waiver(attempt=2))) is Code.EDITED


def test_what_is_remembered_gives_the_same_as_walking_it_all(town, tmp_path):
    town.permit(town.waiver(), by="bob")
    half = town.follow()
    remember(tmp_path / "people.json", half.remembered)
    town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"}, by="alice")
    town.permit(town.waiver(2), by="bob")
    used = half.brought[f"{town.waiver().id}.yaml"].blob
    town.land({"src/c.py": "c\n"}, waivers=(used,), when=int(NOW.timestamp()))
    whole, short = town.follow(), town.follow(remembered=recall(tmp_path / "people.json"))
    assert short == whole
    assert recall(tmp_path / "none") is None
    text = (tmp_path / "people.json").read_text()
    (tmp_path / "people.json").write_text(text.replace("bob@x", "eve@x"))
    assert recall(tmp_path / "people.json") is None


def test_what_is_remembered_of_another_line_or_trust_is_not_used(town):
    town.permit(town.waiver(), by="bob")
    elsewhere = town.follow().remembered
    town.commit({"src/b.py": "b\n"}, on=town.introduction)
    assert town.follow(remembered=elsewhere).brought == {}
    forged = elsewhere.model_copy(update={"tip": town.tip})
    town.governs = ("unpause",)
    assert town.follow(remembered=forged).brought == {}


def test_nothing_is_asked_of_ssh_keygen_when_nothing_governed_has_changed(town, monkeypatch):
    town.permit(town.waiver(), by="bob")
    known = town.follow().remembered
    for number in range(3):
        town.commit({"src/n.py": f"{number}\n"})
    monkeypatch.setattr("gitops.people.openssh.verify", None)
    assert isinstance(town.follow(remembered=known).verdict, Verified)
