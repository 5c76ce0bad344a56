"""Hints shorten the loop's wait; the daemon's own refs and reads give none."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from daemon.timers import Hints, HintsDiedError
from daemon.wake import Wake


class Counted(Wake):
    """A wake that remembers how often it was called."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def up(self):
        self.count += 1
        super().up()


@pytest.fixture
def repository(tmp_path):
    def git(*argv):
        done = subprocess.run(
            ["git", *argv], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "-b", "main")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-qm", "first")
    git.dir = tmp_path / ".git"
    return git


def test_a_moved_branch_wakes_the_loop(repository):
    wake = Counted()
    with Hints(repository.dir, wake):
        repository("branch", "feature", "main")
        wake.wait(60)
    assert wake.count


def test_reads_and_the_daemons_own_refs_do_not(repository):
    wake = Counted()
    with Hints(repository.dir, wake):
        repository("update-ref", "refs/pawl/missions/H-1", "main")
        repository("update-ref", "refs/heads/pawl/ledger", "main")
        repository("log", "--all")
        repository("branch", "last", "main")
        wake.wait(60)
        seen = wake.count
        (repository.dir / "refs" / "heads" / "last").read_bytes()
    # whatever came before the branch had its events delivered before the branch's own
    assert 0 < seen <= wake.count <= 4


def test_a_job_wakes_the_loop_at_its_time_and_a_new_time_replaces_it(repository):
    wake = Counted()
    with Hints(repository.dir, wake) as hints:
        hints.wake_at("H-1", datetime.now(UTC) + timedelta(days=1))
        hints.wake_at("H-1", datetime.now(UTC))
        wake.wait(60)
    assert wake.count == 1


def test_what_ends_as_soon_as_it_is_woken_disturbs_nothing(repository):
    """What the scheduler's thread raised would be an error of this test: pytest watches threads."""
    for _ in range(100):
        wake = Wake()
        with Hints(repository.dir, wake) as hints:
            hints.wake_at("H-1", datetime.now(UTC))
            wake.wait(60)


def test_a_dead_thread_of_the_hints_is_noticed(repository):
    """F69: a loop that nobody wakes looks alive; the check ends it, and systemd starts it."""
    with Hints(repository.dir, Wake()) as hints:
        hints.check()
        hints._observer.stop()
        hints._observer.join()
        with pytest.raises(HintsDiedError, match="file-system watch"):
            hints.check()


def test_a_dead_scheduler_is_noticed(repository):
    with Hints(repository.dir, Wake()) as hints:
        thread = hints._scheduler._thread
        hints._scheduler._event.set()
        hints._scheduler.state, was = 0, hints._scheduler.state
        thread.join()
        hints._scheduler.state = was
        with pytest.raises(HintsDiedError, match="scheduler"):
            hints.check()
