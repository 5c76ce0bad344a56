"""The base of every policy type: frozen, strict, comparable by content."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Unknown keys are errors and nothing is coerced: `"1"` is not `1` and `True` is not `1`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
