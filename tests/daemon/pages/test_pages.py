"""Generated pages on the ledger: what people read there is what selection and facts say."""

import json
import re
import subprocess
import sys
import time

import pytest
from structlog.testing import capture_logs

from daemon.serve import once
from gitops import signing
from gitops.ledger import dossier
from gitops.objects import Batch
from gitops.signing import DaemonKey
from tests.daemon.pages.conftest import Ticking, writes

LEDGER = "refs/heads/pawl/ledger"
PAGES = ["BLOCKED.md", "HANDOFF.md", "INBOX.md", "METRICS.md", "QUEUE.md", "UMBRELLAS.md"]
IDLE = {"command": ["true"]}


def page(house, name):
    return house.shows(f"{name}.md", LEDGER)


def row(house, name, item):
    """Return the cells of an item's row."""
    lines = [line for line in page(house, name).splitlines() if re.search(rf"\b{item}\b", line)]
    return [cell.strip() for cell in lines[0].strip("|").split(" | ")]


def turns(house):
    """Return what each commit of pages changed, the oldest first."""
    rows = house.git(
        "log", "--first-parent", "--reverse",
        "--format=%(trailers:key=Pawl-Pages,valueonly,separator=)", LEDGER,
    )  # fmt: skip
    return [row.split() for row in rows.splitlines() if row]


@pytest.fixture
def paged(house):
    writes(house)
    return house


def test_every_page_is_there_after_a_run_and_says_it_is_generated(paged):
    paged.wishes("H-1")
    wish = paged.tip()
    paged.runs()
    assert paged.git("ls-tree", "--name-only", LEDGER).split() == [*PAGES, "missions"]
    assert turns(paged) == [PAGES]
    for name in PAGES:
        assert "do not edit" in paged.shows(name, LEDGER).splitlines()[0]
        assert "unsigned-local" in paged.shows(name, LEDGER)
    assert "100.0 % (1 of 1)" in page(paged, "METRICS")
    assert "1 done" in page(paged, "QUEUE")
    assert paged.tip("main~1") == wish, "no commit of its own on the target"


def test_what_has_not_changed_is_not_written_again(paged):
    paged.wishes("H-1", **IDLE)
    paged.runs()
    tip = paged.tip(LEDGER)
    paged.runs()
    assert paged.tip(LEDGER) == tip
    paged.commits({"README": "nothing the pages tell of\n"})
    paged.runs()
    assert paged.tip(LEDGER) == tip
    paged.wishes("H-2", wave="2", phase=9)
    paged.runs()
    assert turns(paged) == [PAGES, ["QUEUE.md"]]


def test_the_inbox_says_what_is_asked_and_what_to_type(paged):
    paged.wishes("H-1", requires_approval=True, title="a *title* | with `ticks`")
    paged.wishes("H-2", command=["sh", "-c", "exit 3"])
    paged.commits({"backlog/H-3.yaml": "id: H-3\n"})
    paged.runs()
    inbox = page(paged, "INBOX")
    assert r"### H-1: a \*title\* \| with \`ticks\`" in inbox
    assert "APPROVAL_REQUESTED (approval_missing)" in inbox
    assert "ESCALATION_REQUESTED" in inbox
    assert "backlog/H-3.yaml" in inbox
    shown = re.findall(r"^- request: `git show (\S+)`", inbox, re.MULTILINE)
    assert len(shown) == 2
    for one in shown:
        assert paged.git("show", one)
    commands = {*re.findall(r"^- `pawl ([a-z]+) H-\d", inbox, re.MULTILINE)}
    assert commands == {"approve", "reject", "abort", "resume", "grant", "retry", "cancel"}
    for command in commands:
        argv = [sys.executable, "-m", "daemon", command, "--help"]
        subprocess.run(argv, check=True, capture_output=True)
    paged.wishes("H-1", status="cancelled")
    paged.runs()
    assert "H-1:" not in page(paged, "INBOX")


def test_the_queue_is_the_order_of_selection_and_says_why_everything_else_waits(paged):
    paged.wishes("H-1", priority="P2")
    paged.wishes("H-2", priority="P0")
    paged.wishes("H-3", priority="P1", ready_when=[{"path_exists": "nowhere"}])
    paged.wishes("H-4", phase=9)
    paged.wishes("H-5", blocked_by=["H-1"])
    paged.wishes("H-6", status="blocked")
    paged.commits({".pawl/PAUSE": "lunch\n"})
    paged.runs()
    queue = page(paged, "QUEUE")
    placed = re.findall(r"^\| (\d) \| (H-\d) .* \| paused: ", queue, re.MULTILINE)
    assert placed == [("1", "H-2"), ("2", "H-1")]
    assert row(paged, "QUEUE", "H-3")[1] == "not_ready"
    assert row(paged, "QUEUE", "H-4")[1] == "phase_cap"
    assert row(paged, "QUEUE", "H-5")[1] == "blocked_by"
    assert row(paged, "QUEUE", "H-6")[1] == "blocked_by_person"
    explained = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", paged.path, "explain", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for item, one in json.loads(explained.stdout)["items"].items():
        assert item in queue
        assert one.get("reason", "paused") in queue, item


def test_what_is_blocked_leads_to_its_story_and_says_who_waits(paged):
    paged.wishes("H-1", **IDLE)
    paged.wishes("H-2", blocked_by=["H-1"])
    paged.wishes("H-3", blocked_by=["H-1"])
    paged.runs()
    cells = row(paged, "BLOCKED", "H-1")
    assert cells[:3] == ["`H-1`", "2", "closed_unresolved"]
    link = re.search(r"\[H-1\]\((.*)\)", cells[-1])[1]
    assert "no_changes" in paged.shows(link, LEDGER)
    assert "H-2" not in page(paged, "BLOCKED")


def test_umbrellas_tell_how_far_their_parts_are(paged):
    paged.wishes("H-1", slice="umbrella", blocked_by=["A-1"])
    paged.wishes("H-1A")
    paged.wishes("H-1B", status="blocked")
    paged.wishes("A-1", status="done")
    paged.wishes("H-2", slice="umbrella")
    paged.runs()
    assert row(paged, "UMBRELLAS", "H-1")[2:] == ["2 of 3", "H-1B"]
    assert row(paged, "UMBRELLAS", "H-2")[2:] == ["0 of 0", "not split yet"]


def test_a_long_table_is_cut_with_a_count(house):
    writes(house, rows=2)
    for number in range(5):
        house.wishes(f"H-{number}", phase=9)
    house.runs()
    assert "and 3 more: `pawl explain` shows all" in page(house, "QUEUE")
    assert "H-2" not in page(house, "QUEUE")


def test_the_handoff_names_gates_and_policy(house):
    house.commits({".pawl/policy.yaml": GATED})
    house.runs()
    handoff = page(house, "HANDOFF")
    assert "| `suite` | `sh -c 'test 1 \\| cat'` |" in handoff
    assert "`.pawl/policy.yaml` on `main`" in handoff
    kinds = re.findall(r"`pawl schema (\w+)`", handoff)
    assert "permission" in kinds
    for kind in kinds:
        argv = [sys.executable, "-m", "daemon", "schema", kind]
        subprocess.run(argv, check=True, capture_output=True)


GATED = """schema: 1
extends: default-1
repo_name: house
gates: [{name: suite, run: [sh, -c, "test 1 | cat"], timeout_s: 9}]
"""


def test_pages_are_written_so_often_at_most(house):
    writes(house, every_s=1000)
    house.wishes("H-1", phase=9)
    clock = Ticking()
    with house.serves(clock=clock) as it:
        settles(it)
        assert turns(house) == [PAGES]
        for number in range(2, 5):
            house.wishes(f"H-{number}", phase=9)
            settles(it)
        standing = it.daemon.reconcile()
        assert turns(house) == [PAGES]
        assert standing.due["pages"] > clock.at
        clock.at = standing.due["pages"]
        settles(it)
        assert turns(house) == [PAGES, ["QUEUE.md"]]
        clock.at = clock.at.replace(year=clock.at.year + 1)
        settles(it)
        assert turns(house) == [PAGES, ["QUEUE.md"]]
        clock.at = clock.at.replace(year=1970)
        house.wishes("H-9", phase=9)
        settles(it)
        assert turns(house) == [PAGES, ["QUEUE.md"], ["QUEUE.md"]]


def test_a_daemon_that_serves_tells_of_a_request_by_itself(paged):
    process = paged.starts("run", stderr=subprocess.DEVNULL)
    try:
        paged.wishes("H-1", requires_approval=True)
        until(lambda: "H-1: make" in page_if_any(paged, "INBOX"))
        paged.wishes("H-1", status="cancelled")
        until(lambda: "H-1: make" not in page_if_any(paged, "INBOX"))
    finally:
        process.terminate()
        assert process.wait(60) == 0


def page_if_any(house, name):
    there = house.git("ls-tree", "--name-only", LEDGER).split()
    return page(house, name) if f"{name}.md" in there else ""


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "this was waited for in vain"
        time.sleep(0.05)


def settles(it):
    """Reconcile until no page is under way."""
    while "(pages)" in it.daemon.reconcile().under_way:
        it.wake.wait(60)


@pytest.mark.unaudited("a foreign ledger")
def test_nothing_is_written_on_a_ledger_in_doubt(paged):
    paged.wishes("H-1", **IDLE)
    forged = paged.git("commit-tree", f"{LEDGER}^{{tree}}", "-p", LEDGER, "-m", "mine")
    paged.git("update-ref", LEDGER, forged)
    assert paged.runs().doubts
    assert paged.tip(LEDGER) == forged


@pytest.mark.unaudited("a dossier without facts")
def test_what_cannot_be_counted_is_said_and_neither_stops_nor_repeats_anything(paged):
    store, key = paged.store, DaemonKey.load(paged.outside.key)
    batch, tip = Batch(store), paged.tip(LEDGER)
    empty = dossier.add_files(batch, {f"{dossier.shard('BAD-1')}/facts/none": b""})
    tree = dossier.graft(batch, None, empty, {})
    commit = batch.commit(signing.signed_commit(key, tree, (tip,), "BAD-1: closed", 1_700_000_000))
    batch.save()
    paged.git("update-ref", LEDGER, commit)
    paged.wishes("H-1")
    with capture_logs() as logs:
        standing = paged.runs()
    assert (paged.ended("H-1"), standing.doubts) == (("PASS", "landed"), [])
    (said,) = [one["why"] for one in logs if one["event"].startswith("pages")]
    assert "BAD-1" in said
    assert turns(paged) == []


def test_a_lock_in_the_way_freezes_nothing(paged):
    lock = paged.gitdir / f"{LEDGER}.lock"
    with paged.serves() as it:
        lock.touch()
        standing = once(it)
        assert (standing.doubts, turns(paged)) == ([], [])
        lock.unlink()
        assert it.daemon.reconcile().doubts == []
    assert turns(paged) == [PAGES]


def test_no_pages_where_policy_wants_none(house):
    house.wishes("H-1", **IDLE)
    house.runs()
    assert turns(house) == []


def test_pages_that_are_not_written_any_more_say_so(paged):
    paged.runs()
    writes(paged, written=False)
    paged.wishes("H-1", **IDLE)
    paged.runs()
    for name in PAGES:
        assert "Not written any more" in paged.shows(name, LEDGER)
    tip = paged.tip(LEDGER)
    paged.runs()
    assert paged.tip(LEDGER) == tip
    writes(paged)
    paged.runs()
    assert "closed_unresolved" in page(paged, "BLOCKED")
