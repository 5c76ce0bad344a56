"""Toolchains: everything a link passes through, and nothing that is not a toolchain."""

from pathlib import Path

import pytest

from daemon.cli.toolchains import detect, mounts_of


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def python_at(folder: Path) -> Path:
    program = folder / "bin" / "python3.12"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    return program


def venv(folder: Path, python: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    (folder / "bin" / "python").symlink_to(python)


def found(checkout, home, **environ):
    return detect(checkout, {"HOME": str(home), "PATH": "/nowhere", **environ})


def test_nothing_beside_usr_is_nothing_to_mount(tmp_path, home):
    assert found(tmp_path, home) == ()


def test_a_virtual_environment_brings_the_python_it_links_to(tmp_path, home):
    venv(tmp_path / "house/.venv", python_at(tmp_path / "opt/python"))
    (toolchain,) = found(tmp_path / "house", home)
    assert mounts_of((toolchain,)) == (tmp_path / "house/.venv", tmp_path / "opt/python")
    assert toolchain.path == (tmp_path / "house/.venv/bin",)
    assert toolchain.env == (("VIRTUAL_ENV", str(tmp_path / "house/.venv")),)


def test_what_is_installed_editable_is_looked_for_in_the_tree_that_is_judged(tmp_path, home):
    house = tmp_path / "house"
    venv(house / ".venv", Path("/usr/bin/python3"))
    packages = house / ".venv/lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    (packages / "_house.pth").write_text(f"{house}/src\n")
    (packages / "elsewhere.pth").write_text(f"{tmp_path}/other\nimport os\nrelative\n")
    (packages / "odd.pth").write_bytes(b"\xff")
    (toolchain,) = found(house, home)
    assert ("PYTHONPATH", "/mission/src") in toolchain.env


def test_a_link_on_the_way_is_mounted_too(tmp_path, home):
    python_at(tmp_path / "uv/cpython-3.12.1")
    (tmp_path / "uv/cpython-3.12").symlink_to("cpython-3.12.1")
    venv(tmp_path / "house/.venv", tmp_path / "uv/cpython-3.12/bin/python3.12")
    assert mounts_of(found(tmp_path / "house", home)) == (
        tmp_path / "house/.venv",
        tmp_path / "uv/cpython-3.12",
        tmp_path / "uv/cpython-3.12.1",
    )


def test_a_python_of_usr_needs_no_mount(tmp_path, home):
    venv(tmp_path / "house/.venv", Path("/usr/bin/python3"))
    assert mounts_of(found(tmp_path / "house", home)) == (tmp_path / "house/.venv",)


def test_of_a_folder_of_programs_only_the_one_is_mounted(tmp_path, home):
    program = home / ".local/bin/python3.12"
    program.parent.mkdir(parents=True)
    program.write_text("")
    venv(tmp_path / "house/.venv", program)
    mounts = mounts_of(found(tmp_path / "house", home))
    assert program in mounts
    assert home not in mounts
    assert home / ".local" not in mounts


def test_the_active_environment_counts_and_pawls_own_does_not(tmp_path, home, monkeypatch):
    venv(tmp_path / "active", python_at(tmp_path / "opt/python"))
    (tmp_path / "house").mkdir()
    active = str(tmp_path / "active")
    assert len(found(tmp_path / "house", home, VIRTUAL_ENV=active)) == 1
    monkeypatch.setattr("sys.prefix", active)
    assert found(tmp_path / "house", home, VIRTUAL_ENV=active) == ()


def test_a_link_in_a_circle_ends(tmp_path, home):
    (tmp_path / "house/.venv/bin").mkdir(parents=True)
    (tmp_path / "house/.venv/pyvenv.cfg").write_text("")
    (tmp_path / "house/.venv/bin/python").symlink_to("python")
    assert found(tmp_path / "house", home)


def test_node_outside_usr_is_found_on_the_path(tmp_path, home):
    node = tmp_path / "nvm/v20/bin/node"
    node.parent.mkdir(parents=True)
    node.write_text("")
    node.chmod(0o755)
    (toolchain,) = found(tmp_path, home, PATH=str(node.parent))
    assert (toolchain.mounts, toolchain.path) == ((tmp_path / "nvm/v20",), (node.parent,))


@pytest.mark.parametrize("said_by", ["environment", "project", "home"])
def test_pyenv_gives_the_version_that_is_asked_for(tmp_path, home, said_by):
    for version in ("3.11.1", "3.12.1"):
        folder = home / ".pyenv/versions" / version / "bin"
        folder.mkdir(parents=True)
        (folder / "python3").write_text("")
    (tmp_path / "house").mkdir()
    environ = {"PYENV_VERSION": "3.12.1"} if said_by == "environment" else {}
    if said_by == "project":
        (tmp_path / "house/.python-version").write_text("3.12.1\n")
    if said_by == "home":
        (home / ".pyenv/version").write_text("3.12.1\n")
    (toolchain,) = found(tmp_path / "house", home, **environ)
    assert toolchain.name == "pyenv 3.12.1"
    assert toolchain.mounts == (home / ".pyenv/versions/3.12.1",)


def test_what_cannot_be_looked_at_is_no_toolchain(tmp_path, home):
    # too long for any file system: an error for root too, as a folder closed to us is for others
    unseen = "n" * 300
    venv(tmp_path / "house/.venv", Path("/usr/bin/python3"))
    python = tmp_path / "house/.venv/bin/python"
    python.unlink()
    python.symlink_to(f"/opt/{unseen}/bin/python3")
    (toolchain,) = found(
        tmp_path / "house", home, VIRTUAL_ENV=f"/opt/{unseen}", PYENV_VERSION=unseen
    )
    assert toolchain.mounts == (tmp_path / "house/.venv", Path(f"/opt/{unseen}"))
