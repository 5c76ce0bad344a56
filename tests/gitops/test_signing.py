import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import signing
from gitops.objects import Batch
from gitops.signing import DaemonKey, Foreign, Good, KeyRefusedError, Malformed, Unsigned

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@pytest.fixture(scope="session")
def raw(key):
    return signing.signed_commit(key, TREE, ("a" * 40, "b" * 40), "one\n\nPawl-Schema: 1", 1)


@pytest.fixture(scope="session")
def allowed(key, tmp_path_factory):
    path = tmp_path_factory.mktemp("allowed") / "signers"
    path.write_text(f'pawl namespaces="git" {key.public}\n')
    return path


def test_git_accepts_the_signature(store, repository, key, allowed):
    batch = Batch(store)
    raw = signing.signed_commit(key, batch.tree({}), (), "héllo ✓\n\nbody", 1_700_000_000)
    commit = batch.commit(raw)
    batch.save()
    said = repository.git(
        "-c", f"gpg.ssh.allowedSignersFile={allowed}", "log", "-1", "--format=%G? %GS %GF", commit
    )
    assert said == f"G pawl {key.fingerprint}"
    repository.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit)
    assert signing.verify(raw, key.public) == Good(key.fingerprint)


def test_a_signature_made_by_git_with_the_same_key_verifies_here(tmp_path, repository):
    path = tmp_path / "key"
    key = DaemonKey.generate(path)
    commit = repository.git(
        *("-c", "gpg.format=ssh", "-c", f"user.signingkey={path}"),
        *("commit-tree", "-S", "-m", "by git", repository.git("mktree")),
    )
    raw = subprocess.run(
        ["git", "--git-dir", repository.gitdir, "cat-file", "commit", commit],
        capture_output=True,
        check=True,
    ).stdout
    assert signing.verify(raw, key.public) == Good(key.fingerprint)


def test_the_key_file_is_an_openssh_key_only_its_owner_can_read(tmp_path):
    path = tmp_path / "daemon_ed25519"
    key = DaemonKey.generate(path)
    assert path.stat().st_mode & 0o777 == 0o600
    said = subprocess.run(["ssh-keygen", "-yf", path], capture_output=True, text=True, check=True)
    assert said.stdout.split()[:2] == key.public.split()
    said = subprocess.run(["ssh-keygen", "-lf", path], capture_output=True, text=True, check=True)
    assert said.stdout.split()[1] == key.fingerprint
    assert DaemonKey.load(path).public == key.public
    with pytest.raises(FileExistsError):
        DaemonKey.generate(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["daemon_ed25519"]


def test_a_key_others_can_read_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "key"
    DaemonKey.generate(path)
    path.chmod(0o640)
    with pytest.raises(KeyRefusedError, match="chmod 600"):
        DaemonKey.load(path)


@pytest.mark.parametrize("make", ["missing", "link", "fifo", "garbage", "rsa"])
def test_what_is_no_daemon_key_is_refused(tmp_path, make):
    path = tmp_path / "key"
    if make == "link":
        DaemonKey.generate(tmp_path / "real")
        path.symlink_to(tmp_path / "real")
    elif make == "fifo":
        os.mkfifo(path, 0o600)
    elif make == "garbage":
        path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
        path.chmod(0o600)
    elif make == "rsa":
        subprocess.run(["ssh-keygen", "-qt", "rsa", "-N", "", "-f", path], check=True)
    with pytest.raises(KeyRefusedError, match="key"):
        DaemonKey.load(path)


def test_another_key_is_foreign_and_none_is_unsigned(raw, tmp_path):
    other = DaemonKey.generate(tmp_path / "other")
    assert isinstance(signing.verify(raw, other.public), Foreign)
    start, stop = raw.index(b"gpgsig"), raw.index(b"\n\none")
    assert signing.verify(raw[:start] + raw[stop + 1 :], other.public) == Unsigned()


def changed(raw, old, new):
    assert old in raw
    return raw.replace(old, new, 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: changed(r, b"\none\n", b"\ntwo\n"), id="the message was changed"),
        pytest.param(lambda r: changed(r, b"tree 4b", b"tree 5b"), id="the tree was changed"),
        pytest.param(lambda r: changed(r, b"parent a", b"parent c"), id="a parent was changed"),
        pytest.param(
            lambda r: changed(r, b"tree ", b"tree " + b"1" * 40 + b"\ntree "), id="two trees"
        ),
        pytest.param(
            lambda r: changed(r, b"author ", b"author x <x> 1 +0000\nauthor "), id="two authors"
        ),
        pytest.param(
            lambda r: r[: r.index(b"\n\none") + 1] + r[r.index(b"gpgsig") :], id="two signatures"
        ),
        pytest.param(lambda r: changed(r, b"\none", b"\no\0ne"), id="a NUL in the message"),
        pytest.param(lambda r: r + b"\0", id="a NUL at the end"),
        pytest.param(lambda r: changed(r, b"gpgsig", b"encoding x\ngpgsig"), id="another header"),
        pytest.param(lambda r: changed(r, b"\n\none", b"\nx y\n\none"), id="a header after it"),
        pytest.param(
            lambda r: changed(r, b" -----END", b" \n -----END"), id="an empty line in the armour"
        ),
        pytest.param(lambda r: changed(r, b"U1NIU0lH", b"U1NIU0lI"), id="not SSHSIG"),
        pytest.param(
            lambda r: changed(r, b"gpgsig -----BEGIN SSH", b"gpgsig -----BEGIN PGP"), id="pgp"
        ),
        pytest.param(lambda r: changed(r, b"gpgsig ", b"gpgsig  "), id="a space too many"),
        pytest.param(lambda r: r.replace(b"\n", b"\r\n"), id="line ends of another system"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
def test_a_commit_that_was_changed_or_reads_two_ways_is_malformed(raw, key, change):
    assert isinstance(signing.verify(change(raw), key.public), Malformed)


def test_a_signature_for_files_is_not_one_for_commits(raw, tmp_path):
    start = raw.index(b"gpgsig ")
    stop = raw.index(b"\n\none") + 1
    payload = raw[:start] + raw[stop:]
    path = tmp_path / "k"
    own = DaemonKey.generate(path)
    armour = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", path],
        input=payload,
        capture_output=True,
        check=True,
    ).stdout
    forged = raw[:start] + b"gpgsig " + armour.rstrip().replace(b"\n", b"\n ") + b"\n" + raw[stop:]
    assert isinstance(signing.verify(forged, own.public), Malformed)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_answer_is_a_value(junk):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBt/6dhlzmZCVFCSIUqGSrtHrN7JwW4kSq0wMzzxxIhU"
    assert isinstance(signing.verify(junk, key), Malformed)
    armoured = b"tree " + b"a" * 40 + b"\nauthor a <b> 1 +0000\ncommitter a <b> 1 +0000\ngpgsig "
    tail = junk.replace(b"\n", b"").replace(b"\0", b"")
    assert not isinstance(signing.verify(armoured + tail + b"\n\nx\n", key), Good)


def test_what_would_break_a_header_is_refused(key):
    with pytest.raises(ValueError, match="NUL"):
        signing.signed_commit(key, TREE, (), "a\0b", 1)
    with pytest.raises(ValueError, match="not an author"):
        signing.signed_commit(key, TREE, (), "a", 1, author="x <y>\ntree z <q>")
