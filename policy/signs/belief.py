"""Whose word about itself may be taken, and how far (docs/decisions/0040).

A candidate's tests and a builder print what they like. A class of the item's own is taken from
anybody: it excuses nothing. A class of another origin excuses the item, so for a gate the base has
to show the same, which the candidate has no hand in; for a builder, of which there is no second
run, the class's route has to end with a person, so that it cannot be had for ever.
"""

from collections.abc import Mapping

from policy.rules.failures import FailureClass
from policy.rules.routes import Route
from policy.signs.signature import Sign

Routes = Mapping[FailureClass, Route]
_MISSING = {FailureClass.TOOL_MISSING, FailureClass.DEPENDENCY_ERROR}
_TOOLS = frozenset(
    {
        "bun", "cargo", "cc", "clang", "cmake", "coverage", "deno", "docker", "eslint", "g++",
        "gcc", "git", "go", "gradle", "java", "javac", "jest", "make", "meson", "mvn", "mypy",
        "ninja", "node", "npm", "npx", "pip", "pnpm", "poetry", "prettier", "pyright", "pytest",
        "python", "python3", "ruby", "ruff", "rustc", "tox", "tsc", "uv", "vitest", "yarn",
    }
)  # fmt: skip
"""Names that no item means when it makes something: not there, they are the environment's fault."""


def not_the_items(sign: Sign, routes: Routes) -> bool:
    return routes[sign.failure].origin != "item"


def word_of_a_builder(sign: Sign, routes: Routes) -> bool:
    """Return whether a builder's word decides the class of its own failure."""
    return not not_the_items(sign, routes) or routes[sign.failure].ends_with_a_person


def shown_by_base(sign: Sign, base: Sign | None, *, red_before: bool) -> bool:
    """Return whether the base fails as the candidate does, so that the change is not the reason.

    *red_before*: the command may fail on the base because what the item is to make is not there
    yet. Then a missing module or program proves something only if it is a well-known tool.
    """
    if base is None or base.failure != sign.failure:
        return False
    if red_before and sign.failure in _MISSING:
        return sign.name == base.name and sign.name in _TOOLS
    return True
