"""Items beside each other: clashes, unknown names, circles, and stages nobody plays."""

import pytest

from policy.backlog.crew import Crew, built_in
from policy.backlog.graph import assemble, circles, needs
from policy.backlog.parse import BadItem
from policy.problems import Problem


@pytest.fixture
def assembled(filed, crew):
    def make(*rows, bad=(), with_crew=crew):
        items = [filed(name, **changes) for name, changes in rows]
        backlog = assemble(items, bad, with_crew)
        return set(backlog.items), {one.item: str(one) for one in backlog.bad}

    return make


def test_items_that_name_each_other_are_a_backlog(assembled):
    good, bad = assembled(
        ("A", {"unblocks": ["B"]}), ("B", {"blocked_by": ["A"]}), ("C", {"blocked_by": ["A", "B"]})
    )
    assert (good, bad) == ({"A", "B", "C"}, {})


def test_ids_are_unique_whatever_their_case_and_folder(filed, crew):
    one, other, rest = filed("h-1"), filed("H-1"), filed("H-2")
    backlog = assemble([one, other, rest], [], crew)
    assert [*backlog.items] == ["H-2"]
    assert [str(bad) for bad in backlog.bad] == [
        "backlog/H-1.yaml:1: id: H-1 is also (case aside) the id of backlog/h-1.yaml",
        "backlog/h-1.yaml:1: id: h-1 is also (case aside) the id of backlog/H-1.yaml",
    ]


def test_an_item_that_a_bad_file_may_be_too_is_bad(assembled):
    broken = BadItem("backlog/old/A.yaml", (Problem(3, 1, "is not YAML"),))
    good, bad = assembled(("A", {}), ("B", {}), bad=[broken])
    assert good == {"B"}
    assert bad["A"]


@pytest.mark.parametrize(
    "changes",
    [
        {"blocked_by": ["X"]},
        {"unblocks": ["X"]},
        {"ready_when": [{"item_done": "X"}]},
        {"not_ready_when": [{"item_done": "X"}]},
    ],
)
def test_an_item_there_is_not_cannot_be_waited_for(assembled, changes):
    good, bad = assembled(("A", changes), ("B", {}))
    assert good == {"B"}
    assert bad["A"].endswith(f"{next(iter(changes))}: there is no item X")


def test_an_item_that_waits_for_a_bad_one_is_no_worse_for_it(assembled):
    broken = BadItem("backlog/X.yaml", (Problem(1, 1, "is not YAML"),))
    good, _ = assembled(("A", {"blocked_by": ["X"]}), bad=[broken])
    assert good == {"A"}


@pytest.mark.parametrize(
    ("rows", "circle"),
    [
        ([("A", {"blocked_by": ["A"]})], "A waits for A"),
        ([("A", {"blocked_by": ["B"]}), ("B", {"blocked_by": ["A"]})], "A waits for B waits for A"),
        ([("A", {"unblocks": ["B"]}), ("B", {"unblocks": ["A"]})], "A waits for B waits for A"),
        ([("A", {"blocked_by": ["B"]}), ("B", {"ready_when": [{"item_done": "A"}]})],
         "A waits for B waits for A"),
    ],
)  # fmt: skip
def test_who_waits_in_a_circle_is_told_the_circle(assembled, rows, circle):
    good, bad = assembled(*rows, ("C", {"blocked_by": ["A"]}))
    assert good == {"C"}, "what only waits for the circle is not to blame"
    assert set(bad) == {name for name, _ in rows}
    assert all(circle in text for text in bad.values())


def test_a_long_chain_is_no_circle_and_a_long_circle_is_found():
    chain = {f"{n}": (f"{n + 1}",) for n in range(20_000)} | {"20000": ()}
    assert circles(chain) == {}
    assert len(circles(chain | {"20000": ("0",)})) == 20_001


def test_two_circles_are_both_found():
    waits = {"a": ("b",), "b": ("a",), "c": ("a", "d"), "d": ("e",), "e": ("d",), "f": ("c",)}
    found = circles(waits)
    assert found["a"] == ("a", "b", "a")
    assert found["e"] == ("d", "e", "d")
    assert not {"c", "f"} & set(found)


def test_needs_reads_both_ends(filed):
    rows = [filed("A", unblocks=["C"]), filed("B"), filed("C", blocked_by=["B", "A"])]
    waits = needs({row.item.id: row.item for row in rows})
    assert waits == {"C": ("A", "B")}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"risk": "high"}, "risk: high needs design, build (policy: pipeline.high), and no"),
        ({"risk": "medium"}, "plays plan"),
        ({"command": ..., "builder": "codex"}, "builder: codex is no adapter that builds; there"),
        ({"command": ...}, "builder: nobody builds it: add `command: [...]`"),
    ],
)
def test_an_item_nobody_can_run_is_invalid_with_that_text(assembled, changes, sentence):
    good, bad = assembled(("A", changes), ("B", {}))
    assert good == {"B"}
    assert sentence in bad["A"]


def test_an_umbrella_needs_nobody_who_could_run_it(assembled):
    good, _ = assembled(("A", {"command": ..., "slice": "umbrella", "risk": "high"}))
    assert good == {"A"}


def test_adapters_play_stages(assembled):
    plays = {
        "codex": frozenset({"build", "plan"}),
        "judge": frozenset({"design"}),
    }
    crew = Crew(plays=plays, pipeline={"low": ("build",), "medium": ("plan", "build")})
    good, bad = assembled(
        ("A", {"risk": "medium", "command": ..., "builder": "codex"}),
        ("B", {"command": ...}),
        ("C", {"command": ..., "builder": "judge"}),
        ("D", {}),
        ("E", {"command": ..., "risk": "high"}),
        with_crew=crew,
    )
    assert good == {"A", "B"}
    assert "judge is no adapter that builds; there are: codex" in bad["C"]
    assert "the built-in builder `command` is not available" in bad["D"]
    assert "no stages for high" in bad["E"]


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        (("codex", "aider"), None),
        (("codex", None), "a level of the policy's `escalation` names nobody"),
        (("codex", "gpt"), "a level of the policy's `escalation` names gpt, and there are: aider"),
        (("codex", "command"), "names command"),
        ((None, None), "(aider, codex) as `builder`, here or in the policy's `escalation`"),
    ],
)
def test_an_item_that_names_nobody_is_left_to_the_chain(assembled, chain, says):
    builds = frozenset({"build"})
    plays = {"codex": builds, "aider": builds, "command": builds}
    crew = Crew(plays=plays, pipeline={"low": ("build",)}, chain=chain)
    good, bad = assembled(("A", {"command": ...}), ("B", {}), with_crew=crew)
    assert "B" in good
    assert says in bad["A"] if says else "A" in good


def test_an_item_that_is_over_needs_nobody(assembled):
    crew = built_in({"low": ("build",)})
    good, bad = assembled(
        ("A", {"status": "done", "risk": "high"}), ("B", {"status": "cancelled"}), with_crew=crew
    )
    assert (good, bad) == ({"A", "B"}, {})
