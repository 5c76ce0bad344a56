import json

import pytest

from daemon.gates.base_records import BaseRecord, BaseRecords, Key
from policy.bus.result import Output
from policy.canonical import canonical, sha256
from policy.gates.reports import Report
from policy.gates.run import Run

KEY = Key(tree="7" * 40, definition="d" * 64, environment="e" * 64)
RECORD = BaseRecord(
    key=KEY,
    run=Run(
        code=1,
        output=Output(head="text", tail="", size=4, sha256=sha256(b"text")),
        reading=Report(cases={"m::a": "passed", "m::b": "failed"}),
    ),
)


@pytest.fixture
def records(tmp_path):
    return BaseRecords(tmp_path / "state" / "base-records")


def test_what_is_kept_is_found_again(records):
    assert records.find(KEY) is None
    records.keep(RECORD)
    assert records.find(KEY) == RECORD


@pytest.mark.parametrize("part", ["tree", "definition", "environment"])
def test_another_key_finds_nothing(records, part):
    records.keep(RECORD)
    other = "8" * len(getattr(KEY, part))
    assert records.find(KEY.model_copy(update={part: other})) is None


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="torn"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"\xff\x00", id="not text"),
        pytest.param(lambda content: content + b"\n", id="not canonical"),
        pytest.param(
            lambda content: canonical({**json.loads(content), "schema": 2}), id="another release"
        ),
        pytest.param(lambda content: content.replace(b"7" * 40, b"8" * 40), id="another tree"),
        pytest.param(
            lambda content: canonical({**json.loads(content), "signed": True}), id="a foreign key"
        ),
    ],
)
def test_what_is_torn_or_foreign_is_a_miss(records, tmp_path, spoil):
    records.keep(RECORD)
    (path,) = (tmp_path / "state" / "base-records").iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    assert records.find(KEY) is None
    records.keep(RECORD)
    assert records.find(KEY) == RECORD


def test_a_disk_that_says_no_costs_only_the_memory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    records = BaseRecords(tmp_path / "file" / "base-records")
    records.keep(RECORD)
    assert records.find(KEY) is None
