"""What gates said of a base, remembered: a base is run once per tree, definition and environment.

A cache in the state directory and nothing more: a file that is torn, foreign or of another release
is a miss, and the base runs again. What a judgement used of it is copied into its mission.
"""

import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from policy.canonical import canonical, digest
from policy.gates.run import Run
from policy.ids import Digest, TreeId
from policy.value import Value


class Key(Value):
    """Equal keys mean that another run would be the same run."""

    tree: TreeId
    definition: Digest
    """Of the operation: argv, folder, limits, report."""
    environment: Digest


class BaseRecord(Value):
    """What ran, and what was heard."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    key: Key
    run: Run

    def to_json(self) -> bytes:
        return canonical(self.model_dump(mode="json", by_alias=True))


class BaseRecords:
    """Files in *folder*, which is made when first needed. Safe between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: Key) -> BaseRecord | None:
        try:
            content = self._path(key).read_bytes()
            record = BaseRecord.model_validate_json(content)
        except (OSError, ValidationError):
            return None
        return record if record.key == key and record.to_json() == content else None

    def keep(self, record: BaseRecord) -> None:
        """Remember *record*; a disk that says no costs another run, not the judgement."""
        path = self._path(record.key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(path, record.to_json())
        except OSError:
            return

    def _path(self, key: Key) -> Path:
        return self._folder / f"{digest(key.model_dump(mode='json'))}.json"


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
