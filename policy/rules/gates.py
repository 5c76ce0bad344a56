"""Gates that are commands, as the policy declares them; the built-in ones need no declaration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.ids import GateName
from policy.rules.asking import When
from policy.rules.words import AtLeastOne, Bytes, Count, Kind, Seconds
from policy.value import Value

BUILT_IN_GATES = ("scope", "protected", "limits", "secrets", "tree", "red_first", "tests", "done")
"""In the order they are judged: those that only read the diff come first."""


class GateLimits(Value):
    """Overrides of `sandbox.gate` for one gate."""

    memory_bytes: Bytes | None = None
    """Instead of that."""
    processes: AtLeastOne | None = None
    """Instead of that."""
    scratch_bytes: Bytes | None = None
    """Instead of that."""
    output_bytes: Bytes | None = None
    """Instead of that."""


class GateCommand(Value):
    """A gate that is a command, run in the sandbox on a fresh copy of the candidate's tree."""

    name: GateName = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """What verdicts and waivers call it."""
    run: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    """Its command; `{report}` in it is a fresh path outside the tree."""
    report: Literal["none", "junit"] = "none"
    """How its report is read; none: its exit alone says it."""
    min_tests: Count = 0
    """Fewer tests than this in the report is a failure. 1 unless the report is `none`."""
    must_report: tuple[str, ...] = ()
    """Test ids (`classname::name`) that must be in the report and pass."""
    baseline: bool = False
    """Run on the base too: what failed there is known, what passed there must still pass."""
    tests_from: Literal["candidate", "base", "both"] = "candidate"
    """base, both: the base's versions of changed test files must hold as well."""
    known_failures: tuple[str, ...] | Literal["waiver"] = ()
    """Test ids that may fail; waiver: those that standing waivers name."""
    timeout_s: Seconds
    """After this it is broken, and broken is not passed."""
    environment: str | None = None
    """One of `environments`, or `none`; the policy's `environment` where it is left out."""
    waivable: bool = False
    """Whether a person may let something land without it."""
    when: When = When()
    """Of which items it is asked."""
    limits: GateLimits = GateLimits()
    """What it may use, where that is not what `sandbox.gate` says."""

    @property
    def known(self) -> tuple[str, ...]:
        """The ids that may fail; of those that waivers name, none before they were looked up."""
        return () if self.known_failures == "waiver" else self.known_failures

    @model_validator(mode="after")
    def _report_is_there_for_what_reads_it(self) -> "GateCommand":
        reads = self.baseline or self.must_report or self.known_failures or self.min_tests
        if self.report == "none" and reads:
            raise ValueError(
                f"gate {self.name}: baseline, must_report, known_failures and min_tests read a "
                "report; add `report: junit` and `{report}` to its command"
            )
        written = any("{report}" in word for word in self.run)
        if self.report != "none" and not written:
            raise ValueError(f"gate {self.name}: `report: {self.report}` needs `{{report}}` in run")
        if self.report == "none" and written:
            raise ValueError(f"gate {self.name}: `{{report}}` in run needs `report: junit`")
        return self


class RedFirst(Value):
    """The item's tests must fail before the change (DESIGN 7)."""

    kinds: tuple[Kind, ...]
    """Kinds of items it is asked of."""
