"""From the bytes of `.pawl/policy.yaml` to the effective policy and its digest.

A repository's file says `schema: 1`, `extends: default-1` (or `strict-1`) and what it wants
otherwise: maps merge, lists replace. A file that cannot be read whole is no policy at all:
landings freeze (F84); the last valid one is not kept.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from policy.canonical import digest
from policy.ids import PolicyDigest
from policy.problems import Problem, Unreadable, problems_of, quoted
from policy.rules.model import Policy
from policy.strictyaml import Document, Plain, load

EVALUATOR = 3
"""Counted up when the same policy file is to mean something else; part of every digest."""

SHIPPED = {"default-1": "default.yaml", "strict-1": "strict.yaml"}
"""Their files, by name; the second is written as overrides of the first."""
_KEYS = {field.alias or name for name, field in Policy.model_fields.items()} | {"extends"}


@dataclass(frozen=True)
class Effective:
    """A policy that holds, and the digest that names it."""

    policy: Policy
    digest: PolicyDigest


def load_policy(content: bytes) -> Effective | Unreadable:
    """Return the effective policy of a repository's file, or every problem of it."""
    document = load(content)
    if isinstance(document, Unreadable):
        return document
    parts = _split(document)
    if isinstance(parts, Unreadable):
        return parts
    base, own = parts
    try:
        policy = Policy.model_validate_json(json.dumps(_merged(_shipped(base), own)))
    except ValidationError as error:
        return Unreadable(problems_of(error, document.lines))
    return Effective(policy, digest_of(policy))


def extended_by(content: bytes) -> str | None:
    """Return the shipped policy that a repository's file extends, None where none can be told."""
    document = load(content)
    parts = document if isinstance(document, Unreadable) else _split(document)
    return None if isinstance(parts, Unreadable) else parts[0]


def shipped_names() -> tuple[str, ...]:
    """Return what may stand at `extends`."""
    return tuple(sorted(SHIPPED))


def digest_of(policy: Policy) -> PolicyDigest:
    return PolicyDigest(digest([EVALUATOR, policy.model_dump(mode="json", by_alias=True)]))


def shipped_policy(name: str = "default-1") -> Effective:
    """Return a shipped policy as it stands, without any repository's overrides."""
    policy = Policy.model_validate_json(json.dumps(_shipped(name)))
    return Effective(policy, digest_of(policy))


def _split(document: Document) -> tuple[str, dict[str, Plain]] | Unreadable:
    """Return which shipped policy is extended, and the overrides."""
    if not isinstance(document.value, dict):
        said = f"not a mapping of keys and values, but {quoted(document.value)}"
        return _problem(1, f"{said}; a policy begins with `schema: 1`")
    own = dict(document.value)
    if own and not own.keys() & _KEYS:
        said = f"not a mapping of keys that a policy has, but of {quoted(next(iter(own)))}"
        return _problem(1, f"{said}; a policy begins with `schema: 1`")
    if "schema" not in own:
        return _problem(1, "schema: is missing; write `schema: 1`")
    base = own.pop("extends", None)
    if not isinstance(base, str) or base not in SHIPPED:
        line = document.lines.get(("extends",), 1)
        known = ", ".join(sorted(SHIPPED))
        return _problem(line, f"extends: must be one of {known}, is {quoted(base)}")
    return base, own


def _problem(line: int, text: str) -> Unreadable:
    return Unreadable((Problem(line, 0, text),))


@cache
def _shipped(name: str) -> dict[str, Plain]:
    content = files("policy.rules").joinpath(SHIPPED[name]).read_bytes()
    match load(content):
        case Document(value=dict() as value):
            own = dict(value)
            base = own.pop("extends", None)
            return _merged(_shipped(base), own) if isinstance(base, str) else own
        case broken:
            raise RuntimeError(f"the shipped policy {name} is broken: {broken}")


def _merged(base: dict[str, Plain], own: dict[str, Plain]) -> dict[str, Plain]:
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type] # both maps
    return merged
