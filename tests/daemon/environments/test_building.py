"""An environment is built once a key, by the first who needs it, and found by everybody after."""

import json
import threading
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from tests.daemon.environments.conftest import INSTALLS, TOOLS, policy_of

USES = ["sh", "-c", "tool > H-1.txt"]
GATE = {
    "name": "suite",
    "run": ["sh", "-c", 'test "$(tool)" = one && ! touch /environment/x'],
    "timeout_s": 60,
    "environment": "tools",
}


def test_builders_tests_and_gates_find_what_was_installed(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools", gates=[GATE])
    house.wishes("H-1", command=USES, tests=[{"run": ["sh", "-c", "tool | cmp - H-1.txt"]}])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "one"
    assert [name for name, _, _ in built(house)] == ["tools"]


def test_the_second_mission_builds_nothing(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1")
    house.runs()
    first = built(house)
    house.wishes("H-2")
    house.runs()
    assert house.ended("H-2") == ("PASS", "landed")
    assert built(house) == first
    assert "preparing" in str(house.told)
    assert "preparing" not in str([said for said in house.told if said[0] == "H-2"])


def test_two_missions_that_need_one_environment_build_it_once(furnished, built):
    marks = ["sh", "-c", "sleep 1; cat /proc/sys/kernel/random/uuid > /environment/once"]
    slow = {**TOOLS, "setup": [INSTALLS, marks]}
    house = furnished({"tools": slow}, environment="tools", selection={"max_agents": 2})
    for item in ("H-1", "H-2"):
        copies = ["sh", "-c", f"cp /environment/once {item}.txt"]
        house.wishes(item, command=copies)
    house.runs()
    assert house.shows("H-1.txt") == house.shows("H-2.txt")
    assert len(built(house)) == 1


def test_a_moved_lock_file_is_another_environment(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1", command=USES)
    house.runs()
    house.commits({"tools.lock": "two\n"})
    house.wishes("H-2", command=["sh", "-c", "tool > H-2.txt"])
    house.runs()
    assert (house.shows("H-1.txt"), house.shows("H-2.txt")) == ("one", "two")
    assert len(built(house)) == 2


def test_a_file_that_is_no_key_file_is_not_there_and_changes_nothing(furnished, built):
    lists = {"setup": [["sh", "-c", "ls -A | grep -v '^.git$' > /environment/seen"]],
             "key_files": ["tools.lock", "lib"]}  # fmt: skip
    files = {"tools.lock": "one\n", "other": "x\n", "lib/a": "1\n", "lib/b": "2\n"}
    house = furnished({"tools": lists}, files, environment="tools")
    house.wishes("H-1", command=["sh", "-c", "cat /environment/seen > H-1.txt"])
    house.runs()
    assert house.shows("H-1.txt").split() == ["lib", "tools.lock"]
    house.commits({"other": "y\n"})
    house.wishes("H-2")
    house.runs()
    assert len(built(house)) == 1


def test_the_environment_is_part_of_what_facts_name(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1", environment="none")
    house.wishes("H-2")
    house.runs()
    bare, own = (house.facts(item)[1].environment for item in ("H-1", "H-2"))
    judged = next(fact for fact in house.facts("H-2") if fact.kind == "gates-judged")
    assert bare != own == judged.environment
    (about,) = [json.loads(house.git("show", f"pawl/ledger:{path}"))
                for path in house.git("ls-tree", "-r", "--name-only", "pawl/ledger").split()
                if path.endswith("/H-2/attempts/1/environment.json")]  # fmt: skip
    assert [(about["name"], about["key"], about["contents"])] == built(house)


def test_nobody_can_write_to_it(furnished, folder, as_root):
    attack = (
        "touch /environment/new; echo x >> /environment/lock; rm -rf /environment/bin;"
        " chmod -R 777 /environment; mount -o remount,rw /environment; echo done > H-1.txt"
    )
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1", command=["sh", "-c", attack])
    house.runs()
    assert house.shows("H-1.txt") == "done"
    made = folder(house)
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*")) == [
        "bin", "bin/tool", "lock",
    ]  # fmt: skip
    assert (made / "lock").read_text() == "one\n"
    writable = 0o022 if as_root else 0o222
    assert not [path for path in (made, *made.rglob("*")) if path.stat().st_mode & writable]
    if as_root:
        assert {path.stat().st_uid for path in (made, *made.rglob("*"))} == {0}


def test_a_link_in_the_root_leads_into_it(furnished):
    linked = {**TOOLS, "links": {"tools": "bin"}, "env": {"FLAVOUR": "plain"}}
    house = furnished({"tools": linked}, environment="tools")
    house.wishes("H-1", command=["sh", "-c", "/tools/tool > H-1.txt; echo $FLAVOUR >> H-1.txt"])
    house.runs()
    assert house.shows("H-1.txt") == "one\nplain"


def test_conditions_are_checked_in_the_policys_environment(furnished):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1", ready_when=[{"check": ["tool"]}])
    house.wishes("H-2", ready_when=[{"check": ["sh", "-c", "! tool"]}])
    standing = house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert standing.selection.skipped["H-2"].reason == "not_ready"


def test_a_mission_that_changes_a_key_file_is_barred(furnished):
    house = furnished({"tools": TOOLS}, environment="tools")
    changes = ["sh", "-c", "echo two > tools.lock; echo x > H-1.txt"]
    house.wishes("H-1", command=changes, write_scope=["*"])
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "protected_path")
    assert "tools.lock" in house.summary("H-1")["why"]


def test_where_policy_allows_it_the_gates_of_such_a_mission_run_in_its_own(furnished, built):
    gate = {**GATE, "run": ["sh", "-c", 'test "$(tool)" = two']}
    own = {**TOOLS, "key_changes": "rebuilt"}
    house = furnished({"tools": own}, environment="tools", gates=[gate])
    changes = ["sh", "-c", "tool > H-1.txt; echo two > tools.lock"]
    tests = [{"run": ["sh", "-c", 'test "$(tool)" = two && grep one H-1.txt']}]
    house.wishes("H-1", command=changes, write_scope=["*"], tests=tests)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert len(built(house)) == 2


def test_a_name_that_nobody_declares_is_an_invalid_item(furnished):
    house = furnished({"tools": TOOLS})
    house.wishes("H-1", environment="toolz")
    standing = house.runs()
    assert standing.selection.skipped["H-1"].reason == "invalid"


def test_a_failed_set_up_is_charged_to_nobody_and_tried_again_in_time(furnished, failures):
    bad = {"setup": [["sh", "-c", "echo no such release; exit 3"]]}
    house = furnished({"tools": bad}, environment="tools", backoff_s=3600)
    house.wishes("H-1")
    standing = house.runs()
    rest = standing.rests["H-1"]
    assert rest.reason == "no_environment"
    assert "exited 3: no such release" in rest.why
    assert rest.until > SystemClock().now()
    assert house.kinds("H-1") == ["mission-opened"]
    (failure,) = failures(house)
    assert (failure.failure, failure.failures) == ("dependency_error", 1)
    assert failure.output == "no such release\n"
    house.runs()
    assert failures(house)[0].failures == 1
    house.commits({".pawl/policy.yaml": policy_of({"tools": TOOLS}, environment="tools").decode()})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


@pytest.mark.parametrize(
    ("setup", "key_files", "said"),
    [
        (["true"], ["gone.lock"], "its key file gone.lock is not in the tree"),
        (["no-such-tool"], [], "no-such-tool"),
        (["mkfifo", "/environment/pipe"], [], "is neither a file nor a folder nor a link"),
        (["sh", "-c", "kill -9 $$"], [], "was killed by signal 9"),
        (["sh", "-c", "head -c 3000000 /dev/zero > /environment/big"], [], "is larger than"),
    ],
)
def test_what_cannot_be_an_environment_says_why(furnished, failures, setup, key_files, said):
    declared = {"tools": {"setup": [setup], "key_files": key_files}}
    size = {"environment": {"max_bytes": 2000000}}
    house = furnished(declared, environment="tools", backoff_s=60, sandbox=size)
    house.wishes("H-1")
    house.runs()
    (failure,) = failures(house)
    assert failure.failure == "environment_error"
    assert said in failure.why


class KilledError(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("where", ["environment-start", "environment-end"])
def test_what_a_kill_leaves_is_not_taken_for_an_environment(furnished, built, where):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1")

    def point(name):
        if name == where:
            raise KilledError

    with pytest.raises(KilledError):
        house.runs(point=point)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert len(built(house)) == 1
    kept = house.outside.state / "sandbox" / "environments"
    assert not list(kept.glob(".building-*"))


def test_a_half_built_folder_is_swept(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools")
    kept = house.outside.state / "sandbox" / "environments"
    half = kept / ".building-0123" / "tree" / "bin"
    half.mkdir(parents=True)
    half.chmod(0)
    house.runs()
    assert not list(kept.glob(".building-*"))
    assert built(house) == []


@pytest.mark.parametrize("how", ["edited", "gone", "after a reboot"])
def test_one_that_was_tampered_with_is_built_again(furnished, folder, built, how):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1")
    house.runs()
    lock = folder(house) / "lock"
    before = lock.stat()
    lock.chmod(0o644)
    lock.write_text("evil\n" if how != "gone" else "")
    if how == "gone":
        lock.parent.chmod(0o755)
        lock.unlink()
    if how == "after a reboot":
        about = folder(house).with_name("about.json")
        said = json.loads(about.read_text())
        said["boot"] = "another"
        about.write_text(json.dumps(said, sort_keys=True, separators=(",", ":")))
    assert how == "gone" or lock.stat().st_ino == before.st_ino
    house.wishes("H-2", command=["sh", "-c", "tool > H-2.txt"])
    house.runs()
    assert house.ended("H-2") == ("PASS", "landed")
    assert house.shows("H-2.txt") == "one"


def test_after_a_reboot_one_that_is_whole_is_used(furnished, folder):
    house = furnished({"tools": TOOLS}, environment="tools")
    house.wishes("H-1")
    house.runs()
    about = folder(house).with_name("about.json")
    said = json.loads(about.read_text())
    said["boot"] = "another"
    about.write_text(json.dumps(said, sort_keys=True, separators=(",", ":")))
    inode = folder(house).stat().st_ino
    house.wishes("H-2")
    house.runs()
    assert house.ended("H-2") == ("PASS", "landed")
    assert folder(house).stat().st_ino == inode
    assert json.loads(about.read_text())["boot"] != "another"


def test_the_longest_unused_go_when_the_host_has_enough(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools", host="environments_kept: 2\n")
    for number in range(1, 5):
        house.commits({"tools.lock": f"{number}\n"})
        house.wishes(f"H-{number}", command=["sh", "-c", f"tool > H-{number}.txt"])
        house.runs()
        assert house.shows(f"H-{number}.txt") == str(number)
    assert len(built(house)) == 2


def test_set_up_has_no_network_but_what_both_files_name(furnished, failures):
    asks = (
        "import urllib.request as u\n"
        "try: u.urlopen('http://mirror.example/', timeout=20)\n"
        "except u.HTTPError as error: print(error.read().decode()); raise SystemExit(4)\n"
    )
    declared = {"setup": [["python3", "-c", asks]], "egress": ["mirror.example:80"]}
    house = furnished({"tools": declared}, environment="tools", backoff_s=60,
                      host="egress: [pypi.org]\n")  # fmt: skip
    house.wishes("H-1")
    house.runs()
    (failure,) = failures(house)
    (line,) = failure.contacts
    assert (line.host, line.port, line.allowed) == ("mirror.example", 80, False)
    assert "host file" in failure.why


def test_gates_and_builders_have_no_network_even_in_one_that_was_built_with_it(furnished):
    declared = {**TOOLS, "egress": ["pypi.org"]}
    looks = "sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' \\n'; env | grep -ci proxy"
    house = furnished({"tools": declared}, environment="tools", host="egress: [pypi.org]\n")
    house.wishes("H-1", command=["sh", "-c", f"({looks}) > H-1.txt; true"])
    house.runs()
    assert house.shows("H-1.txt") == "lo0"


def test_a_mission_that_is_stopped_while_one_is_built_leaves_nothing(furnished, built, failures):
    slow = {"setup": [["sh", "-c", "touch /environment/started; sleep 600"]]}
    house = furnished({"tools": slow}, environment="tools")
    house.wishes("H-1")
    with house.serves() as serving:
        serving.daemon.reconcile()
        assert any("environment" in key for key in serving.daemon.standing.under_way)
        serving.daemon.stop()
        threading.Event().wait(0)
        serving.daemon.close()
    assert built(house) == []
    assert failures(house) == []
    assert not list(Path(house.outside.state, "sandbox", "environments").glob(".building-*"))
