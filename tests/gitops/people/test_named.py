"""Keys that git and ssh are told to use (A52): wherever it is said, and whatever it is said for."""

import subprocess

import pytest

from gitops.people.named import Home, named


@pytest.fixture
def place(tmp_path):
    """A repository, two homes and an `etc`, with a small language to fill them."""

    class Place:
        gitdir = tmp_path / "house" / ".git"
        homes = (Home(tmp_path / "ada", "ada"), Home(tmp_path / "pawl", "pawl"))

        def says(self, path, text):
            path = tmp_path / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return path

        def named(self, **environ):
            return named(self.gitdir, self.homes, environ, tmp_path / "etc")

        def files(self, **environ):
            found = self.named(**environ)
            assert found.unread == []
            return [str(path.relative_to(tmp_path)) for path in found.files]

    subprocess.run(["git", "init", "-q", tmp_path / "house"], check=True)
    return Place()


def signs(key):
    return f"[user]\n\tsigningKey = {key}\n"


WHERE = ("house/.git/config", "ada/.gitconfig", "pawl/.config/git/config", "etc/gitconfig")


@pytest.mark.parametrize("where", WHERE)
def test_the_key_git_signs_with_is_named_wherever_that_is_said(place, tmp_path, where):
    place.says(where, signs(tmp_path / "k/ada"))
    assert place.files() == ["k/ada"]


def test_a_public_key_names_its_private_half_too(place, tmp_path):
    place.says("house/.git/config", signs(tmp_path / "k/ada.pub"))
    assert place.files() == ["k/ada.pub", "k/ada"]


def test_a_home_is_everybodys_who_could_run_git_there(place):
    place.says("house/.git/config", signs("~/k/a"))
    assert place.files() == ["ada/k/a", "pawl/k/a"]


def test_a_path_is_also_meant_from_the_checkout(place):
    place.says("ada/.gitconfig", signs("k"))
    assert place.files() == ["house/k", "ada/k", "pawl/k"]


@pytest.mark.parametrize("key", ["key::ssh-ed25519 AAAA", "ssh-ed25519 AAAA x"])
def test_a_literal_key_names_no_file(place, key):
    place.says("house/.git/config", signs(f'"{key}"'))
    assert place.files() == []


def test_what_is_included_counts_whatever_for(place, tmp_path):
    place.says("ada/.gitconfig", '[includeIf "gitdir:~/else/"]\n\tpath = more\n')
    place.says("ada/more", f"[include]\n\tpath = ~/more\n{signs(tmp_path / 'k/one')}")
    assert "k/one" in place.files()


def test_what_the_environment_names_counts(place, tmp_path):
    one = place.says("one", signs(tmp_path / "k/one"))
    place.says("xdg/git/config", signs(tmp_path / "k/two"))
    assert place.files(GIT_CONFIG_GLOBAL=str(one), XDG_CONFIG_HOME=str(tmp_path / "xdg")) == [
        "k/two",
        "k/one",
    ]
    given = {"GIT_CONFIG_KEY_0": "user.signingKey", "GIT_CONFIG_VALUE_0": str(tmp_path / "k/3")}
    assert place.files(**given) == ["k/3"]


def test_a_configuration_in_disorder_is_said(place):
    torn = place.says("ada/.gitconfig", "[user\n")
    ((where, why),) = place.named().unread
    assert where == str(torn)
    assert "cannot read" in why


def test_what_ssh_is_told_to_use_is_named(place, tmp_path):
    place.says(
        "ada/.ssh/config",
        f"""
        Host *.example.org
          IdentityFile="~/k/one.pub"
          identityfile {tmp_path}/k/%u
          IdentityAgent ${{WHERE}}/agent
        Include more.d/*
        """,
    )
    place.says("ada/.ssh/more.d/a", "Match exec true\nIdentityFile %d/k/two\nInclude more.d/a\n")
    place.says("etc/ssh/ssh_config", "IdentityFile ~/k/three\n")
    found = place.named(WHERE="/run/me")
    assert found.agents == ["/run/me/agent"]
    assert [str(path.relative_to(tmp_path)) for path in found.files] == [
        "ada/k/one.pub", "ada/k/one", "k/ada", "ada/k/two", "ada/k/three", "pawl/k/three",
    ]  # fmt: skip


def test_what_differs_by_host_stands_for_each_that_is_there(place):
    place.says("ada/.ssh/config", "IdentityFile ~/k/%h.key\n")
    assert place.files() == []
    place.says("ada/k/hub.key", "")
    place.says("ada/k/other", "")
    assert place.files() == ["ada/k/hub.key"]
