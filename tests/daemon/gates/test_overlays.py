import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.gates.overlays import lay_over


@pytest.mark.parametrize(
    ("tree", "source", "paths", "expected"),
    [
        pytest.param(
            {"a": "1", "t/x": "1"}, {"t/x": "2"}, ["t/x"], {"a": "1", "t/x": "2"}, id="replaced"
        ),
        pytest.param({"a": "1"}, {"t/u/x": "2"}, ["t/u/x"], {"a": "1", "t/u/x": "2"}, id="added"),
        pytest.param({"a": "1", "t/x": "1"}, {"b": "2"}, ["t/x"], {"a": "1"}, id="gone"),
        pytest.param({"t/x": "1"}, {"b": "2"}, ["t/x"], {}, id="the last file gone"),
        pytest.param({"a": "1"}, {"b": "2"}, ["t/x", "c"], {"a": "1"}, id="in neither"),
        pytest.param(
            {"t/x": "1", "t/y": "1"}, {"t/x": "2", "t/y": "2"}, ["t/y"],
            {"t/x": "1", "t/y": "2"}, id="only what is named",
        ),
        pytest.param(
            {"t/x/z": "1"}, {"t/x": "2"}, ["t/x", "t/x/z"], {"t/x": "2"}, id="a folder made a file"
        ),
        pytest.param(
            {"t/x": "1"}, {"t/x/z": "2"}, ["t/x", "t/x/z"], {"t/x/z": "2"},
            id="a file made a folder",
        ),
        pytest.param({"t/\udcff": "1"}, {"t/\udcff": "2"}, ["t/\udcff"], {"t/\udcff": "2"},
                     id="a name that is not UTF-8"),
    ],
)  # fmt: skip
def test_the_named_paths_are_as_in_the_source(trees, tree, source, paths, expected):
    laid = lay_over(trees.batch, trees.write(tree), trees.write(source), paths)
    assert trees.read(laid) == expected


def test_no_path_is_no_change(trees, batch):
    tree = trees.write({"a/b": "1"})
    assert lay_over(batch, tree, trees.write({}), []) == tree


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


def without_clashes(files):
    """Drop a path that is a folder of another: no tree holds both."""
    return {
        path: text
        for path, text in files.items()
        if not any(other.startswith(f"{path}/") for other in files)
    }


FILES = st.dictionaries(NAMES, st.sampled_from("12"), max_size=6).map(without_clashes)


@given(FILES, FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_all_paths_of_both_laid_over_one_are_the_other(trees, one, other):
    laid = lay_over(trees.batch, trees.write(one), trees.write(other), [*one, *other])
    assert trees.read(laid) == other
