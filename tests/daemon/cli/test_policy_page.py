"""docs/policy.md: every key of a policy, one line each, as `pawl schema policy` tells of it.

`PAWL_DOCS=write pytest -k policy_page` writes its tables anew.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policy.rules.failures import FailureClass
from policy.rules.load import SHIPPED, Effective, load_policy, shipped_policy

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


@pytest.fixture(scope="module")
def schema():
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "schema", "policy"], capture_output=True, check=True
    )
    return json.loads(done.stdout)


def rows(schema):
    """Yield path and field of each key, in the order of the schema."""
    definitions = schema["$defs"]

    def walk(shape, path):
        for key, field in shape.get("properties", {}).items():
            yield from told(field, (*path, key))

    def told(field, path):
        inner = one_of(field)
        if "properties" in inner:
            if "default" in field or "anyOf" in field:
                yield path, field
            yield from walk(inner, path)
            return
        yield path, field
        named = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
        for mark, entry in (("[]", field.get("items")), *((".*", one) for one in named)):
            if isinstance(entry, dict):
                for form in (one_of(entry), *map(one_of, entry.get("anyOf", ()))):
                    yield from walk(form, (*path[:-1], path[-1] + mark))

    def one_of(shape):
        forms = [one for one in shape.get("anyOf", ()) if one != {"type": "null"}]
        if len(forms) == 1:
            return one_of(forms[0])
        return definitions[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape

    yield from walk(schema, ())


RANGES = (
    ("minimum", "≥ {}"), ("maximum", "≤ {}"), ("minLength", "at least {} long"),
    ("maxLength", "at most {} long"), ("minItems", "at least {}"), ("maxItems", "at most {}"),
)  # fmt: skip


def kind(field, definitions):
    """Return the type of a key and its range, in a few words."""
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if "$ref" in field:
        return kind(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return " or ".join(kind(one, definitions) for one in field["anyOf"])
    name = field.get("type", "anything")
    name = " or ".join(name) if isinstance(name, list) else name
    if name == "array" and isinstance(field.get("items"), dict):
        inner = kind(field["items"], definitions)
        name = f"list of {inner}" if inner != "object" else "list of maps"
    name = {"object": "map", "string": "text", "integer": "number", "boolean": "true, false"}.get(
        name, name.replace("object", "map")
    )
    limits = [text.format(field[key]) for key, text in RANGES if key in field]
    return " ".join([name, *limits])


def at(value, path):
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return ...
        value = value[key]
    return value


POLICIES = {
    name: shipped_policy(name).policy.model_dump(mode="json", by_alias=True) for name in SHIPPED
}


def default(path, field):
    """Return what ships, or what an entry of a list has that leaves it out."""
    found = {name: at(policy, path) for name, policy in POLICIES.items()}
    plain = found["default-1"]
    if plain is ... or isinstance(plain, dict):
        return said(field["default"]) if "[]" in ".".join(path) and "default" in field else ""
    other = [f"{name}: {said(one)}" for name, one in found.items() if one != plain]
    return "; ".join([said(plain), *other])


def said(value):
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "see `pawl schema policy`"


def table(schema):
    lines = ["| key | is | default-1 | meaning |", "|---|---|---|---|"]
    for path, field in rows(schema):
        meaning = " ".join(field.get("description", "").split())
        cells = f"`{'.'.join(path)}`", kind(field, schema["$defs"]), default(path, field), meaning
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def routes():
    lines = [f"| class | {' | '.join(POLICIES)} | whose fault |", "|---|---|---|---|"]
    for failure in FailureClass:
        told = [route(policy["failures"][failure]) for policy in POLICIES.values()]
        origin = POLICIES["default-1"]["failures"][failure]["origin"]
        same = [one if n == 0 or one != told[0] else "the same" for n, one in enumerate(told)]
        lines.append(f"| `{failure}` | {' | '.join(same)} | {origin} |")
    return "\n".join(lines) + "\n"


def route(row):
    if row["action"] != "retry":
        return row["action"]
    wait = f", after {row['backoff_s']} s, doubled" if row["backoff_s"] else ""
    return f"retry {row['limit']}{wait}, then {row['then']}"


TABLES = {"keys": table, "routes": lambda _: routes()}


@pytest.mark.parametrize("name", TABLES)
def test_the_policy_page_tells_what_the_schema_and_the_shipped_policies_say(schema, name):
    begin = f"<!-- {name}: written by the tests, not by hand -->\n"
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    inside, end, after = rest.partition(f"<!-- end of {name} -->\n")
    made = TABLES[name](schema)
    if os.environ.get("PAWL_DOCS") == "write":
        PAGE.write_text(before + begin + made + end + after, encoding="utf-8")
        return
    assert inside == made, "PAWL_DOCS=write pytest -k policy_page writes it anew"


def test_the_policy_page_leaves_no_key_without_a_meaning(schema):
    bare = [".".join(path) for path, field in rows(schema) if not field.get("description")]
    assert bare == ["schema"]


def test_the_examples_of_the_policy_page_are_policies():
    blocks = re.findall(
        "^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks
    for block in blocks:
        assert isinstance(
            load_policy(f"schema: 1\nextends: default-1\n{block}".encode()), Effective
        )
