"""A backlog brought up to date is the one that is assembled anew, or is not brought up to date."""

from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.graph import assemble, changed

NAMES = ["A", "B", "C", "a"]
ROWS = st.dictionaries(
    st.sampled_from(NAMES),
    st.fixed_dictionaries(
        {},
        optional={
            "blocked_by": st.lists(st.sampled_from(NAMES), max_size=1),
            "unblocks": st.lists(st.sampled_from(NAMES), max_size=1),
            "ready_when": st.lists(st.sampled_from([{"item_done": "A"}]), max_size=1),
            "status": st.sampled_from(["todo", "done"]),
            "risk": st.sampled_from(["low", "medium"]),
        },
    ),
)


@given(ROWS, ROWS)
def test_it_is_what_is_assembled_or_nothing(filed, crew, before, after):
    old = {name: filed(name, **row) for name, row in before.items()}
    new = {
        name: old[name] if before.get(name) == row else filed(name, **row)
        for name, row in after.items()
    }
    quick = changed(
        assemble(old.values(), (), crew),
        crew,
        replaced=[(old[n], new[n]) for n in old.keys() & new.keys() if old[n] is not new[n]],
        added=[new[n] for n in new.keys() - old.keys()],
        removed=[old[n] for n in old.keys() - new.keys()],
    )
    assert quick is None or quick == assemble(new.values(), (), crew)


def test_a_plain_item_come_or_gone_is_not_looked_at_beside_all_others(filed, crew):
    one, two, three = (filed(name) for name in "ABC")
    waits = filed("D", blocked_by=["A"])
    both = assemble((one, two), (), crew)
    more = changed(both, crew, replaced=(), added=(three, waits), removed=())
    assert more == assemble((one, two, three, waits), (), crew)
    less = changed(more, crew, replaced=(), added=(), removed=(two,))
    assert set(less.items) == {"A", "C", "D"}
    assert changed(less, crew, replaced=(), added=(), removed=(one,)) is None
    assert changed(less, crew, replaced=(), added=(filed("c"),), removed=()) is None
