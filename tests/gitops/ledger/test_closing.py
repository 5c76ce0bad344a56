import pytest

from gitops import ledger, refs
from gitops.ledger import ClosedOtherwiseError, LedgerRootMissingError
from gitops.ledger.dossier import shard
from gitops.ledger.reading import Trust
from gitops.objects import Batch
from gitops.packs import count
from gitops.repository import Store

LEDGER = "refs/heads/pawl/ledger"
AT = 1_700_000_000


@pytest.fixture
def root(store, key):
    return ledger.create_ledger_root(store, key, at=AT)


@pytest.fixture
def told(store, make_teller, root):
    """Tell a whole mission, in a repository with a ledger; return its teller."""
    assert root

    def tell(mission="H-1"):
        teller = make_teller(store, mission)
        teller.tells(teller.opened(), evidence={"summary.json": mission.encode()})
        teller.tells(teller.started())
        return teller

    return tell


def close(teller, **more):
    return ledger.close(
        teller.store, teller.key, teller.mission, teller.tip, sentence="closed", at=AT, **more
    )


def test_the_ledger_begins_with_an_empty_commit_once(store, key, root, repository):
    assert ledger.create_ledger_root(store, key, at=AT + 1) == root
    assert repository.refs() == {LEDGER: root}
    assert repository.git("ls-tree", LEDGER) == ""


def prepared(teller):
    """Tell one more step, with the merge of it in its pack; return the merge."""
    batch, made = Batch(teller.store), []

    def beside(tip):
        made.append(
            ledger.prepare(
                teller.store, batch, teller.key, teller.mission, tip,
                sentence="closed", at=AT, trusted=teller.key.public,
            )
        )  # fmt: skip

    record = teller.record(teller.interrupted())
    teller.tip = teller.appends([record], evidence={}, batch=batch, beside=beside)
    return made[0]


def test_a_merge_that_was_saved_with_the_last_step_closes_the_mission(told, root, repository):
    teller = told()
    packs = count(teller.store.pack_directory, 0)
    ready = prepared(teller)
    assert repository.refs()[LEDGER] == root
    assert close(teller, ready=ready) == ready.commit
    assert count(teller.store.pack_directory, 0) == packs + 1
    assert repository.refs() == {LEDGER: ready.commit}
    assert repository.git("log", "-1", "--format=%P", LEDGER) == f"{root} {teller.tip}"
    repository.git("fsck", "--strict")


def test_a_merge_is_made_anew_where_the_ledger_has_moved_since(told, repository):
    teller = told()
    ready = prepared(teller)
    first = close(told("H-2"))
    closing = close(teller, ready=ready)
    assert closing != ready.commit
    assert repository.git("log", "-1", "--format=%P", LEDGER) == f"{first} {teller.tip}"


def test_no_merge_is_prepared_where_closing_has_something_to_say(told, repository, root):
    teller = told()
    repository.git("update-ref", "-d", LEDGER, root)
    assert prepared(teller) is None
    with pytest.raises(LedgerRootMissingError):
        close(teller)


def test_closing_adds_one_line_to_the_ledger_and_deletes_the_ref(told, root, repository, store):
    teller = told()
    closing = close(teller)
    assert repository.refs() == {LEDGER: closing}
    assert repository.git("log", "-1", "--format=%P", closing) == f"{root} {teller.tip}"
    assert repository.git("log", "--first-parent", "--format=%s", LEDGER).splitlines() == [
        "closed",
        "The ledger begins",
    ]
    tree = repository.git("rev-parse", f"{LEDGER}:{shard('H-1')}")
    assert tree == repository.git("rev-parse", f"{teller.tip}^{{tree}}")
    assert refs.list_missions(store).open == {}
    repository.fsck()


def test_closing_again_after_a_kill_changes_nothing(told, repository, store):
    teller = told()
    closing = close(teller)
    assert close(teller) == closing
    # killed between the move of the ledger and the deletion
    refs.create(store, refs.mission_ref("H-1"), teller.tip)
    assert close(teller) == closing
    assert repository.refs() == {LEDGER: closing}


def test_an_older_tip_of_a_closed_mission_is_dropped(told, repository, store):
    teller = told()
    older = teller.tip
    teller.tells(teller.interrupted())
    closing = close(teller)
    refs.create(store, refs.mission_ref("H-1"), older)
    teller.tip = older
    assert close(teller) == closing
    assert repository.refs() == {LEDGER: closing}


def test_a_different_dossier_under_a_closed_id_is_refused_and_kept(told, repository):
    close(told())
    again = told()
    again.tells(again.interrupted())
    with pytest.raises(ClosedOtherwiseError, match="H-1"):
        close(again)
    assert repository.refs()["refs/pawl/missions/H-1"] == again.tip


def test_a_mission_that_moved_on_keeps_its_ref(told, repository):
    teller = told()
    was = teller.tip
    teller.tells(teller.interrupted())
    moved, teller.tip = teller.tip, was
    close(teller)
    assert repository.refs()["refs/pawl/missions/H-1"] == moved


def test_a_ledger_that_moved_meanwhile_is_tried_again(told, store, monkeypatch):
    teller, other = told("H-1"), told("H-2")
    real = refs.move

    def slow(*arguments, **more):
        monkeypatch.setattr(refs, "move", real)
        other.store = Store.open(store.gitdir, durability="process")
        close(other)
        return real(*arguments, **more)

    monkeypatch.setattr(refs, "move", slow)
    assert close(teller) is None
    assert refs.read(store, refs.mission_ref("H-1")) == teller.tip
    assert close(teller)
    assert set(ledger.closed_missions(store)) == {"H-1", "H-2"}


def test_the_work_branch_goes_if_it_is_where_it_should_be(told, repository, store, a_commit):
    code, other = a_commit("code"), a_commit("a person's")
    for mission, at in (("H-1", code), ("H-2", other)):
        refs.create(store, refs.work_ref(mission), at)
        close(told(mission), work=code)
    assert set(repository.refs()) == {LEDGER, "refs/heads/pawl/work/H-2"}


def test_without_a_ledger_branch_nothing_is_closed(teller, repository):
    teller.tells(teller.opened())
    with pytest.raises(LedgerRootMissingError, match="pawl init"):
        close(teller)
    assert "refs/pawl/missions/H-1" in repository.refs()


def test_the_last_closed_mission_of_an_item_is_found(told, root, store):
    assert ledger.closed_of(store, "H-1") is None
    for mission in ("H-1", "H-1@2", "H-12", "H-1@3"):
        close(told(mission))
    assert ledger.closed_of(store, "H-1") == "H-1@3"
    assert ledger.closed_of(store, "H-12") == "H-12"
    assert ledger.closed_of(store, "H-2") is None
    assert ledger.closed_of(store, "H-1", ledger=root) is None
    close(told("H-9@4"))
    assert ledger.closed_of(store, "H-9") is None
    assert ledger.closed_of(store, "H-9", at_least=5) == "H-9@4"
    assert set(ledger.closed_missions(store)) == {"H-1", "H-1@2", "H-12", "H-1@3", "H-9@4"}


def test_a_closed_mission_is_read_as_it_was(told, store, key):
    teller = told()
    close(teller)
    page = ledger.read_closed(store, "H-1", trusted=key.public)
    assert page.records == tuple(teller.told)
    assert page.verified is Trust.VERIFIED
    assert ledger.is_closed(store, "H-1")
    assert not ledger.is_closed(store, "H-2")
    assert ledger.read_closed(store, "H-2", trusted=key.public) is None
    assert ledger.read_closed(store, "H-1", trusted=None).verified is Trust.UNVERIFIED
    assert ledger.read_closed_file(store, "H-1", "summary.json") == b"H-1"
    assert ledger.read_closed_file(store, "H-1", "none") is None
    assert ledger.read_closed_file(store, "H-2", "summary.json") is None


def test_a_ledger_somebody_else_committed_on_is_foreign(told, store, key, repository):
    close(told())
    tip = repository.git("commit-tree", f"{LEDGER}^{{tree}}", "-p", LEDGER, "-m", "mine")
    repository.git("update-ref", LEDGER, tip)
    page = ledger.read_closed(store, "H-1", trusted=key.public)
    assert (page.verified, page.records) == (Trust.FOREIGN, ())


def test_before_the_ledger_begins_there_is_nothing_closed(store, key):
    assert list(ledger.closed_missions(store)) == []
    assert ledger.count_closed(store) == 0
    assert ledger.closed_of(store, "H-1") is None
    assert ledger.read_closed(store, "H-1", trusted=key.public) is None


@pytest.mark.parametrize("name", ["", "/", "../../etc/passwd", "H-1/facts", "."])
def test_what_is_no_id_was_never_closed(told, store, name):
    close(told("H-1"))
    assert ledger.closed_of(store, name) is None


def test_the_order_of_closing_is_told_newest_first(told, store):
    names = ["H-2", "A-1", "H-1", "Z-9", "H-2@2"]
    for name in names:
        close(told(name))
    assert list(ledger.order_of_closing(store)) == names[::-1]
    assert sorted(ledger.closed_missions(store)) == sorted(names)
    assert ledger.count_closed(store) == len(names)
