"""What is seen of a repository, and how far one has to look for it."""

import pytest

from gitops.observe import follows


@pytest.fixture
def told(repository):
    """Two commits of a ledger, the second with code beside it, whose past is not there."""
    root = repository.commit("the first commit of all")
    code = repository.commit("code", repository.commit("base", root))
    first = repository.commit("opened")
    tree = repository.git("mktree")
    second = repository.git("commit-tree", tree, "-p", first, "-p", code, "-m", "attempt ended")
    (repository.gitdir / "objects" / root[:2] / root[2:]).unlink()
    return first, second, code


def test_a_ledger_is_followed_without_a_look_at_the_history_of_its_code(store, told):
    first, second, _ = told
    assert follows(store, second, first)
    assert follows(store, second, second)
    assert not follows(store, first, second)


def test_code_beside_a_ledger_is_no_past_of_it(store, told):
    _, second, code = told
    assert not follows(store, second, code)
