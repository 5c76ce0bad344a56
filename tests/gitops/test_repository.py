import os
import subprocess

import pytest

from gitops.objects import Batch
from gitops.repository import (
    NotARepositoryError,
    RepositoryRefusedError,
    Store,
    find_gitdir,
)

IDENTITY = ("-c", "user.name=ada", "-c", "user.email=ada@x")


def opened(repository):
    return Store.open(repository.gitdir, durability="process")


def refusal(repository):
    with pytest.raises(RepositoryRefusedError) as caught:
        opened(repository)
    assert str(repository.gitdir) in str(caught.value)
    assert all(problem.todo for problem in caught.value.problems)
    return str(caught.value)


@pytest.fixture
def checkout(tmp_path):
    """A plain repository with a commit, a folder and a linked worktree."""
    house = tmp_path / "house"
    for argv in (
        ["init", "-q", "-b", "main", house],
        ["-C", house, *IDENTITY, "commit", "-q", "--allow-empty", "-m", "one"],
        ["-C", house, "worktree", "add", "-q", "-b", "side", tmp_path / "linked"],
    ):
        subprocess.run(["git", *argv], check=True)
    (house / "deep" / "er").mkdir(parents=True)
    return house


def test_the_main_git_dir_is_found_from_everywhere(checkout, repository, tmp_path):
    main = checkout / ".git"
    for start in (checkout, checkout / "deep" / "er", main, main / "refs", tmp_path / "linked"):
        assert find_gitdir(start) == main
    assert find_gitdir(repository.gitdir) == repository.gitdir
    with pytest.raises(NotARepositoryError, match="-C"):
        find_gitdir(tmp_path)


def test_a_link_to_a_checkout_leads_to_the_real_git_dir(checkout, tmp_path):
    (tmp_path / "link").symlink_to(checkout)
    assert find_gitdir(tmp_path / "link") == checkout / ".git"


def test_a_plain_a_bare_and_a_linked_repository_are_opened(checkout, repository, tmp_path):
    for start in (checkout, tmp_path / "linked", repository.gitdir):
        store = Store.open(find_gitdir(start), durability="full")
        batch = Batch(store)
        oid = batch.blob(b"x")
        batch.save()
        assert store.repo.odb.exists(oid)
        assert store.notes == ()


def test_a_linked_worktrees_own_git_dir_is_refused(checkout):
    with pytest.raises(RepositoryRefusedError, match="git-common-dir"):
        Store.open(checkout / ".git" / "worktrees" / "linked", durability="process")


def test_a_relative_path_or_no_repository_is_refused(tmp_path, repository, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (repository.gitdir.relative_to(tmp_path), tmp_path, tmp_path / "none"):
        with pytest.raises(RepositoryRefusedError, match="not the absolute path"):
            Store.open(path, durability="process")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("include.path", "/etc/x"),
        ("includeIf.gitdir:/x.path", "/etc/x"),
        ("extensions.worktreeConfig", "true"),
        ("extensions.partialClone", "origin"),
        ("Extensions.PreciousObjects", "true"),
        ("extensions.refStorage", "reftable"),
        ("core.worktree", "/tmp"),
        ("core.sshCommand", "touch /tmp/x"),
        ("CORE.SSHCOMMAND", "x"),
        ("core.gitProxy", "x"),
        ("core.alternateRefsCommand", "x"),
        ("remote.origin.uploadpack", "x"),
        ("remote.a.b.receivepack", "x"),
        ("remote.origin.vcs", "x"),
        ("remote.origin.promisor", "true"),
        ("url.https://evil/.insteadOf", "https://good/"),
        ("protocol.ext.allow", "always"),
        ("core.repositoryFormatVersion", "2"),
    ],
)
def test_configuration_that_changes_meaning_is_refused(repository, name, value):
    path = repository.gitdir / "config"
    subprocess.run(["git", "config", "--file", path, name, value], check=True)
    said = refusal(repository)
    assert name.partition(".")[2].rpartition(".")[2].lower() in said.lower() or "format" in said


def test_a_broken_configuration_is_a_problem_not_a_crash(repository):
    (repository.gitdir / "config").write_text("[core\nnonsense")
    assert "repair the file" in refusal(repository)


def test_every_problem_is_told_at_once(repository):
    config = repository.gitdir / "config"
    for name in ("core.sshCommand", "core.gitProxy"):
        subprocess.run(["git", "config", "--file", config, name, "x"], check=True)
    (repository.gitdir / "shallow").write_text("a" * 40 + "\n")
    said = refusal(repository)
    assert said.count("\n- ") == 3


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("info/grafts", "grafts"),
        ("shallow", "unshallow"),
        ("objects/info/alternates", "repack"),
        ("objects/info/http-alternates", "borrowed"),
        ("config.worktree", "worktrees"),
    ],
)
def test_files_that_redirect_objects_or_history_are_refused(repository, name, word):
    path = repository.gitdir / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x\n")
    assert word in refusal(repository)


def test_replace_refs_are_refused_loose_and_packed(repository):
    one, two = repository.commit("one"), repository.commit("two")
    repository.git("replace", one, two)
    assert "replaced" in refusal(repository)
    repository.git("pack-refs", "--all")
    assert not (repository.gitdir / "refs" / "replace" / one).exists()
    assert f"git update-ref -d refs/replace/{one}" in refusal(repository)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 41, b"junk\n", b"a" * 39, b"ref: /etc/passwd\n", b"a" * 40 + b"\nx"]
)
@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "refs/pawl/missions/H-1"])
def test_a_ref_that_names_nothing_is_refused(repository, name, content):
    path = repository.gitdir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if name == "HEAD":
        assert "HEAD" in refusal(repository)
    else:
        assert f"git update-ref {name}" in refusal(repository)


def test_links_among_the_refs_are_refused(repository, tmp_path):
    (repository.gitdir / "refs" / "heads" / "x").symlink_to(tmp_path)
    assert "plain file" in refusal(repository)


def test_a_lock_file_is_not_a_ref(repository):
    (repository.gitdir / "refs" / "heads" / "main.lock").touch()
    opened(repository)


def test_garbage_in_packed_refs_is_refused_with_its_line(repository):
    path = repository.gitdir / "packed-refs"
    path.write_text(f"# pack-refs with: peeled \n{'a' * 40} refs/heads/x\n\0\0\n")
    assert f"{path}:3" in refusal(repository)


def test_a_torn_pack_of_gits_is_refused(repository):
    repository.git("update-ref", "refs/heads/main", repository.commit("one"))
    repository.git("repack", "-adq")
    opened(repository)
    (index,) = (repository.gitdir / "objects" / "pack").glob("*.idx")
    index.chmod(0o644)
    index.write_bytes(b"")
    assert "git index-pack" in refusal(repository)


def test_a_sha256_repository_is_refused(make_repository):
    assert "objectformat" in refusal(make_repository("h.git", "--object-format=sha256"))


def test_a_reftable_repository_is_refused(repository):
    (repository.gitdir / "reftable").mkdir()
    assert "--ref-format=files" in refusal(repository)


@pytest.mark.parametrize("name", [".", "config", "objects", "refs"])
def test_what_everybody_can_write_is_refused(repository, name):
    path = repository.gitdir / name
    path.chmod(path.stat().st_mode | 0o002)
    assert "chmod o-w" in refusal(repository)


def test_what_the_wrapper_neutralises_is_noted(repository):
    config = repository.gitdir / "config"
    for name in ("filter.lfs.clean", "core.hooksPath", "diff.x.textconv", "core.fsmonitor"):
        subprocess.run(["git", "config", "--file", config, name, "x"], check=True)
    (repository.gitdir / "hooks" / "pre-commit").write_text("#!/bin/sh\n")
    (repository.gitdir / "objects" / "aa").mkdir()
    (repository.gitdir / "objects" / "aa" / ("b" * 38)).touch()
    said = "\n".join(opened(repository).notes).lower()
    for word in ("filter.lfs.clean", "hookspath", "textconv", "fsmonitor", "hooks in", "0 bytes"):
        assert word in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_opened_and_noted(repository):
    for path in (repository.gitdir, *repository.gitdir.rglob("*")):
        os.chown(path, 54321, 54321)
    store = opened(repository)
    assert any("54321" in note for note in store.notes)
    assert store.git.text("rev-parse", "--is-bare-repository") == "true"


def test_a_persons_configuration_is_not_read(repository, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = eve\n[core]\n\tlogAllRefUpdates = always\n")
    monkeypatch.setenv("HOME", str(home))
    store = opened(repository)
    assert "user.name" not in store.repo.config
    with pytest.raises(Exception, match="exited 1"):
        store.git.run("config", "user.name")


@pytest.mark.parametrize("name", ["ab", f"ab/{'c' * 38}", "pack/pack-x.idx"])
def test_what_a_persons_gc_removes_meanwhile_is_no_problem(repository, name):
    # a link that leads nowhere is listed and then not found, as is what was removed in between
    gone = repository.gitdir / "objects" / name
    gone.parent.mkdir(exist_ok=True)
    gone.symlink_to("nowhere")
    (repository.gitdir / "objects" / "pack" / "pack-x.pack").touch()
    assert not any("0 bytes" in note for note in opened(repository).notes)


def test_opening_changes_nothing(repository):
    before = {path: path.stat().st_mtime_ns for path in repository.gitdir.rglob("*")}
    opened(repository)
    assert {path: path.stat().st_mtime_ns for path in repository.gitdir.rglob("*")} == before
