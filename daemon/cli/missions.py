"""Every mission a repository knows of, open or closed, read the same way in any clone.

What cannot be read is shown as such: a mission is never missing from a list because its ledger
is damaged, foreign, or of a later release.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place
from daemon.opening.past import Past
from daemon.outside import TRUST_FILE, Outside
from gitops import ledger, refs
from gitops.ledger.dossier import read_file
from gitops.ledger.reading import Trust, trust
from gitops.objects import DamagedObjectError, MissingObjectError, read_object
from policy.documents.summary import SUMMARY, Summary, summarise
from policy.ids import CommitId, ItemId, MissionId, RefName, item_of, mission_of, ordinal_of
from policy.mission.evolve import ContradictionError, replay
from policy.mission.record import Recorded
from policy.mission.states import Mission

_CLONED_LEDGER = RefName("refs/remotes/origin/pawl/ledger")


@dataclass(frozen=True)
class Known:
    """A mission whose facts are there. *verified* says whether they are the daemon's own."""

    mission: MissionId
    is_open: bool
    records: tuple[Recorded, ...]
    state: Mission
    summary: Summary
    verified: Trust
    page: ledger.Page


@dataclass(frozen=True)
class Unknown:
    """A mission that is there, and whose facts cannot be believed or read."""

    mission: MissionId
    is_open: bool
    why: str
    todo: str = "Compare its ledger with a clone's; until it is put right this mission is frozen."


@dataclass(frozen=True)
class Ended:
    """A closed mission by its summary alone: what a list of many needs of each."""

    mission: MissionId
    summary: Summary
    is_open: bool = False


class Missions:
    """The missions of one place, read at one commit of the ledger branch."""

    def __init__(self, place: Place) -> None:
        self._place = place
        listed = refs.list_missions(place.store)
        self._open = listed.open
        self._broken = listed.broken
        self.ledger = _ledger_of(place)

    def open_ids(self) -> tuple[MissionId, ...]:
        return tuple(sorted((*self._open, *self._broken)))

    def closed_ids(self) -> Iterator[MissionId]:
        if self.ledger is not None:
            yield from ledger.closed_missions(self._place.store, ledger=self.ledger)

    def order(self) -> dict[MissionId, int]:
        """Return when each closed mission closed, as a rank: 0 is the newest."""
        return {mission: rank for rank, mission in enumerate(self._order())}

    def every(self) -> Iterator[Known | Unknown]:
        """Yield the open missions, then the closed ones that are not open as well."""
        opened = self.open_ids()
        known = {*opened}
        for mission in (*opened, *(one for one in self.closed_ids() if one not in known)):
            found = self.get(mission)
            if found is not None:
                yield found

    def opened(self) -> Iterator[Known | Unknown]:
        for mission in self.open_ids():
            found = self.get(mission)
            if found is not None:
                yield found

    def count_closed(self) -> int:
        if self.ledger is None:
            return 0
        store, ledger_tip = self._place.store, self.ledger
        both = sum(ledger.is_closed(store, one, ledger=ledger_tip) for one in self.open_ids())
        return ledger.count_closed(store, ledger=ledger_tip) - both

    def closed(self, newest: int | None = None) -> Iterator[Ended | Unknown]:
        """Yield the closed missions that are not open as well, each by one small file.

        All of them, in no order; or the *newest* so many, the newest first.
        """
        opened = {*self.open_ids()}
        ids = self.closed_ids() if newest is None else self._order()
        foreign = self.foreign()
        for mission in islice((one for one in ids if one not in opened), newest):
            yield (
                self._ended(mission)
                if foreign is None
                else Unknown(mission, is_open=False, why=foreign)
            )

    def _order(self) -> Iterator[MissionId]:
        if self.ledger is not None:
            yield from ledger.order_of_closing(self._place.store, ledger=self.ledger)

    def foreign(self) -> str | None:
        """Return why what the ledger's tip holds cannot be believed."""
        if self.ledger is None:
            return None
        try:
            raw = read_object(self._place.store, self.ledger, "commit")
        except (MissingObjectError, DamagedObjectError) as error:
            return str(error)
        whose, why = trust(raw, self._place.trusted)
        return f"not the daemon's: {why}" if whose is Trust.FOREIGN else None

    def _ended(self, mission: MissionId) -> Ended | Unknown:
        try:
            content = ledger.read_closed_file(
                self._place.store, mission, SUMMARY, ledger=self.ledger
            )
            return Ended(mission, Summary.model_validate_json(content or b""))
        except (MissingObjectError, DamagedObjectError) as error:
            return Unknown(mission, is_open=False, why=str(error))
        except ValueError:
            found = self.get(mission)  # of another release, or cut: its facts tell
        match found:
            case Known(summary=summary):
                return Ended(mission, summary)
            case Unknown() as unknown:
                return unknown
            case None:
                return Unknown(mission, is_open=False, why=f"it has no {SUMMARY} and no facts")

    def past(self) -> Past:
        """Return how items' missions ended; nothing where the ledger is somebody else's."""
        tip = None if self.foreign() is not None else self.ledger
        return Past(self._place.store, lambda: tip)

    def newest_of(self, item: ItemId) -> MissionId | None:
        """Return the newest mission of *item*: an open one, else the last that closed."""
        opened = [one for one in self.open_ids() if item_of(one) == item]
        if opened:
            return max(opened, key=ordinal_of)
        if self.ledger is None:
            return None
        return ledger.closed_of(self._place.store, item, ledger=self.ledger)

    def all_of(self, item: ItemId) -> tuple[MissionId, ...]:
        """Return every mission of *item*, the first one first."""
        newest = self.newest_of(item)
        last = 0 if newest is None else ordinal_of(newest)
        return tuple(mission_of(item, ordinal) for ordinal in range(1, last + 1))

    def get(self, mission: MissionId) -> Known | Unknown | None:
        """Return what is known of *mission*, None if there is no such mission."""
        is_open = mission in self._open
        if mission in self._broken:
            return Unknown(mission, is_open=True, why=self._broken[mission])
        try:
            page = self._open_page(mission) if is_open else self._closed_page(mission)
            return None if page is None else self._known(page, is_open=is_open)
        except (ledger.BrokenDossierError, ContradictionError) as error:
            return Unknown(mission, is_open, str(error))

    def _known(self, page: ledger.Page, *, is_open: bool) -> Known | Unknown:
        if page.verified is Trust.FOREIGN:
            why = f"not the daemon's: {page.why}"
            return Unknown(page.mission, is_open, why, _whom_to_believe(self._place))
        state = replay(page.mission, page.records)
        if state is None:
            return Unknown(page.mission, is_open, "its ledger holds no fact")
        summary = summarise(state, page.records)
        return Known(page.mission, is_open, page.records, state, summary, page.verified, page)

    def _open_page(self, mission: MissionId) -> ledger.Page:
        return ledger.read(self._place.store, mission, trusted=self._place.trusted)

    def _closed_page(self, mission: MissionId) -> ledger.Page | None:
        if self.ledger is None:
            return None
        return ledger.read_closed(
            self._place.store, mission, trusted=self._place.trusted, ledger=self.ledger
        )

    def named(self, name: str) -> Known | Unknown:
        """Return the mission *name*, or the newest of the item *name*; refuse with exit 4."""
        exact = self.get(MissionId(name)) if "@" in name else None
        newest = self.newest_of(ItemId(name)) if "@" not in name else None
        found = exact if newest is None else self.get(newest)
        if found is None:
            raise RefusedError(
                Exit.NOT_FOUND,
                attempted="show",
                on=name,
                why="no mission of that name is open or closed here",
                then="`pawl explain` lists every item and why it does not run; in a clone, "
                "`git fetch origin '+refs/pawl/*:refs/pawl/*'` brings open missions.",
            )
        return found

    def file(self, known: Known, path: str) -> bytes | None:
        """Return a file of the mission's dossier, None if it has no such file."""
        tree = known.page.tree
        return None if tree is None else read_file(self._place.store, tree, path)


def _whom_to_believe(place: Place) -> str:
    """Return what to do about a ledger by a key that nothing here believes."""
    if not isinstance(place.outside, Outside):
        return Unknown.todo
    trust_file = place.outside.config / TRUST_FILE
    return (
        f"{trust_file} says whom to believe here: `daemon_key`, `peers`. If the daemon works "
        "elsewhere, its key has to be there: the trust file on its host has it, and `pawl init "
        f'--introduction {place.outside.trust.introduction} --daemon-key "ssh-ed25519 ..."` takes '
        "it. If not, nobody you believe wrote this: compare with a clone's; the mission is frozen."
    )


def _ledger_of(place: Place) -> CommitId | None:
    """Return the tip of the ledger branch: this repository's, in a plain clone the remote's."""
    return refs.read(place.store, refs.LEDGER) or refs.read(place.store, _CLONED_LEDGER)


def entry(summary: Summary) -> dict[str, object]:
    """Return a mission as `once --json` and `status --json` show it (DESIGN 10)."""
    return {
        "id": summary.id,
        "outcome": summary.outcome,
        "reason": summary.reason,
        "failure": summary.failure,
        "landed": summary.landed,
        "base": summary.base,
        "tree": summary.tree,
        "gates": dict(summary.gates),
        "attempts": summary.attempts,
    }


def absent(one: Unknown) -> dict[str, object]:
    """Return the entry of a mission of which only the name can be believed."""
    nothing = dict.fromkeys(("outcome", "reason", "failure", "landed", "base", "tree"))
    return {"id": one.mission, **nothing, "gates": {}, "attempts": 0}
