"""Directories of runs: whose they are, and that whatever a builder left in one goes."""

import os

import pytest

from daemon.sandbox.settings import Builder
from daemon.sandbox.workspace import Workspaces, remove


@pytest.fixture
def workspaces(tmp_path):
    builder = Builder(uid=60602, gid=60602) if os.geteuid() == 0 else None
    made = Workspaces(tmp_path / "runs", builder)
    made.sweep()
    return made


def test_a_workspace_is_the_builders_below_a_private_parent(workspaces, tmp_path):
    with workspaces.fresh() as directory:
        assert directory.parent.stat().st_mode & 0o777 == 0o700
        assert {path.name for path in directory.iterdir()} == {"upper", "work", "report", "tree"}
        if os.geteuid() == 0:
            assert {path.stat().st_uid for path in directory.iterdir()} == {60602}
    assert list((tmp_path / "runs").iterdir()) == []


def test_leftovers_are_swept_at_the_start(workspaces, tmp_path):
    left = tmp_path / "runs" / "left"
    (left / "upper" / "d").mkdir(parents=True)
    (left / "upper" / "d").chmod(0)
    (tmp_path / "runs" / "file").write_text("x")
    workspaces.sweep()
    assert list((tmp_path / "runs").iterdir()) == []


def test_folders_without_permissions_are_removed(workspaces):
    with workspaces.fresh() as directory:
        inner = directory / "upper" / "a" / "b"
        inner.mkdir(parents=True)
        (inner / "file").write_text("x")
        for path in (inner, inner.parent, directory / "work"):
            path.chmod(0)
    assert not directory.exists()


def test_depth_does_not_matter(workspaces):
    with workspaces.fresh() as directory:
        fd = os.open(directory / "upper", os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d", dir_fd=fd)
            below = os.open("d", os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = below
        os.close(fd)
    assert not directory.exists()


def test_links_are_removed_and_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    top = tmp_path / "top"
    (top / "in").mkdir(parents=True)
    (top / "link").symlink_to(outside)
    (top / "in" / "link").symlink_to("../../outside")
    os.mkfifo(top / "fifo")
    remove(top)
    assert not top.exists()
    assert (outside / "canary").read_text() == "alive"
    assert outside.stat().st_mode & 0o777 != 0


def test_a_link_in_the_place_of_a_run_is_removed_and_not_followed(workspaces, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    (tmp_path / "runs" / "link").symlink_to(outside)
    workspaces.sweep()
    assert list((tmp_path / "runs").iterdir()) == []
    assert (outside / "canary").exists()
