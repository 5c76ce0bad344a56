"""What a gate found, before it becomes a record: the verdict, and what it names."""

from collections.abc import Iterable, Mapping

from policy.gates.verdict import Broken, Counts, Failed, Passed, Record, Verdict
from policy.ids import Digest, GateName
from policy.rules.failures import FailureClass
from policy.value import Value

_NAMED_IN_A_SENTENCE = 5


class Finding(Value):
    """*new*: tests or paths that bar. *known*: failures that were known before and do not."""

    verdict: Verdict
    counts: Counts = Counts()
    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def recorded(self, gate: GateName, definition: Digest, *, report: str) -> Record:
        return Record(
            gate=gate,
            definition=definition,
            verdict=self.verdict,
            counts=self.counts,
            new=self.new,
            known=self.known,
            report=report,
        )


def passed(looked_at: int) -> Finding:
    return Finding(verdict=Passed(), counts=Counts(ran=looked_at, passed=looked_at))


def barred(failure: FailureClass, faults: Mapping[str, str], *, looked_at: int) -> Finding:
    """Return the finding that each path of *faults* bars, for the reason it has there."""
    shown_faults = {shown(path): why for path, why in sorted(faults.items())}
    sentences = [f"{path}: {why}" for path, why in shown_faults.items()]
    return Finding(
        verdict=Failed(failure=failure, why=listed(sentences, separator="; ")),
        counts=Counts(ran=looked_at, passed=looked_at - len(faults), failed=len(faults)),
        new=tuple(shown_faults),
    )


def failed(failure: FailureClass, why: str, *, new: Iterable[str] = ()) -> Finding:
    return Finding(verdict=Failed(failure=failure, why=why), new=tuple(sorted(new)))


def broken(failure: FailureClass, why: str) -> Finding:
    return Finding(verdict=Broken(failure=failure, why=why))


def listed(names: Iterable[str], *, separator: str = ", ") -> str:
    """Return *names* for a sentence: the first few, and how many more there are."""
    rows = list(names)
    more = len(rows) - _NAMED_IN_A_SENTENCE
    text = separator.join(rows[:_NAMED_IN_A_SENTENCE])
    return f"{text} and {more} more" if more > 0 else text


def shown(path: str) -> str:
    r"""Return *path* as text any encoder takes: bytes that are not UTF-8 become `\udc..`."""
    return path.encode("utf-8", "backslashreplace").decode()
