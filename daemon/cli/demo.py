"""The command `demo`: a small project of its own, built once, with wishes good and bad.

Everything lies in one folder, also what otherwise lies in the person's configuration and state:
deleting the folder leaves nothing behind.
"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import daemon
from daemon.cli import output
from daemon.cli.beginning import Beginning, introduction
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.init import Begin, Checkout, initialise
from daemon.cli.missions import Known, Missions
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.cli.scenery import scenery
from daemon.cli.work import work_off
from daemon.outside import write
from daemon.standing import Standing
from gitops.observe import POLICY
from gitops.person import Person
from gitops.refs import LEDGER
from policy.backlog.rank import natural
from policy.backlog.reasons import SkipReason
from policy.ids import RefName

_PROJECT = Path(daemon.__file__).resolve().parents[1] / "examples" / "till"
_PERSON = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip
"""Whoever runs the demo: their own name, hooks and signing key have no part in it."""


def demo(folder: Path | None, *, as_json: bool) -> Exit:
    """Make the project in *folder* (None: a new temporary one), work it off, show the trail."""
    place = _prepared(folder or Path(tempfile.mkdtemp(prefix="pawl-demo-")))
    say = output.warn if as_json else output.say
    say(f"The till: a real project, its tests red, in {place.start}", "")
    found = work_off(place)
    if as_json:
        output.dump(found.as_object())
        return Exit.OK if found.code in _EXPECTED else found.code
    _tell(place, found.standing)
    return Exit.OK if found.code in _EXPECTED else found.code


_EXPECTED = {Exit.OK, Exit.BLOCKED}
"""Most of the demo's wishes are to be refused."""


def _prepared(folder: Path) -> Place:
    checkout = folder / "till"
    if checkout.exists():
        raise RefusedError(
            Exit.USAGE,
            attempted="make the demo in",
            on=str(folder),
            why=f"{checkout} is there already",
            then="Name another folder, or none.",
        )
    if not _PROJECT.is_dir():
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="make the demo from",
            on=str(_PROJECT),
            why="the example project is not part of this installation",
            then="Run it from a checkout of pawl: `make demo`.",
        )
    files = _files()
    checkout.mkdir(parents=True)
    environ = {**os.environ, **_PERSON}
    person = Person.start(checkout, "main", environ)
    code = {path: text for path, text in files.items() if not path.startswith((".pawl/", _ITEMS))}
    first = person.commit(None, code, "The till as it is: some of its tests are red\n")
    person.publish("main", first, None)
    os.environ["PAWL_CONFIG_DIR"] = str(folder / "config")
    os.environ["PAWL_STATE_DIR"] = str(folder / "state")
    place = open_place(checkout)
    begun = initialise(place, person, "unsigned-local", _begin(files), lambda *_: ()).outside
    host = begun.host.model_copy(update={"free_bytes": _FLOOR})
    write(place.roots, begun.name, host, begun.trust)
    return open_place(checkout)


_FLOOR = 16 * 1024**2
"""`free_bytes` of the demo: a build host's floor would keep it from small disks for nothing."""


_ITEMS = "backlog/"


def _files() -> Mapping[str, bytes]:
    return {
        path.relative_to(_PROJECT).as_posix(): path.read_bytes()
        for path in sorted(_PROJECT.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _begin(files: Mapping[str, bytes]) -> Begin:
    def begin(_checkout: Checkout, _name: str, _config: Path) -> Beginning:
        items = {path: text for path, text in files.items() if path.startswith(_ITEMS)}
        return Beginning(introduction(files[POLICY]), items, "backlog: twelve wishes for the till")

    return begin


def _tell(place: Place, standing: Standing) -> None:
    found = sorted(
        (one for one in Missions(place).every() if isinstance(one, Known)),
        key=lambda one: natural(one.mission),
    )
    output.say("", "What became of the wishes, and why", "")
    rows = [*map(_row, found), *_waiting(place, standing)]
    output.table(("item", "outcome", "wish", "why"), rows)
    _trail(place, target_of(place), "The audit trail: what landed")
    _trail(place, LEDGER, "The audit trail: every mission, with its facts as second parent")
    output.say(
        "",
        "Look around:",
        f"  cd {place.start}",
        "  git log pawl/ledger      # every fact is a commit",
        "  git show main            # one commit a landed mission, with its proof",
        f"  export PAWL_CONFIG_DIR={place.roots.config} PAWL_STATE_DIR={place.roots.state}",
        f"  {_pawl()} show TILL-7         # or diff, results, explain: why it was refused",
    )


def _waiting(place: Place, standing: Standing) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each wish that never started."""
    skipped = standing.selection.skipped if standing.selection else {}
    items = scenery(place, tip_of(place, target_of(place))).scene.backlog.items
    for item, skip in skipped.items():
        if skip.reason is SkipReason.BLOCKED_BY:
            yield item, f"never began: {skip.reason}", items[item].item.title, skip.why


def _pawl() -> str:
    """Return what to type for this command: `make demo` runs one that is not on PATH."""
    beside = Path(sys.executable).with_name("pawl")
    return shlex.quote(str(beside)) if beside.exists() and not shutil.which("pawl") else "pawl"


def _trail(place: Place, ref: RefName, title: str) -> None:
    name = ref.removeprefix("refs/heads/")
    shown = place.store.git.text("log", "--first-parent", "--format=%h %an: %s", ref, "--")
    output.say("", f"{title} (git log --first-parent {name})", "", *shown.splitlines())


def _row(one: Known) -> tuple[str, str, str, str]:
    summary = one.summary
    failure, reason = str(summary.failure or ""), str(summary.reason)
    named = f" ({failure})" if failure not in ("", reason) else ""
    why = " ".join(summary.why.partition("; the builder is deterministic")[0].split())
    return one.mission, f"{summary.outcome} {reason}{named}", summary.title, why
