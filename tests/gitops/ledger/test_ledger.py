import json
import os

import pytest

from gitops import ledger, objects, refs, signing
from gitops.ledger import BrokenDossierError, DuplicateStepError
from gitops.ledger.evidence import whole
from gitops.ledger.reading import Trust
from gitops.objects import Batch
from gitops.packs import count
from gitops.repository import Store
from gitops.signing import DaemonKey

REF = "refs/pawl/missions/H-1"


def fresh(store):
    return Store.open(store.gitdir, durability="process")


def test_what_was_appended_is_read_in_order_and_verified(teller):
    teller.tells(teller.opened())
    teller.tells(teller.started(), teller.interrupted())
    for store in (teller.store, fresh(teller.store)):
        page = teller.reads(store)
        assert page.tip == teller.tip
        assert page.records == tuple(teller.told)
        assert page.verified is Trust.VERIFIED


def test_a_mission_without_a_ref_is_an_empty_page(teller):
    page = teller.reads()
    assert (page.tip, page.records, page.tree) == (None, (), None)


def test_git_shows_a_sentence_trailers_the_chain_and_the_dossier(teller, repository, a_commit):
    code = a_commit("code")
    first = teller.tells(teller.opened(), sentence="H-1 was opened")
    second = teller.tells(
        teller.started(),
        teller.interrupted(),
        code=(code,),
        sentence="an attempt\nPawl-Step: forged\0",
        evidence={"attempts/1/output.txt": b"hello"},
    )
    assert repository.git("log", "--first-parent", "--format=%s", REF).splitlines() == [
        "an attempt Pawl-Step: forged",
        "H-1 was opened",
    ]
    assert repository.git("log", "-1", "--format=%P", second) == f"{first} {code}"
    trailers = repository.git("log", "-1", "--format=%(trailers)", second).splitlines()
    assert trailers == [
        "Pawl-Fact: 0002-attempt-started",
        "Pawl-Fact: 0003-attempt-interrupted",
        f"Pawl-Step: {2:064x}",
        f"Pawl-Step: {3:064x}",
        "Pawl-Schema: 1",
    ]
    assert repository.git("ls-tree", "-r", "--name-only", REF).splitlines() == [
        "attempts/1/output.txt",
        "facts/0001-mission-opened.json",
        "facts/0002-attempt-started.json",
        "facts/0003-attempt-interrupted.json",
    ]
    assert json.loads(repository.git("show", f"{REF}:facts/0001-mission-opened.json"))["seq"] == 1
    repository.fsck()


def test_other_objects_of_the_step_are_in_the_same_pack(teller):
    batch = Batch(teller.store)
    blob = batch.blob(b"a checkpoint's file")
    teller.tells(teller.opened(), batch=batch)
    assert objects.read_blob(teller.store, blob) == b"a checkpoint's file"
    assert len(list(teller.store.pack_directory.glob("*.pack"))) == 1


def sealed_and_told(teller):
    """Seal one step and tell the next; return both commits, the second None if it came late."""
    batch = Batch(teller.store)
    first = teller.record(teller.started())
    sealed = teller.appends([first], evidence={"one": b"1"}, batch=batch, end="sealed")
    second = teller.record(teller.interrupted())
    told = teller.appends([second], evidence={"two": b"2"}, batch=batch, sealed=(sealed,))
    return sealed, told


def test_a_sealed_step_is_a_commit_of_its_own_that_is_recorded_with_the_next(teller, repository):
    opened = teller.tells(teller.opened())
    assert teller.reads().tip == opened
    packs = count(teller.store.pack_directory, 0)
    sealed, told = sealed_and_told(teller)
    assert count(teller.store.pack_directory, 0) == packs + 1
    assert repository.git("rev-list", "--first-parent", REF).split() == [told, sealed, opened]
    changed = repository.git("diff-tree", "--name-only", "-r", sealed, told).split()
    assert changed == ["facts/0003-attempt-interrupted.json", "two"]
    for page in (teller.reads(), teller.reads(Store.open(repository.gitdir, durability="full"))):
        assert (page.tip, [one.seq for one in page.records]) == (told, [1, 2, 3])
        assert page.verified is Trust.VERIFIED


def test_nothing_of_a_sealed_step_is_there_before_the_next_is_recorded(teller, repository):
    opened = teller.tells(teller.opened())
    batch = Batch(teller.store)
    record = teller.record(teller.started())
    sealed = teller.appends([record], evidence={}, batch=batch, end="sealed")
    assert sealed not in teller.store.repo
    assert teller.reads().tip == repository.refs()[REF] == opened
    assert teller.appends([record], evidence={}) is not None


def test_a_sealed_step_and_the_next_come_second_together(teller, make_teller, repository):
    teller.tells(teller.opened())
    other = make_teller(Store.open(repository.gitdir, durability="full"))
    other.told, other.tip = [*teller.told], teller.tip
    theirs = other.tells(other.started())
    assert sealed_and_told(teller)[1] is None
    assert repository.refs()[REF] == theirs


def test_a_writer_that_comes_second_changes_nothing(teller, make_teller, repository):
    other = make_teller(fresh(teller.store))
    teller.tells(teller.opened())
    assert other.tells(other.opened("another title")) is None
    other.told, other.tip = list(teller.told), teller.tip
    teller.tells(teller.started())
    assert other.tells(other.started(2)) is None
    assert repository.refs() == {REF: teller.tip}


def test_a_step_that_was_recorded_is_not_recorded_again(teller):
    teller.tells(teller.opened())
    teller.tells(teller.started())
    for store in (teller.store, fresh(teller.store)):
        teller.store = store
        with pytest.raises(DuplicateStepError, match="recorded before"):
            teller.appends([teller.record(teller.started(2), step=f"{2:064x}")], evidence={})
        teller.told.pop()
    assert teller.reads().tip == teller.tip
    found = ledger.steps(teller.reads())
    assert found[f"{2:064x}"] == (teller.told[1],)


def test_an_intent_and_its_outcome_may_be_of_one_step(teller):
    teller.tells(teller.opened())
    step = "9" * 64
    for fact in (teller.started(), teller.interrupted()):
        teller.tip = teller.appends([teller.record(fact, step=step)], evidence={})
    assert ledger.steps(teller.reads())[step] == tuple(teller.told[1:])


def test_records_that_do_not_follow_are_a_bug_and_write_nothing(teller, repository):
    teller.tells(teller.opened())
    other = teller.record(teller.started()).model_copy(update={"mission": "H-2"})
    ahead = teller.record(teller.started())
    for records in ([], [other], [ahead]):
        with pytest.raises(ValueError, match="H-1"):
            teller.appends(records, evidence={})
    with pytest.raises(ValueError, match="no code parent"):
        teller.appends([teller.told[0]], evidence={}, after=None, code=("a" * 40,))
    assert repository.refs() == {REF: teller.tip}


@pytest.mark.parametrize(
    "path", ["", "/x", "a//b", "../x", "a/.git/config", "facts/0009-x.json", "facts"]
)
def test_a_path_no_dossier_has_is_a_bug_and_writes_nothing(teller, path, repository):
    with pytest.raises(ValueError):  # noqa: PT011  # each path has its own message
        teller.tells(teller.opened(), evidence={path: b"x"})
    assert repository.refs() == {}


def test_evidence_cannot_turn_a_file_into_a_folder_or_back(teller):
    teller.tells(teller.opened(), evidence={"a/b": b"x"})
    for path in ("a", "a/b/c"):
        with pytest.raises(ValueError, match="of the dossier"):
            teller.appends([teller.record(teller.started())], evidence={path: b"x"})
        teller.told.pop()


def test_evidence_of_earlier_steps_stays_and_a_projection_is_replaced(teller):
    teller.tells(teller.opened(), evidence={"a/1": b"one", "progress.json": b"{}"})
    teller.tells(teller.started(), evidence={"a/2": b"two", "progress.json": b"[]"})
    page = teller.reads()
    read = {
        path: ledger.read_file(teller.store, page.tree, path)
        for path in ("a/1", "a/2", "progress.json", "no", "a/no", "a/1/x", "a")
    }
    assert read == {
        "a/1": b"one",
        "a/2": b"two",
        "progress.json": b"[]",
        "no": None,
        "a/no": None,
        "a/1/x": None,
        "a": None,
    }


def test_evidence_over_the_limit_is_kept_head_and_tail_and_whole_outside(teller):
    content = b"H" * 5000 + b"M" * 5000 + b"T" * 5000
    teller.tells(
        teller.opened(), evidence={"gates/suite/output.txt": content, "small": b"s" * 1000}
    )
    page = teller.reads()
    kept = ledger.read_file(teller.store, page.tree, "gates/suite/output.txt")
    cut = json.loads(ledger.read_file(teller.store, page.tree, "gates/suite/output.txt.cut.json"))
    assert cut["size"] == 15000
    assert kept.startswith(b"H" * 500 + b"\n[... 14000 of 15000 bytes left out, sha256 ")
    assert kept.endswith(b"...]\n" + b"T" * 500)
    assert whole(teller.keep.spill, cut["sha256"]).read_bytes() == content
    assert ledger.read_file(teller.store, page.tree, "small") == b"s" * 1000
    assert ledger.read_file(teller.store, page.tree, "small.cut.json") is None


def test_the_limit_of_the_mission_counts_earlier_steps_also_after_a_restart(teller):
    teller.tells(teller.opened(), evidence={f"{n}": bytes([65 + n]) * 900 for n in range(3)})
    teller.store = fresh(teller.store)
    teller.tells(teller.started(), evidence={"more": b"x" * 900, "0": b"a" * 100})
    teller.tells(teller.interrupted(), evidence={"last": b"y" * 900})
    tree = teller.reads().tree
    sizes = [len(ledger.read_file(teller.store, tree, path)) for path in ("1", "2", "0")]
    assert sizes == [900, 900, 100]
    cut = {
        path: json.loads(ledger.read_file(teller.store, tree, f"{path}.cut.json"))
        for path in ("more", "last")
    }
    assert cut["more"]["head"] + cut["more"]["tail"] == 300
    assert cut["last"]["size"] == 900
    assert cut["last"]["head"] + cut["last"]["tail"] == 3000 - 1800 - 100 - len(
        ledger.read_file(teller.store, tree, "more")
    )


def test_a_tip_of_another_key_or_of_nobody_is_foreign_and_its_facts_are_not_read(
    teller, tmp_path, repository
):
    teller.tells(teller.opened())
    stranger = DaemonKey.generate(tmp_path / "stranger")
    assert teller.reads(trusted=stranger.public).verified is Trust.FOREIGN
    person = repository.git("commit-tree", f"{REF}^{{tree}}", "-p", teller.tip, "-m", "I was here")
    repository.git("update-ref", REF, person)
    page = teller.reads()
    assert (page.tip, page.verified, page.records) == (person, Trust.FOREIGN, ())
    assert "not signed" in page.why


def test_without_trust_a_page_says_that_it_is_unverified(teller):
    teller.tells(teller.opened())
    page = teller.reads(trusted=None)
    assert page.verified is Trust.UNVERIFIED
    assert page.records == tuple(teller.told)


def edited(teller, change):
    """Make the daemon itself sign a dossier that was edited: what a bug or a thief could write."""
    batch = Batch(teller.store)
    root = batch.read_tree(teller.reads().tree)
    entries = batch.read_tree(root[b"facts"][1])
    change(batch, entries, root)
    if b"facts" in root and root[b"facts"][0] == 0o40000:
        root[b"facts"] = (0o40000, batch.tree(entries))
    raw = signing.signed_commit(teller.key, batch.tree(root), (teller.tip,), "edited", 1)
    commit = batch.commit(raw)
    batch.save()
    assert refs.move(teller.store, REF, to=commit, was=teller.tip)


def put(name, content):
    return lambda batch, entries, _: entries.update({name: (0o100644, batch.blob(content))})


NAME = b"0001-mission-opened.json"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _, entries, __: entries.pop(NAME), id="the first fact is gone"),
        pytest.param(put(NAME, b"{}"), id="a fact is no fact"),
        pytest.param(put(NAME, b""), id="a fact is empty"),
        pytest.param(put(NAME, b"[" * 200_000), id="a fact is nested without end"),
        pytest.param(put(NAME, b'{"payload": 1, "kind": []}'), id="a fact has wrong types"),
        pytest.param(put(b"0003-x.json", b"{}"), id="there is a file that is no fact"),
        pytest.param(put(b"\xff", b"{}"), id="a name is no text"),
        pytest.param(
            lambda _, e, __: e.update({b"0003-landed.json": e[NAME]}), id="a fact is there twice"
        ),
        pytest.param(
            lambda _, e, __: e.update({b"0002-landed.json": e.pop(b"0002-attempt-started.json")}),
            id="a name says another kind",
        ),
        pytest.param(
            lambda _, e, __: e.update({NAME: (0o100644, "1" * 40)}), id="a fact's object is missing"
        ),
        pytest.param(
            lambda b, e, __: e.update({NAME: (0o40000, b.tree({}))}), id="a fact is a folder"
        ),
        pytest.param(
            lambda b, _, root: root.update({b"facts": (0o100644, b.blob(b"x"))}),
            id="the folder of facts is a file",
        ),
        pytest.param(lambda _, __, root: root.pop(b"facts"), id="there are no facts"),
    ],
)
def test_a_torn_or_contradictory_dossier_is_a_typed_error(teller, change):
    teller.tells(teller.opened())
    teller.tells(teller.started())
    edited(teller, change)
    for trusted in (teller.key.public, None):
        with pytest.raises(BrokenDossierError, match="H-1") as caught:
            teller.reads(trusted=trusted)
        assert caught.value.why


def test_a_fact_of_another_mission_is_a_typed_error(teller, make_teller):
    other = make_teller(teller.store, "H-2")
    other.tells(other.opened())
    refs.create(teller.store, REF, other.tip)
    with pytest.raises(BrokenDossierError, match="of mission H-2"):
        teller.reads()


def test_a_ref_to_something_that_is_no_commit_is_a_typed_error(teller, repository):
    teller.tells(teller.opened())
    blob = repository.git("hash-object", "-w", "--stdin", stdin="x")
    (repository.gitdir / REF).write_text(blob + "\n")
    with pytest.raises(BrokenDossierError, match="not a commit"):
        teller.reads()
    (repository.gitdir / REF).write_text("1" * 40 + "\n")
    with pytest.raises(BrokenDossierError, match="does not have it"):
        teller.reads()


def test_a_fact_that_was_torn_is_healed_by_the_repeated_step(teller, make_teller):
    """A power loss in `process` leaves objects of 0 bytes; the same step is told again."""
    other = make_teller(fresh(teller.store), "H-1")
    first = teller.tells(teller.opened())
    refs.delete(teller.store, REF, was=first)
    for pack in teller.store.pack_directory.glob("*.pack"):
        pack.chmod(0o644)
        os.truncate(pack, 0)
    other.store = fresh(teller.store)
    other.store.heal_packs()
    assert other.tells(other.opened()) == first
    assert other.reads(fresh(teller.store)).records == tuple(other.told)
