"""What waits for a person, as any clone that has `refs/pawl/*` can tell it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from daemon.cli.exits import Exit, RefusedError
from daemon.cli.missions import Known, Unknown
from gitops.ledger.dossier import read_file
from gitops.repository import Store
from policy.documents.request import answer_path
from policy.mission.persons import PersonAsked
from policy.mission.states import Waiting
from policy.people.permission import Kind
from policy.people.verbs import Verb, verbs_for
from policy.problems import Unreadable
from policy.strictyaml import Document, Plain, load


@dataclass(frozen=True)
class Asking:
    """A mission that waits, and for what."""

    known: Known
    state: Waiting

    @property
    def asked(self) -> PersonAsked:
        return self.state.asked

    @property
    def number(self) -> str:
        """What `--request` names: `2` of `requests/2.yaml`."""
        return self.asked.request.rpartition("/")[2].removesuffix(".yaml")

    @property
    def since(self) -> str:
        asked = (one for one in reversed(self.known.records) if isinstance(one.fact, PersonAsked))
        return next(asked).at

    @property
    def commands(self) -> tuple[str, ...]:
        """What to type, the likeliest first."""
        return tuple(f"pawl {verb} {self.known.mission}" for verb in self.verbs)

    @property
    def words(self) -> str:
        """Return which request it is, and what answers it, in a line."""
        outcome = self.asked.outcome.replace("_", " ").lower()
        told = ", ".join(f"`{command}`" for command in self.commands)
        return f"request {self.number} ({outcome}); answer it: {told}; `pawl inbox` tells more"

    def as_json(self) -> dict[str, object]:
        return {
            "request": self.asked.request,
            "outcome": self.asked.outcome,
            "reason": self.asked.reason,
            "commands": list(self.commands),
        }

    @property
    def verbs(self) -> tuple[Verb, ...]:
        return verbs_for(self.asked.need)


def asking(opened: Iterable[Known | Unknown]) -> Iterator[Asking]:
    """Yield every open mission that waits for a person and can be read."""
    for one in opened:
        if isinstance(one, Known) and isinstance(one.state, Waiting) and one.state.answered is None:
            yield Asking(one, one.state)


def asking_of(known: Known, attempted: str, request: str | None) -> Asking:
    """Return what *known* asks; refuse with exit 4 where it asks nothing, or not *request*."""
    if not isinstance(known.state, Waiting) or known.state.answered is not None:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted=attempted,
            on=known.mission,
            why=f"it asks nobody anything: it is {known.summary.state.lower()}",
            then="`pawl inbox` lists what waits for a person.",
        )
    one = Asking(known, known.state)
    if request is not None and request != one.number:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted=attempted,
            on=f"request {request} of {known.mission}",
            why=f"what it asks now is request {one.number}: {one.asked.why}",
            then=f"Look at it: `pawl inbox`; then name it: --request {one.number}",
        )
    return one


def page_of(store: Store, one: Asking) -> Mapping[str, Plain]:
    """Return the request as it was written; empty where it cannot be read."""
    content = _file(store, one, one.asked.request)
    document = load(content) if content is not None else None
    value = document.value if isinstance(document, Document) else None
    return value if isinstance(value, dict) else {}


def ready_made(store: Store, one: Asking, kind: Kind) -> dict[str, Plain]:
    """Return the ready-made answer of *kind*; refuse with exit 5 where it cannot be read."""
    path = answer_path(one.asked.request, kind)
    content = _file(store, one, path)
    document = load(content) if content is not None else None
    if isinstance(document, Document) and isinstance(document.value, dict):
        return dict(document.value)
    why = str(document) if isinstance(document, Unreadable) else "it is not there"
    raise RefusedError(
        Exit.GIT,
        attempted="read the ready-made answer",
        on=f"{path} of {one.known.mission}",
        why=why,
        then="`git fetch origin '+refs/pawl/*:refs/pawl/*'` brings what may be missing here.",
    )


def _file(store: Store, one: Asking, path: str) -> bytes | None:
    tree = one.known.page.tree
    return None if tree is None else read_file(store, tree, path)
