"""The command `schema`: every key of a file that people write, as JSON Schema.

What a field means stands in the model's source, below the field; it is read from there, because
keeping it at run time would cost every start of every command.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any, Literal

from daemon.cli import output
from daemon.cli.exits import Exit
from policy import host
from policy.backlog import conditions, item, verification
from policy.backlog.spec import schema as item_schema
from policy.notifying import destinations, rules
from policy.people import permission, roles
from policy.people.reading import permission_schema
from policy.rules import (
    asking,
    budgets,
    environments,
    escalation,
    gates,
    hours,
    model,
    progress,
    routes,
    sandbox,
)
from policy.rules.schema import policy_schema
from policy.signs import signature
from policy.value import Value

Kind = Literal["item", "policy", "host", "permission"]
_MODULES = (
    conditions, item, verification, asking, budgets, environments, escalation, gates, hours,
    progress, routes, sandbox, signature, rules, destinations, model, host, roles,
)  # fmt: skip
_NAMES: dict[Kind, str] = {
    "item": "BacklogItem",
    "policy": "Policy",
    "host": "Host",
    "permission": "Permission",
}


def schema(kind: Kind) -> Exit:
    """Print the schema of one kind of file."""
    meanings = dict(_meanings((permission,) if kind == "permission" else _MODULES))
    match kind:
        case "item":
            made = item_schema()
        case "policy":
            made = policy_schema()
        case "host":
            made = {**host.Host.model_json_schema(by_alias=True), "title": "A host file of pawl"}
        case "permission":
            made = permission_schema()
    _describe(made, meanings, _NAMES[kind])
    output.dump(_for_people(made))
    return Exit.OK


_SOURCE = re.compile(r"\s\([A-Z]+ [0-9.]+\)(?=[.,;]|$)")
"""Where a rule was decided, as docstrings name it: no page an operator has."""


def _for_people(made: dict[str, Any]) -> dict[str, Any]:
    """Return *made* without the sources of its rules."""
    return {key: _said(key, value) for key, value in made.items()}


def _said(key: str, value: object) -> object:
    if isinstance(value, dict):
        return _for_people(value)
    return _SOURCE.sub("", value) if key == "description" and isinstance(value, str) else value


def _meanings(modules: Iterable[ModuleType]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each model's name, and what each of its fields means."""
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Value):
                yield name, _fields_of(value)


def _fields_of(value: type[Value]) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(value.__mro__):
        if issubclass(base, Value) and base is not Value:
            found |= _own_fields_of(base)
    fields = value.model_fields
    return {(fields[name].alias if name in fields else None) or name: found[name] for name in found}


def _own_fields_of(value: type[Value]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _describe(made: dict[str, Any], meanings: dict[str, dict[str, str]], name: str) -> None:
    for field, shape in made.get("properties", {}).items():
        meaning = meanings.get(name, {}).get(field)
        if meaning:
            shape.setdefault("description", meaning)
        if "properties" in shape:
            _describe(shape, meanings, shape.get("title", ""))
    for inner, shape in made.get("$defs", {}).items():
        _describe(shape, meanings, inner)
