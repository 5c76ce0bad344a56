"""The JSON Schema of a repository's policy file: overrides of a shipped policy, with its defaults.

Made from the model that parses and is consumed. In the file every key may be left out but `schema`
and `extends`, because maps merge; what an entry of a list must have stays required.
"""

from typing import Any

from policy.rules.load import SHIPPED, shipped_policy
from policy.rules.model import Policy


def policy_schema(shipped: str = "default-1") -> dict[str, Any]:
    """Return the schema of a policy file, with the defaults of *shipped*."""
    schema = Policy.model_json_schema(by_alias=True)
    defaults = shipped_policy(shipped).policy.model_dump(mode="json", by_alias=True)
    _fill(schema, defaults, schema["$defs"])
    said = f"The shipped policy these overrides are of; the defaults here are those of {shipped}."
    extends = {"enum": [*SHIPPED], "description": said}
    schema["properties"] = {"schema": {"const": 1}, "extends": extends, **{
        key: value for key, value in schema["properties"].items() if key != "schema"
    }}  # fmt: skip
    schema["required"] = ["schema", "extends"]
    schema["$defs"] = _used(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A policy of pawl",
    }


def _fill(model: dict[str, Any], defaults: dict[str, Any], models: dict[str, Any]) -> None:
    """Write the *defaults* of a map that merges into its properties; none of them is required."""
    model.pop("required", None)
    for key, default in defaults.items():
        field = model["properties"][key]
        inner = models.get(_named(field) or _or_null(field))
        if inner is not None and isinstance(default, dict):
            # one definition may serve several keys with other numbers each: each has its own
            own = {**inner, "properties": {k: dict(v) for k, v in inner["properties"].items()}}
            _fill(own, default, models)
            said = {name: field[name] for name in ("description",) if name in field}
            null = {"type": ["object", "null"]} if _or_null(field) else {}
            model["properties"][key] = {**own, **null, **said}
        else:
            field["default"] = default
            entry = models.get(_named(field.get("additionalProperties")))
            if entry is not None:
                entry.pop("required", None)  # the entries of a map merge as well


def _named(shape: object) -> str:
    """Return the definition a shape refers to, or nothing."""
    return str(shape.get("$ref", "")).rpartition("/")[2] if isinstance(shape, dict) else ""


def _or_null(shape: dict[str, Any]) -> str:
    """Return the definition that a shape refers to which may be null as well, or nothing."""
    forms = [_named(one) for one in shape.get("anyOf", ()) if one != {"type": "null"}]
    return forms[0] if len(forms) == 1 else ""


def _used(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions that are still referred to."""
    models = schema["$defs"]
    used: set[str] = set()
    waiting: list[object] = [{key: value for key, value in schema.items() if key != "$defs"}]
    while waiting:
        match waiting.pop():
            case dict() as shape:
                name = _named(shape)
                if name and name not in used:
                    used.add(name)
                    waiting.append(models[name])
                waiting += shape.values()
            case list() as shapes:
                waiting += shapes
            case _:
                pass
    return {name: models[name] for name in sorted(used)}
