"""A clone with a hub: what happens there is what the hub took."""

import pytest

SSH = pytest.param("ssh", id="over-ssh")
HTTP = pytest.param("http", id="over-http")
FILE = pytest.param("file", id="as-a-path")


@pytest.mark.parametrize("how", [SSH, HTTP, FILE])
def test_a_wish_pushed_to_the_hub_lands_there(hub, hosts, reached, how):
    host = hosts("one", how=reached(how))
    hub.wishes("H-1")
    host.runs()
    assert hub.landings() == ["H-1"]
    assert hub.closed() == ["H-1"]
    assert hub.refs("refs/pawl/missions") == []
    assert hub.refs("refs/heads") == ["refs/heads/main", "refs/heads/pawl/ledger"]
    assert hub.tip() == host.tip()
    assert hub.tip("pawl/ledger") == host.tip("pawl/ledger")
    assert host.git("status", "--porcelain") == ""
    assert host.shows("H-1.txt") == "made"
    assert hub.refs("refs/pawl/leases") == [f"refs/pawl/leases/{host.name}"]


def test_the_hub_says_no_and_its_words_are_told(hub, hosts):
    """A protected branch: the landing is held, nothing is lost, and it lands when it may."""
    host = hosts("one")
    hook = hub.hooks("update", '[ "$1" != refs/heads/main ] || { echo "ask Ada" >&2; exit 1; }')
    # Ada pushes past the hook, as an administrator does
    hook.rename(hook.with_name("kept"))
    hub.wishes("H-1")
    hook.with_name("kept").rename(hook)
    standing = host.runs()
    reason, why = host.why("H-1", standing)
    assert reason == "held"
    assert "ask Ada" in why
    assert hub.landings() == []
    assert hub.refs("refs/pawl/missions") == ["refs/pawl/missions/H-1"]
    assert host.tip() == hub.tip()
    hook.unlink()
    host.runs()
    assert hub.landings() == ["H-1"]


def test_everything_is_refused_and_nothing_runs(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    hook = hub.hooks("pre-receive", "echo 'closed for the night' >&2; exit 1")
    standing = host.runs()
    reason, why = host.why("H-1", standing)
    assert reason == "awaiting_hub"
    assert "closed for the night" in why
    assert host.kinds("H-1") == ["mission-opened"]
    hook.unlink()
    host.runs()
    assert hub.landings() == ["H-1"]


def test_a_hub_that_keeps_branches_keeps_the_work_branch(hub, hosts):
    host = hosts("one")
    hub.at("config", "receive.denyDeletes", "true")
    hub.at("config", "receive.denyNonFastForwards", "true")
    hub.wishes("H-1")
    host.runs()
    assert hub.closed() == ["H-1"]
    assert hub.refs("refs/heads/pawl") == ["refs/heads/pawl/ledger", "refs/heads/pawl/work/H-1"]
    assert hub.refs("refs/pawl/missions") == []


@pytest.mark.parametrize("moved", ["refs/heads/main", "refs/heads/pawl/ledger"])
def test_an_answer_that_was_lost_is_found_at_the_hub(hub, hosts, sshd, moved):
    """The server dies after the landing, or the closing, and before it has said so."""
    host = hosts("one", how=sshd.keys(hub.bare))
    hub.wishes("H-1")
    once = hub.bare / "died"
    hub.hooks(
        "reference-transaction",
        f'[ "$1" = committed ] && grep -q " {moved}$" && [ ! -e {once} ] '
        f"&& touch {once} && kill -9 $PPID; exit 0",
    )
    host.runs()
    assert once.exists()
    host.runs()
    assert (hub.landings(), hub.closed()) == (["H-1"], ["H-1"])
    assert host.kinds("H-1").count("landed") == 1
    assert host.lost() == []


def test_without_the_hub_nothing_is_opened_and_it_goes_on_by_itself(hub, hosts, sshd, gates):
    gate = gates(sshd.port)
    sshd.known(gate.port)
    host = hosts("one", how=sshd.keys(hub.bare, gate.port))
    hub.wishes("H-1")
    gate.shuts()
    standing = host.runs()
    assert standing.selection is None or "H-1" not in standing.selection.order
    assert "was not reached" in standing.hub["why"]
    assert "was not reached" in standing.offline
    assert host.git("for-each-ref", "refs/pawl/missions") == ""
    gate.opens()
    host.runs()
    assert hub.landings() == ["H-1"]


def test_what_runs_goes_on_without_the_hub_and_lands_when_it_is_back(
    hub, hosts, sshd, gates, tmp_path
):
    gate = gates(sshd.port)
    sshd.known(gate.port)
    host = hosts("one", how=sshd.keys(hub.bare, gate.port))
    hub.wishes("H-1")

    def cuts(name):
        if name == "builder-end":
            gate.shuts()

    standing = host.runs(point=cuts)
    assert host.why("H-1", standing)[0] == "awaiting_hub"
    assert "gates-judged" in host.kinds("H-1")
    assert hub.landings() == []
    gate.opens()
    host.runs()
    assert (hub.landings(), hub.closed()) == (["H-1"], ["H-1"])


def test_a_commit_in_the_clone_that_was_not_pushed_holds_everything(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    host.commits({"mine.txt": "not pushed\n"})
    standing = host.runs()
    assert hub.landings() == []
    assert standing.doubts
    host.git("fetch", "-q", "origin", "main")
    host.git("reset", "-q", "--keep", "FETCH_HEAD")
    host.runs()
    assert hub.landings() == ["H-1"]


def test_a_clone_that_is_ahead_waits_for_the_push(hub, hosts):
    host = hosts("one")
    host.wishes("H-1")
    standing = host.runs()
    assert "ahead of the hub" in standing.offline
    assert standing.doubts == []
    host.git("push", "-q", "origin", "main")
    host.runs()
    assert hub.landings() == ["H-1"]


def test_a_dirty_checkout_of_the_clone_holds_what_it_is_in_the_way_of(hub, hosts):
    host = hosts("one")
    hub.edits({"README": "a new house\n"})
    (host.path / "README").write_text("mine\n")
    hub.wishes("H-1")
    standing = host.runs()
    assert "cannot follow" in standing.offline
    assert hub.landings() == []
    assert (host.path / "README").read_text() == "mine\n"
    host.git("checkout", "-q", "README")
    host.runs()
    assert hub.landings() == ["H-1"]


def test_a_target_rewritten_at_the_hub_freezes(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    host.runs()
    hub.git("pull", "-q", "--rebase", "origin", "main")
    hub.git("commit", "--amend", "-q", "-m", "another story")
    hub.git("push", "-q", "-f", "origin", "main")
    standing = host.runs()
    assert "rewritten or rolled back" in standing.doubts[0]
    assert host.subjects()[-1] == "make H-1.txt"
    hub.git("push", "-q", "-f", "origin", f"{host.tip()}:main")
    hub.pulls()
    hub.wishes("H-2")
    host.runs()
    assert hub.landings() == ["H-1", "H-2"]


def test_a_ledger_that_nobody_believed_wrote_freezes(hub, hosts):
    host = hosts("one")
    good = hub.tip("pawl/ledger")
    hub.at("update-ref", "refs/heads/pawl/ledger", hub.tip())
    hub.wishes("H-1")
    standing = host.runs()
    assert "no believed daemon" in standing.doubts[0]
    hub.at("update-ref", "refs/heads/pawl/ledger", good)
    host.runs()
    assert hub.landings() == ["H-1"]


def test_a_mission_ref_that_nobody_believed_wrote_holds_its_item_alone(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    hub.wishes("H-2")
    hub.at("update-ref", "refs/pawl/missions/H-1", hub.tip())
    standing = host.runs()
    assert host.why("H-1", standing)[0] == "frozen"
    assert "no believed daemon" in host.why("H-1", standing)[1]
    assert hub.landings() == ["H-2"]
    hub.at("update-ref", "-d", "refs/pawl/missions/H-1")
    host.runs()
    assert hub.landings() == ["H-2", "H-1"]


def test_people_push_between_and_it_lands_on_what_they_made(hub, hosts):
    host = hosts("one")
    hub.wishes("H-1")
    pushed = []

    def pushes(name):
        if name == "hub:push:land" and not pushed:
            pushed.append(hub.edits({"README": "meanwhile\n"}))

    host.runs(point=pushes)
    assert hub.landings() == ["H-1"]
    assert "landing-missed" in host.kinds("H-1")
    assert hub.at("show", "main:README") == "meanwhile"


JUDGED = """schema: 1
extends: default-1
repo_name: house
gates: [{name: suite, run: [sh, -c, "test ! -e H-1.txt"], timeout_s: 60, when: {risk: []}}]
after_landing: {gates: [suite], reruns: 0, repair: 0, revert: true}
"""


def test_a_red_landing_is_reverted_at_the_hub(hub, hosts):
    host = hosts("one")
    hub.edits({".pawl/policy.yaml": JUDGED})
    hub.wishes("H-1")
    good = hub.at("rev-parse", "main^{tree}")
    host.runs()
    assert hub.closed() == ["H-1"]
    assert hub.at("log", "-1", "--format=%s", "main") == 'Revert "make H-1.txt"'
    assert hub.at("rev-parse", "main^{tree}") == good
    assert hub.tip() == host.tip()


def test_a_revert_that_the_hub_takes_too_late_undoes_nothing(hub, hosts):
    host = hosts("one")
    hub.edits({".pawl/policy.yaml": JUDGED.replace("H-1.txt", "H-1.txt || test -e mended")})
    hub.wishes("H-1")
    left = [1]

    def pushes(name):
        if name == "hub:revert" and left:
            left.pop()
            hub.edits({"mended": "yes\n"})

    host.runs(point=pushes)
    assert hub.closed() == ["H-1"]
    assert hub.at("log", "-2", "--format=%s", "main").splitlines() == [
        "a person's commit", "make H-1.txt",
    ]  # fmt: skip
