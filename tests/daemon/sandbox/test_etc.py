"""The sandbox's /etc is made of public files only, and again only when they changed."""

import os

import pytest

from daemon.sandbox import etc


@pytest.fixture
def host(tmp_path):
    host = tmp_path / "host"
    (host / "alternatives").mkdir(parents=True)
    (host / "alternatives" / "cc").symlink_to("/usr/bin/gcc")
    (host / "services").write_text("http 80\n")
    (host / "shadow").write_text("secret")
    (host / "shells").write_text("secret too")
    (host / "shells").chmod(0o600)
    return host


@pytest.fixture
def made(tmp_path, host):
    def make(*mounts):
        directory = tmp_path / "state" / "etc"
        etc.make(directory, mounts, host)
        return directory

    return make


def test_it_holds_what_everybody_may_read_and_programs_need(made):
    names = {path.name for path in made().iterdir()}
    assert {"alternatives", "services", "passwd", "resolv.conf"} <= names
    assert not {"shadow", "shells"} & names
    assert (made() / "alternatives" / "cc").readlink().name == "gcc"


def test_what_is_still_the_same_is_kept(made):
    before = made().stat().st_ino
    assert made().stat().st_ino == before


@pytest.mark.parametrize("change", ["file", "link", "new", "mode"])
def test_a_change_of_the_host_is_seen_by_the_next_start(made, host, change):
    made()
    match change:
        case "file":
            (host / "services").write_text("http 81\n")
        case "link":
            (host / "alternatives" / "cc").unlink()
            (host / "alternatives" / "cc").symlink_to("/usr/bin/clang")
        case "new":
            (host / "alternatives" / "vi").symlink_to("/usr/bin/vim")
        case "mode":
            (host / "services").chmod(0o600)
    copy = made()
    assert (copy / "services").exists() == (change != "mode")
    if change == "file":
        assert (copy / "services").read_text() == "http 81\n"
    assert os.path.lexists(copy / "alternatives" / "vi") == (change == "new")
    link = "/usr/bin/clang" if change == "link" else "/usr/bin/gcc"
    assert str((copy / "alternatives" / "cc").readlink()) == link


def test_one_that_was_not_completed_is_made_again(made):
    directory = made()
    (directory / "services").unlink()
    directory.with_name("etc.made-of").unlink()
    assert (made() / "services").exists()
