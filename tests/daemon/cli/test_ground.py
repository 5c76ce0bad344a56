"""Where pawl must write and cannot, it says so and begins nothing; doctor says each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ALONE = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-r", "-m")


def mounted(served, folder: Path, *argv: str) -> subprocess.CompletedProcess:
    """Run a command where *folder* is read-only: a mount that is gone with the command."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    return subprocess.run(
        (*_ALONE, "sh", "-c", script, folder, sys.executable, "-m", "daemon", *argv),
        cwd=served.repo,
        env=served.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def says(done: subprocess.CompletedProcess, code: int, *words: str) -> None:
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("command", [("once",), ("run",), ("doctor",)], ids=" ".join)
def test_a_read_only_repository_is_named_and_nothing_is_begun(served, command):
    before = served.git("for-each-ref")
    done = mounted(served, served.repo / ".git", *command)
    says(done, 9, f"cannot write {served.repo}/.git", "mounted read-only", "mount it writable")
    assert served.git("for-each-ref") == before


@pytest.mark.parametrize(
    "command", [("once",), ("run",), ("cleanup",), ("doctor",), ("doctor", "--accept-tip", "HEAD")],
    ids=" ".join,
)  # fmt: skip
def test_a_read_only_state_directory_is_named(served, command):
    tip = served.git("rev-parse", "main")
    command = [tip if word == "HEAD" else word for word in command]
    says(mounted(served, served.state, *command), 9, str(served.state), "mounted read-only")


def test_a_state_directory_that_cannot_be_made_is_named(served):
    root = served.home / "elsewhere"
    root.mkdir()
    served.environ["PAWL_STATE_DIR"] = str(root)
    says(mounted(served, root, "once"), 9, f"cannot write {root}", "mounted read-only")


def lock_is_a_folder(state):
    (state / "lock").unlink(missing_ok=True)
    (state / "lock").mkdir()


def sandbox_is_a_file(state):
    (state / "sandbox").write_text("")


def mark_is_a_folder(state):
    (state / "highwater.json").unlink(missing_ok=True)
    (state / "highwater.json").mkdir()


def mark_is_a_pipe(state):
    (state / "highwater.json").unlink(missing_ok=True)
    os.mkfifo(state / "highwater.json")


def health_is_a_pipe(state):
    os.mkfifo(state / "health.json")


def cache_leads_nowhere(state):
    (state / "cache").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (lock_is_a_folder, "lock"),
        (sandbox_is_a_file, "sandbox"),
        (mark_is_a_folder, "highwater.json"),
        (mark_is_a_pipe, "highwater.json"),
        (health_is_a_pipe, "health.json"),
        (cache_leads_nowhere, "cache"),
    ],
)
@pytest.mark.parametrize("command", ["once", "doctor", "cleanup"])
def test_what_is_of_another_kind_is_named_and_stays(served, command, spoil, path):
    spoil(served.state)
    before = (served.state / path).lstat()
    answer = served.pawl(command)
    assert answer.code == 9
    said = answer.out + answer.err
    assert f"cannot write {served.state / path}: it is no " in said
    assert "move it away" in said
    assert (served.state / path).lstat().st_ino == before.st_ino
    assert served.pawl("status").code == 0


def test_a_repository_that_is_somebody_elses_is_named(served):
    (served.repo / ".git" / "refs" / "heads").chmod(0o500)
    command = [sys.executable, "-m", "daemon", "once"]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    done = subprocess.run(
        command, cwd=served.repo, env=served.environ, capture_output=True, text=True, check=False
    )
    says(done, 9, f"cannot write {served.repo}/.git/refs/heads: uid", "chmod")


def test_a_head_of_garbage_is_mended_by_what_is_said(served):
    (served.repo / ".git" / "HEAD").write_text("garbage\n")
    answer = served.pawl("doctor")
    assert answer.code == 5
    command = answer.err.partition("name the branch in it: ")[2].splitlines()[0]
    served.run("sh", "-c", command)
    assert served.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert served.pawl("doctor").code == 0


def test_status_names_what_hinders_writing_and_so_may_be_unsaid(served):
    done = mounted(served, served.state, "status")
    says(done, 0, f"host: cannot write {served.state}", "mounted read-only")


def test_status_names_a_lack_of_room(served):
    host = served.config / "host.yaml"
    host.write_text(host.read_text() + f"free_bytes: {2**50}\n")
    answer = served.pawl("status", "--json")
    assert answer.code == 0
    assert "short of room" in answer.json["in_the_way"][0]
    assert "may not be written down" in served.pawl("status").out


@pytest.mark.parametrize("command", ["once", "doctor"])
def test_a_state_directory_without_any_room_is_named(served, command):
    script = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'
    done = subprocess.run(
        (*_ALONE, "sh", "-c", script, served.state, sys.executable, "-m", "daemon", command),
        cwd=served.repo,
        env=served.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    says(done, 9, f"cannot write {served.state}/sandbox", "No space left on device", "make room")
