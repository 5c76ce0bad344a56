"""The policy's schema says of every key what the model does."""

from policy.rules.load import shipped_policy
from policy.rules.schema import policy_schema


def keys_of(shape, path=()):
    for key, field in shape.get("properties", {}).items():
        yield (*path, key)
        yield from keys_of(field, (*path, key))


def defaults_of(value, path=()):
    for key, inner in value.items():
        yield (*path, key)
        if isinstance(inner, dict):
            yield from defaults_of(inner, (*path, key))


def test_every_key_of_the_shipped_policy_is_in_it():
    schema = set(keys_of(policy_schema()))
    shipped = shipped_policy().policy.model_dump(mode="json", by_alias=True)
    # by name of class, risk, event: maps whose keys are a closed set of their own
    maps = (("failures",), ("pipeline",), ("notices", "priorities"))
    named = {path for path in defaults_of(shipped) for one in maps if path[: len(one)] == one}
    assert {*defaults_of(shipped)} - named | {*maps} <= schema


def test_defaults_are_the_shipped_ones():
    budget = policy_schema()["properties"]["budgets"]["properties"]["mission"]
    shipped = shipped_policy().policy.budgets.mission
    assert budget["properties"]["attempts"]["default"] == shipped.attempts


def test_two_keys_of_one_model_have_each_their_own_default():
    shapes = policy_schema()["properties"]["sandbox"]["properties"]
    sandbox = shipped_policy().policy.sandbox
    for name in ("gate", "condition"):
        assert shapes[name]["properties"]["wall_s"]["default"] == getattr(sandbox, name).wall_s


def test_only_the_first_two_lines_must_be_written():
    assert policy_schema()["required"] == ["schema", "extends"]
    assert "required" not in policy_schema()["properties"]["budgets"]


def test_nothing_unknown_is_allowed():
    assert policy_schema()["additionalProperties"] is False


def test_what_it_refers_to_is_there_and_nothing_else():
    schema = policy_schema()
    text = str({key: value for key, value in schema.items() if key != "$defs"})
    text += str(schema["$defs"])
    for name in schema["$defs"]:
        assert f"#/$defs/{name}'" in text
