import pytest

from policy.backlog.item import BacklogItem, ItemBudget
from policy.backlog.verification import Verification
from policy.gates.definition import definitions, required
from policy.gates.limits import within
from policy.rules.asking import When
from policy.rules.gates import GateCommand
from policy.rules.load import shipped_policy

STATIC = ("scope", "protected", "limits", "secrets", "tree")
TEST = Verification(run=("t",))


def item(**more):
    return BacklogItem(
        **{
            "id": "H-1", "title": "t", "priority": "P0", "contract": "c", "acceptance": ("a",),
            "write_scope": ("src/**",), "tests": (TEST,), **more,
        }
    )  # fmt: skip


def policy(*gates, **more):
    return shipped_policy().policy.model_copy(update={"gates": gates, **more})


def gate(name="suite", **more):
    return GateCommand(name=name, run=("t",), timeout_s=1, **more)


@pytest.mark.parametrize(
    ("wish", "rules", "gates"),
    [
        pytest.param(item(), policy(), ("red_first", "tests"), id="by default"),
        pytest.param(item(kind="content"), policy(), ("tests",), id="a kind without red first"),
        pytest.param(
            item(expect_base="pass", expect_base_reason="refactoring"), policy(), ("tests",),
            id="tests that hold before",
        ),
        pytest.param(
            item(done_when=(TEST,)), policy(), ("red_first", "tests", "done"), id="a done signal"
        ),
        pytest.param(
            item(), policy(gate("lint"), gate("suite")), ("red_first", "tests", "lint", "suite"),
            id="commands after the item's own tests, in policy's order",
        ),
        pytest.param(
            item(risk="low"),
            policy(gate("no", when=When(risk=("high",))), gate("suite", when=When(risk=("low",)))),
            ("red_first", "tests", "suite"), id="only commands for its risk",
        ),
        pytest.param(
            item(kind="hygiene"), policy(gate("slow", when=When(kind=("build",)))), ("tests",),
            id="only commands for its kind",
        ),
    ],
)  # fmt: skip
def test_what_an_item_needs(wish, rules, gates) -> None:
    assert required(wish, rules) == (*STATIC, *gates)
    assert tuple(definitions(wish, rules)) == (*STATIC, *gates)


@pytest.mark.parametrize(
    ("wish", "rules", "changed"),
    [
        pytest.param(item(title="another"), policy(gate()), set(), id="its title"),
        pytest.param(item(write_scope=("**",)), policy(gate()), {"scope"}, id="its scope"),
        pytest.param(
            item(tests=(Verification(run=("u",)),)), policy(gate()), {"tests", "red_first"},
            id="its tests",
        ),
        pytest.param(
            item(budget=ItemBudget(changed_files=1)), policy(gate()), {"limits"}, id="its budget"
        ),
        pytest.param(item(), policy(gate(), protected=("x",)), {"protected"}, id="the protection"),
        pytest.param(item(), policy(gate(waivable=True)), {"suite"}, id="a gate of the policy"),
        pytest.param(
            item(), policy(gate(), test_paths=("x",)), {"red_first", "suite"}, id="where tests are"
        ),
    ],
)  # fmt: skip
def test_a_definition_changes_with_what_decides_the_gate(wish, rules, changed) -> None:
    before, after = definitions(item(), policy(gate())), definitions(wish, rules)
    assert {name for name in before if before[name] != after[name]} == changed


def test_an_item_lowers_the_budget_and_never_raises_it() -> None:
    budget = policy().budgets.mission
    lower = within(budget, ItemBudget(changed_lines=1, changed_files=10_000))
    assert (lower.changed_lines, lower.changed_files) == (1, budget.changed_files)
