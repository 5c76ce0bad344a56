"""The door on a real repository, once with each engine."""

import dataclasses
import hashlib
import threading

import pytest

from policy.bus.operation import Operation
from policy.bus.result import Denied, Exited, NotStarted, Refused, Stopped, Taken


def test_what_a_builder_changes_is_a_tree_of_the_repository(house):
    ran = house.sh("echo b = 2 > src/b.py; rm run.sh; echo x > src/x.pyc", changes="kept")
    assert ran.ending == Exited(code=0)
    assert isinstance(ran.snapshot, Taken)
    assert house.lines(ran.snapshot.tree) == [".gitignore", "src/a.py", "src/b.py"]
    assert ran.snapshot.ignored == 1


def test_a_builder_that_changes_nothing_leaves_the_base(house):
    assert house.sh("true", changes="kept").snapshot == Taken(tree=house.tree, ignored=0)


def test_a_tool_that_is_missing_leaves_the_base_and_says_so(house):
    ran = house.launch("no-such-tool", changes="kept")
    assert isinstance(ran.ending, NotStarted)
    assert ran.ending.cause == "tool_missing"
    assert "no-such-tool" in ran.ending.why
    assert ran.snapshot == Taken(tree=house.tree, ignored=0)


def test_exit_127_of_the_command_is_its_own(house):
    assert house.sh("exit 127").ending == Exited(code=127)


def test_runs_on_one_tree_do_not_see_each_other(house):
    house.sh("echo changed > src/a.py; echo left > /tmp/left", changes="dropped")
    assert house.sh("cat src/a.py; cat /tmp/left").output.text.startswith("a = 1\ncat:")


def test_a_fifo_in_the_work_tree_is_refused(house):
    snapshot = house.sh("mkfifo pipe", changes="kept").snapshot
    assert isinstance(snapshot, Refused)
    assert (snapshot.reason, snapshot.path) == ("fifo", "pipe")


def test_a_work_tree_of_locked_folders_is_read_and_removed(house):
    ran = house.sh("mkdir -p d/e; echo x > d/e/f; chmod 0 d/e/f d/e d", changes="kept")
    assert isinstance(ran.snapshot, Taken)
    assert "d/e/f" in house.lines(ran.snapshot.tree)
    assert list((house.state / "runs").iterdir()) == []


def test_git_inside_sees_one_commit_and_a_clean_tree(house):
    said = house.sh("git log --oneline | wc -l; git status --short; git remote").output.text
    assert said.strip() == "1"


def test_the_report_is_read_from_outside_the_work_tree(house):
    ran = house.launch("sh", "-c", 'echo "<ok/>" > {report}; ls', report="junit", changes="kept")
    assert ran.report == b"<ok/>\n"
    assert ran.snapshot == Taken(tree=house.tree, ignored=0)
    assert ran.provenance.argv[2] == 'echo "<ok/>" > /report/report.xml; ls'


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "ln -s /etc/passwd {report}",
        "mkfifo {report}",
        "mkdir {report}",
        "head -c 2000000 /dev/zero > {report}",
    ],
    ids=["none", "a link", "a fifo", "a folder", "too large"],
)
def test_what_is_no_report_is_none(house, script):
    assert house.sh(script, report="junit").report is None


def test_a_report_of_an_earlier_run_is_gone(house):
    house.sh("echo old > {report}", report="junit")
    assert house.sh("true", report="junit").report is None


def test_an_operation_runs_where_its_cwd_says(house):
    assert house.sh("pwd; cat a.py", cwd="src").output.text == "/mission/src\na = 1\n"


def test_a_cwd_that_is_missing_is_no_start(house):
    ending = house.sh("true", cwd="nowhere").ending
    assert isinstance(ending, NotStarted)
    assert ending.cause == "tool_missing"


def test_usage_is_of_the_whole_sandbox(house):
    ran = house.sh("dd if=/dev/zero of=/dev/null bs=1M count=2000 2>/dev/null & wait")
    assert ran.usage.cpu_s > 0
    assert ran.usage.wall_s > 0
    assert ran.usage.max_rss_bytes > 0


def test_stop_ends_a_run_at_once_and_keeps_its_work(house):
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    ran = house.sh("echo half > half.txt; sleep 1000", stop=stop, changes="kept")
    timer.join()
    assert ran.ending == Stopped()
    assert isinstance(ran.snapshot, Taken)
    assert "half.txt" in house.lines(ran.snapshot.tree)


@pytest.mark.parametrize(
    ("check", "given"),
    [
        ("G-SCHEMA", {"argv": ()}),
        ("G-SCHEMA", {"argv": ("a\0b",)}),
        ("G-SCHEMA", {"argv": ("echo", "x" * 200_000)}),
        ("G-SCHEMA", {"cwd": "../.."}),
        ("G-SCHEMA", {"cwd": "/etc"}),
        ("G-SCHEMA", {"env": (("A=B", "c"),)}),
        ("G-PROVENANCE", {"mission": None}),
        ("G-INTEGRITY", {"tree": "1" * 40}),
    ],
    ids=["no argv", "NUL", "long word", "cwd up", "cwd out", "env", "nobody's", "no such tree"],
)
def test_an_operation_that_cannot_be_run_is_denied_before_any_engine(house, check, given):
    operation = house.operation("true").model_dump() | given
    result = house.door.launch(Operation(**operation))
    assert isinstance(result, Denied)
    assert result.check == check


@pytest.mark.parametrize(
    "argv", [("sh", "-c", "true"), ("/bin/bash",), ("env", "A=b", "dash", "-c", "true")]
)
def test_a_shell_is_a_capability(house, argv):
    result = house.launch(*argv, granted=frozenset({"proc.exec"}))
    assert isinstance(result, Denied)
    assert result.check == "G-CAP"
    assert "proc.exec:shell" in result.why


def test_nothing_is_run_for_who_was_granted_nothing(house):
    result = house.launch("true", granted=frozenset())
    assert isinstance(result, Denied)
    assert result.check == "G-CAP"


def test_keeping_changes_is_a_capability(house):
    result = house.launch("true", changes="kept", granted=frozenset({"proc.exec"}))
    assert isinstance(result, Denied)
    assert "work.write" in result.why


def test_several_threads_run_at_once(house):
    said = {}

    def run(n):
        said[n] = house.sh(f"echo {n} > n; cat n", changes="kept")

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: ran.output.text for n, ran in said.items()} == {n: f"{n}\n" for n in range(6)}
    assert len({ran.snapshot.tree for ran in said.values()}) == 6


def test_both_engines_leave_the_same_tree(make_house, this_host):
    script = "mkdir -p n/m; mv src/a.py n/m/; rm .gitignore; ln -s x l; chmod +x run.sh"
    trees = {}
    for engine in ("overlay", "copy"):
        made = make_house(dataclasses.replace(this_host, engine=engine))
        with made.door:
            ran = made.sh(script, changes="kept")
        assert ran.provenance.engine == f"bwrap-{engine}"
        trees[engine] = ran.snapshot.tree
    assert trees["overlay"] == trees["copy"]


def test_a_host_that_cannot_isolate_runs_nothing_until_it_can(make_house, this_host, tmp_path):
    bwrap = tmp_path / "bwrap"
    made = make_house(dataclasses.replace(this_host, bwrap=bwrap))
    with made.door:
        result = made.launch("true")
        assert isinstance(result, Denied)
        assert result.check == "G-ISOLATION"
        assert "apt install bubblewrap" in result.why
        bwrap.symlink_to("/usr/bin/bwrap")
        assert made.sh("true").ending == Exited(code=0)


def test_a_whole_output_is_spilled_up_to_its_cap(make_house, this_host):
    made = make_house(dataclasses.replace(this_host, spill_bytes=100_000))
    with made.door:
        ran = made.sh("head -c 90000 /dev/zero | tr '\\0' x; head -c 90000 /dev/zero")
    (spilled,) = (made.state / "output").iterdir()
    assert spilled.stat().st_size == 100_000
    assert spilled.stat().st_mode & 0o777 == 0o600
    assert ran.output.size == 180_000
    whole = b"x" * 90_000 + bytes(90_000)
    assert ran.output.sha256 == hashlib.sha256(whole).hexdigest()


def test_the_environment_names_the_host_and_not_the_operation(house):
    first, second = house.sh("true"), house.sh("false", env=(("A", "b"),))
    assert first.provenance.environment == second.provenance.environment
    assert first.provenance.environment == house.door.environment()
