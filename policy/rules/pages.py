"""How often the generated pages are written, and how long they may become."""

from typing import Annotated

from pydantic import Field

from policy.value import Value

AtLeastOne = Annotated[int, Field(ge=1)]


class Pages(Value):
    """The generated pages on `pawl/ledger`, and the figures of `pawl metrics`."""

    written: bool
    """False: none are written; the commands tell the same."""
    every_s: AtLeastOne
    """Written so often at most, and only where what they tell has changed."""
    rows: AtLeastOne
    """Of one table; what is more is counted."""
    window_days: AtLeastOne
    """What "the last days" of the figures are, up to the newest closing."""
