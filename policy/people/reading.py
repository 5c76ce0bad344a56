"""Permission files read and written. Whatever the bytes are, reading answers with a value.

One parser reads what was signed, and it is the strict one of every other file: two readers that
disagree about a duplicate key would be two permissions (A57).
"""

import json
from typing import Any

from pydantic import TypeAdapter

from policy.people.permission import FORMS, Permission
from policy.problems import Problem, Unreadable, quoted
from policy.strictyaml import Document, load
from policy.typed import checked

MOST_BYTES = 64 * 1024
"""A reason of 2000 characters may have 8000 bytes, and a standing waiver names many tests."""
FOLDER = "waivers"
_ORDER = (
    "schema", "kind", "id", "repo", "ref", "mission", "attempt", "spec", "policy", "gates", "tests",
    "subject", "request", "grant", "revokes", "rewrite", "reason", "expires", "max_uses",
)  # fmt: skip


def path_of(permission_id: str) -> str:
    return f"{FOLDER}/{permission_id}.yaml"


def read_permission(content: bytes, stem: str) -> Permission | Unreadable:
    """Return the permission that *content* is; *stem* is the file's name without `.yaml`."""
    document = load(content, max_bytes=MOST_BYTES)
    if isinstance(document, Unreadable):
        return document
    form = _form(document)
    if isinstance(form, Unreadable):
        return form
    permission = checked(document, form)
    if isinstance(permission, Unreadable) or permission.id == stem:
        return permission
    text = f"id: is {permission.id}, but the file is called {quoted(stem)}; both must be the same"
    return Unreadable((Problem(document.lines.get(("id",), 1), 0, text),))


def _form(document: Document) -> type[Permission] | Unreadable:
    if not isinstance(document.value, dict):
        return Unreadable((Problem(1, 0, "a permission is a map of keys and values"),))
    kind = document.value.get("kind")
    if isinstance(kind, str) and kind in FORMS:
        return FORMS[kind]
    said = f"is {quoted(kind)}" if "kind" in document.value else "is missing"
    text = f"kind: must be one of {', '.join(FORMS)}; {said}"
    return Unreadable((Problem(document.lines.get(("kind",), 1), 0, text),))


def write_permission(permission: Permission) -> str:
    """Return the file of *permission*, a key a line; `read_permission` reads it back equal."""
    plain = permission.model_dump(mode="json", by_alias=True, exclude_none=True)
    # ensure_ascii would write a pair of half characters, which YAML reads as two
    rows = ((key, json.dumps(plain[key], ensure_ascii=False)) for key in _ORDER if key in plain)
    return "".join(f"{key}: {value}\n" for key, value in rows)


def permission_schema() -> dict[str, Any]:
    """Return the JSON Schema of a permission file: one of the forms, told by `kind`."""
    made = TypeAdapter[Permission](Permission).json_schema(by_alias=True)
    return {**made, "title": "A permission of pawl"}
