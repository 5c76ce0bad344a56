"""What a push asks of the hub for each ref, and what `git push --porcelain` says became of it.

A lease on a ref that the push does not move is never sent, so the server does not check it: what
must hold for a push must move in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policy.ids import CommitId, RefName


@dataclass(frozen=True)
class Change:
    """Move *ref* from *old* to *new*; None is "not there"."""

    ref: RefName
    old: CommitId | None
    new: CommitId | None


@dataclass(frozen=True)
class Changed:
    """The ref is where it was to be."""


@dataclass(frozen=True)
class Moved:
    """It was not where it was expected, or something else of the same push was not."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The server said no, in these words: a hook, a protected branch, a quota."""

    why: str


Answer = Changed | Moved | Refused


@dataclass(frozen=True)
class Pushed:
    """The server answered. What it said of each ref; a ref that is missing was not spoken of."""

    answers: Mapping[RefName, Answer]

    @property
    def refused(self) -> Mapping[RefName, str]:
        return {ref: one.why for ref, one in self.answers.items() if isinstance(one, Refused)}


@dataclass
class _Said:
    answers: dict[RefName, Answer] = field(default_factory=dict)
    broken: bool = False
    """The connection ended before the server had reported."""


def arguments(changes: Sequence[Change], *, atomic: bool) -> list[str]:
    """Return the arguments of `git push` before the url: one lease for each ref."""
    leases = [f"--force-with-lease={one.ref}:{one.old or ''}" for one in changes]
    flags = ["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--no-thin"]
    return [*flags, "--recurse-submodules=no", *(["--atomic"] if atomic else []), *leases]


def specs(changes: Sequence[Change]) -> list[str]:
    return [f"{one.new or ''}:{one.ref}" for one in changes]


def parse(stdout: str, stderr: str) -> Pushed | None:
    """Return what the server said, None where it said nothing, or not all of it.

    Total: whatever the text is, the answer is a value.
    """
    said = _Said()
    words = _server(stderr)
    for line in stdout.splitlines():
        found = _LINE.fullmatch(line)
        if found is not None:
            _take(said, found["flag"], RefName(found["ref"]), found["summary"], words)
    return None if said.broken or not said.answers else Pushed(said.answers)


_LINE = re.compile(r"(?P<flag>[ +*=!-])\t[^\t]*:(?P<ref>refs/[^\t:]+)\t(?P<summary>.*)")


def _take(said: _Said, flag: str, ref: RefName, summary: str, words: str) -> None:
    if flag != "!":
        said.answers[ref] = Changed()
    elif "[remote failure]" in summary:
        said.broken = True
    elif _MOVED.search(summary):
        said.answers[ref] = Moved(summary)
    else:
        said.answers[ref] = Refused(f"{summary}: {words}" if words else summary)


_MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|needs force|failed to update ref|cannot lock ref"
    r"|incorrect old value|already exists|atomic (?:push|transaction) fail|transaction failed"
    r"|fetching|reference missing|failed to lock",
    re.IGNORECASE,
)


def _server(stderr: str) -> str:
    """Return the server's own words, on one line and printable."""
    found = (line.removeprefix("remote: ") for line in stderr.splitlines() if _is_remote(line))
    return _line(found)


def _is_remote(line: str) -> bool:
    return line.startswith("remote: ")


def last_words(stderr: str) -> str:
    """Return the last few lines of what git said, on one line and printable."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return _line(lines[-_WORDS:]) or "git said nothing"


def _line(lines: Iterable[str]) -> str:
    text = " ".join(" ".join(lines).split())
    return "".join(char if char.isprintable() else " " for char in text)[:_MOST].strip()


_WORDS = 4
_MOST = 500  # characters of somebody else's words in one of our sentences
