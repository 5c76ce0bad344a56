"""Two daemons on two clones of one hub: a mission is one host's, and whose is told by the hub."""

import shutil

import pytest

from daemon.serve import serving
from daemon.site import nothing
from gitops import highwater, ledger
from gitops.signing import DaemonKey


def dies(host, at):
    """Run *host* in this process up to the point *at*, and never again as that process."""

    class DeadError(BaseException):
        pass

    def point(name):
        if name == at:
            raise DeadError

    with pytest.raises(DeadError):
        host.runs(point=point)


def test_what_one_host_opened_the_other_leaves_alone(hub, hosts):
    one, two = hosts("one"), hosts("two")
    policy = "failures: {build_error: {action: escalate, origin: item}}\n"
    hub.edits({".pawl/policy.yaml": hub.shows(".pawl/policy.yaml") + "\n" + policy})
    hub.wishes("H-1", command=["sh", "-c", "exit 3"])
    one.runs()
    standing = two.runs()
    assert two.page("H-1").records == one.page("H-1").records != ()
    assert {record.host for record in two.page("H-1").records} == {one.name}
    assert standing.rests["H-1"].reason == "elsewhere"
    assert one.name != two.name


def test_each_hosts_landings_and_closings_are_believed_by_the_other(hub, hosts):
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    one.runs()
    hub.pulls()
    hub.wishes("H-2")
    two.runs()
    hub.pulls()
    hub.wishes("H-3")
    standing = one.runs()
    assert hub.landings() == ["H-1", "H-2", "H-3"]
    assert hub.closed() == ["H-1", "H-2", "H-3"]
    assert standing.doubts == []


def test_a_host_without_the_others_key_believes_nothing_of_it(hub, hosts):
    one, two = hosts("one"), hosts("two")
    one.believes()
    hub.wishes("H-1")
    two.runs()
    hub.pulls()
    hub.wishes("H-2")
    standing = one.runs()
    assert "add its key to `peers`" in standing.doubts[0]
    assert hub.landings() == ["H-1"]
    one.believes(two.key)
    one.runs()
    assert hub.landings() == ["H-1", "H-2"]


def test_hosts_set_up_before_any_of_them_ran_come_to_one_ledger(hub, hosts):
    one, two = hosts("one", begins=False), hosts("two")
    began = two.tip("pawl/ledger")
    assert one.tip("pawl/ledger") != began
    hub.wishes("H-1")
    one.runs()
    hub.pulls()
    hub.wishes("H-2")
    standing = two.runs()
    assert standing.doubts == []
    assert hub.landings() == hub.closed() == ["H-1", "H-2"]
    assert hub.tip("pawl/ledger") == two.tip("pawl/ledger")


def test_a_ledger_is_given_up_whenever_the_daemon_dies_meanwhile(hub, hosts):
    one, two = hosts("one", begins=False), hosts("two", begins=False)
    hub.wishes("H-1")
    one.runs()
    was = two.tip("pawl/ledger")
    dies(two, "hub:ledger")
    assert two.tip("pawl/ledger") == was
    assert two.runs().doubts == []
    assert two.tip("pawl/ledger") == one.tip("pawl/ledger")
    two.git("update-ref", "refs/heads/pawl/ledger", was)
    assert "not part of it" in two.runs().doubts[0]
    two.git("update-ref", "refs/heads/pawl/ledger", one.tip("pawl/ledger"))


def test_a_ledger_with_a_closing_of_a_key_that_is_not_believed_is_not_taken(hub, hosts):
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    one.runs()
    hub.pulls()
    hub.wishes("H-2")
    two.runs()
    three = hosts("three", begins=False)
    root = begins_anew(three)
    three.believes(two.key)
    standing = three.runs()
    assert three.tip("pawl/ledger") == root
    assert f"--accept-tip {three.tip()}" in standing.doubts[0]
    three.believes(one.key, two.key)
    assert three.runs().doubts == []
    assert three.tip("pawl/ledger") == hub.tip("pawl/ledger")


def test_a_ledger_on_which_something_was_closed_is_not_given_up(hub, hosts):
    one, two, three = hosts("one"), hosts("two"), hosts("three")
    hub.wishes("H-1")
    one.runs()
    two.runs()
    was, other = two.tip("pawl/ledger"), begins_anew(three)
    three.git("push", "--quiet", "--force", "origin", f"{other}:refs/heads/pawl/ledger")
    standing = two.runs()
    assert two.tip("pawl/ledger") == was
    assert "not part of it" in standing.doubts[0]
    hub.at("update-ref", "refs/heads/pawl/ledger", was)
    assert two.runs().doubts == []


def begins_anew(host):
    """Give *host* an empty ledger of its own, as if it had been set up before the hub had one."""
    host.git("update-ref", "-d", "refs/heads/pawl/ledger")
    root = ledger.create_ledger_root(host.store, DaemonKey.load(host.outside.key), at=1_800_000_000)
    seen = highwater.read(host.outside.mark)
    highwater.write(host.outside.mark, seen.model_copy(update={"ledger": root}))
    return root


class Stage:
    """Two daemons in one process, each taken a reconcile at a time; the test is the clock."""

    def __init__(self, host, clock, point):
        self.context = serving(host.outside, point=point)
        self.serving = self.context.__enter__()
        self.serving.daemon._hub._link.clock = clock

    def reconciles(self, until, tries=120):
        for _ in range(tries):
            standing = self.serving.daemon.reconcile()
            if until(standing):
                return standing
            if not standing.moved:
                self.serving.wake.wait(0.5)
        raise AssertionError(f"it did not come to that: {standing}")

    def ends(self):
        self.context.__exit__(None, None, None)


@pytest.fixture
def stages():
    """`stages(host)`: all of them look at the same clock, which `stages.now` turns."""
    made = []

    class Stages:
        now = 0.0

        def __call__(self, host, point=nothing):
            made.append(Stage(host, lambda: self.now, point))
            return made[-1]

    yield Stages()
    for one in made:
        one.ends()


MISSION = "refs/pawl/missions/H-1"


def settled(standing):
    return standing.idle


def test_a_host_that_is_gone_is_succeeded_when_its_lease_is_over(hub, hosts, stages):
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    dies(one, "builder-end")
    first = one.kinds("H-1")
    assert first[-1] == "attempt-started"
    it = stages(two)
    standing = it.reconciles(settled)
    assert two.why("H-1", standing)[0] == "elsewhere"
    assert one.name in two.why("H-1", standing)[1]
    for _ in range(4):
        stages.now += 200
        it.reconciles(settled)
    it.reconciles(lambda _: hub.closed() == ["H-1"])
    assert hub.landings() == ["H-1"]
    facts = two.page("H-1").records
    assert [one.fact.kind for one in facts][2:5] == [
        "mission-taken", "attempt-interrupted", "attempt-started",
    ]  # fmt: skip
    assert {record.host for record in facts[2:]} == {two.name}


def test_a_zombie_loses_what_it_did_not_publish_and_takes_what_the_hub_has(hub, hosts, stages):
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1", command=["sh", "-c", "date +%N > H-1.txt"])
    away = hub.bare.with_name("away.git")

    def cuts(name):
        if name == "builder-start" and not away.exists():
            hub.bare.rename(away)

    old = stages(one, point=cuts)
    old.serving.daemon._hub._link.clock = lambda: 0.0
    old.reconciles(lambda standing: "gates-judged" in one.kinds("H-1") and standing.idle)
    unpublished = one.page("H-1").tip
    shutil.copytree(away, hub.bare)  # the network is back for the other one
    it = stages(two)
    it.reconciles(settled)
    for _ in range(4):
        stages.now += 200
        it.reconciles(settled)
    it.reconciles(lambda _: hub.closed() == ["H-1"])
    old.serving.daemon._hub._link.clock = lambda: stages.now
    old.reconciles(
        lambda standing: standing.idle and one.tip("pawl/ledger") == hub.tip("pawl/ledger")
    )
    assert hub.landings() == ["H-1"]
    assert one.lost() == [f"refs/pawl/lost/H-1/{unpublished}"]
    assert one.tip() == hub.tip()
    assert one.git("for-each-ref", "refs/pawl/missions") == ""
    assert old.serving.daemon.reconcile().doubts == []


def test_both_open_the_same_item_and_the_hub_says_whose_it_is(hub, hosts, stages):
    """Both have seen the wish, and neither the other's opening."""
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    a, b = stages(one), stages(two)

    def opened(host):
        return lambda _: bool(host.git("for-each-ref", "refs/pawl/missions"))

    a.reconciles(opened(one))
    b.reconciles(opened(two))
    for _ in range(100):
        a.serving.daemon.reconcile()
        b.serving.daemon.reconcile()
        if hub.closed() == ["H-1"]:
            break
        a.serving.wake.wait(0.2)
    assert hub.landings() == ["H-1"]
    records = one.page("H-1").records
    assert len({record.host for record in records}) == 1


def test_a_host_fenced_off_while_it_landed_does_not_land(hub, hosts, stages):
    """Between intent and push the mission is taken: the push moves both refs, or none."""
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    dies(one, "hub:land")
    assert one.kinds("H-1")[-1] == "landing-started"
    it = stages(two)
    it.reconciles(settled)
    for _ in range(4):
        stages.now += 200
        it.reconciles(settled)
    it.reconciles(lambda _: hub.closed() == ["H-1"])
    old = stages(one)
    old.reconciles(lambda _: one.tip() == hub.tip() and not one.git(
        "for-each-ref", "refs/pawl/missions"))  # fmt: skip
    assert hub.landings() == ["H-1"]


def test_a_copied_state_directory_takes_a_name_of_its_own(hub, hosts, stages):
    one = hosts("one")
    it = stages(one)
    it.reconciles(settled)
    before = one.name
    lease = f"refs/pawl/leases/{before}"
    hub.at("update-ref", lease, hub.tip())
    stages.now += 250
    it.reconciles(lambda _: one.outside and (one.outside.state / "instance").read_text().strip()
                  not in before)  # fmt: skip
    stages.now += 250
    it.reconciles(settled)
    assert len(hub.refs("refs/pawl/leases")) == 2


def test_what_was_closed_meanwhile_is_not_opened_again(hub, hosts, stages):
    """One has opened and not published; until it does the other one opens, lands and closes."""
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    away = hub.bare.with_name("away.git")

    def cuts(name):
        if name == "append:mission-opened" and not away.exists():
            hub.bare.rename(away)

    late = stages(one, point=cuts)
    late.reconciles(lambda standing: standing.idle and away.exists())
    assert one.git("for-each-ref", "--format=%(refname)", "refs/pawl/missions") == MISSION
    shutil.copytree(away, hub.bare)
    two.runs()
    assert hub.closed() == ["H-1"]
    stages.now += 10
    late.reconciles(lambda standing: standing.idle and len(one.lost()) == 1)
    stages.now += 10
    late.reconciles(lambda standing: standing.idle and hub.refs("refs/pawl/missions") == [])
    assert hub.landings() == ["H-1"]
    assert one.git("for-each-ref", "refs/pawl/missions") == ""
    assert {record.host for record in one.page("H-1").records} == {two.name}


def test_a_landing_whose_mission_was_taken_in_that_moment_is_none(hub, hosts, stages):
    """The target has not moved, so nothing but the mission's own ref keeps the old host out."""
    one, two = hosts("one"), hosts("two")
    hub.wishes("H-1")
    it, before = stages(two), []

    def is_succeeded(name):
        if name != "hub:push:land" or before:
            return
        before.append(hub.tip())
        hook = hub.hooks("update", '[ "$1" != refs/heads/main ]')
        for _ in range(3):  # its lease is first seen, then twice as it was
            it.reconciles(lambda standing: standing.idle and "hub" not in standing.under_way)
            stages.now += 300
        it.reconciles(lambda _: "mission taken" in hub.at("log", "--format=%s", MISSION))
        it.reconciles(settled)
        hook.unlink()

    old = stages(one, point=is_succeeded)
    old.serving.daemon._hub._link.clock = lambda: 0.0
    old.reconciles(lambda standing: bool(before) and standing.idle)
    assert hub.tip() == before[0]
    assert hub.landings() == []
    stages.now += 10  # the other one's back-off after the hook
    it.reconciles(lambda _: hub.closed() == ["H-1"])
    assert hub.landings() == ["H-1"]
    assert {one.host for one in two.page("H-1").records if one.fact.kind == "landed"} == {two.name}
