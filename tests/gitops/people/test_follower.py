"""The follower: cheap where nothing has changed, and the same where its memory is lost."""

import pytest

from gitops.objects import FILE_MODE, TREE_MODE, Batch
from gitops.people.begin import tree_of
from gitops.people.follower import Follower
from gitops.people.permissions import permissions
from policy.people.found import Broken, Illegible, Verified
from tests.gitops.people.conftest import NOW


def test_a_tip_seen_before_is_not_walked_again(town, tmp_path):
    follower = Follower(town.store, town.faith, tmp_path / "people.json")
    first = follower.at(town.tip, now=NOW)
    assert follower.at(town.tip, now=NOW) is first
    town.permit(town.waiver(), by="bob")
    assert len(follower.at(town.tip, now=NOW).brought) == 1


def test_another_process_goes_on_where_the_last_one_ended(town, tmp_path, monkeypatch):
    town.permit(town.waiver(), by="bob")
    before = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr("gitops.people.openssh.verify", None)
        again = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert again == before
    (tmp_path / "people.json").write_text("{}")
    lost = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert lost == before


def test_where_it_cannot_be_written_the_answer_is_the_same(town, tmp_path):
    follower = Follower(town.store, town.faith, tmp_path / "nowhere" / "people.json")
    assert isinstance(follower.at(town.tip, now=NOW).verdict, Verified)


def test_a_line_put_back_after_a_break_is_believed_again(town, tmp_path):
    follower = Follower(town.store, town.faith, tmp_path / "people.json")
    good = town.tip
    town.commit({".pawl/policy.yaml": "schema: 1\nroles: {}\n"})
    assert isinstance(follower.at(town.tip, now=NOW).verdict, Broken)
    assert isinstance(follower.at(good, now=NOW).verdict, Verified)


def test_a_line_that_leads_nowhere_leaves_nothing_to_remember(town, tmp_path):
    known, town.introduction = town.introduction, "0" * 40
    lost = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert isinstance(lost.verdict, Broken)
    assert (lost.root, lost.brought, lost.used) == (None, {}, frozenset())
    assert not (tmp_path / "people.json").exists()
    town.introduction = known
    assert Follower(town.store, town.faith, tmp_path / "p").at(town.tip, now=NOW).root == known


@pytest.mark.parametrize("name", [b"\xff.yaml", b"a\nb.yaml", b"..yaml", b"\\xff.yaml"])
def test_a_file_with_any_name_and_size_is_told_of_and_stops_nothing(town, tmp_path, name):
    batch = Batch(town.store)
    top = batch.read_tree(tree_of(town.store, town.tip))
    big = {name: (FILE_MODE, batch.blob(b"#" * 10_000_000))}
    tree = batch.tree({**top, b"waivers": (TREE_MODE, batch.tree(big))})
    batch.save()
    town.tip = town.commit_tree(tree, [town.tip])
    chain = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert isinstance(chain.verdict, Verified)
    (found,) = permissions(town.store, chain, town.faith)
    assert isinstance(found, Illegible)
    assert "10000000 bytes" in str(found)
    again = Follower(town.store, town.faith, tmp_path / "people.json").at(town.tip, now=NOW)
    assert again == chain
