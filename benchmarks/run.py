"""Measures goals and prints a verdict on each: `python benchmarks/run.py [G3 G10 ...]`.

Without names it measures all fifteen. It ends with 0 also where goals are missed: a measurement is
not a test. 1 is for a measurement that broke.
"""

import argparse
import importlib
import json
import pkgutil
import sys
import time
import traceback
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
if sys.path[0] == str(_ROOT / "benchmarks"):  # run as a script
    sys.path[0] = str(_ROOT)

from benchmarks import goals  # noqa: E402  # the root must be found first
from benchmarks.frame.bench import Bench, Effort  # noqa: E402
from benchmarks.frame.disk import Disk, alone, disk  # noqa: E402
from benchmarks.frame.goal import CannotRun, Goal  # noqa: E402
from benchmarks.frame.machine import machine  # noqa: E402
from benchmarks.frame.report import Outcome, as_object, summary, told  # noqa: E402


def every_goal() -> dict[str, Goal]:
    """Return the goals of all modules in `benchmarks/goals`, G1 first."""
    found: dict[str, Goal] = {}
    for module in pkgutil.iter_modules(goals.__path__):
        own = importlib.import_module(f"{goals.__name__}.{module.name}").GOALS
        found |= {goal.ident: goal for goal in own}
    return dict(sorted(found.items(), key=lambda pair: int(pair[0][1:])))


def main(argv: list[str]) -> int:
    known = every_goal()
    asked = _arguments(known).parse_args(argv)
    alone()
    effort: Effort = "smallest" if asked.smallest else "quick" if asked.quick else "full"
    with disk(asked.disk) as place:
        about = machine()
        _say(", ".join(f"{name} {value}" for name, value in about.items()))
        _say(f"disk: {place.words}; effort: {effort}")
        bench = Bench(place.place, asked.peers, effort)
        outcomes, broken = _measured([known[name] for name in asked.goals or known], bench)
        if len(outcomes) > 1:
            _say(f"\n{summary(outcomes)}")
        _write(asked.json, outcomes, about, place, effort)
    for name in broken:
        _say(f"{name}: its measurement broke; see above")
    return 1 if broken else 0


def _arguments(known: dict[str, Goal]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "goals", nargs="*", type=str.upper, metavar="GOAL", help=f"{' '.join(known)}"
    )
    parser.add_argument("--quick", action="store_true", help="a fast look: few rounds")
    parser.add_argument("--smallest", action="store_true", help="only show that everything runs")
    parser.add_argument("--disk", type=Path, help="measure in this directory, not on an image")
    parser.add_argument("--json", type=Path, help="write the result to this file as well")
    parser.add_argument(
        "--peers",
        type=Path,
        default=_ROOT / "benchmarks" / ".peers",
        help="where peers are installed",
    )
    return parser


def _measured(chosen: list[Goal], bench: Bench) -> tuple[list[Outcome], list[str]]:
    outcomes, broken = [], []
    for goal in chosen:
        start = time.monotonic()
        try:
            result = goal.measure(bench)
        except Exception:  # noqa: BLE001  # one broken measurement must not hide the others
            traceback.print_exc()
            broken.append(goal.ident)
            result = CannotRun("its measurement broke; the traceback is above")
        outcomes.append(Outcome(goal, result, time.monotonic() - start))
        _say(f"{told(outcomes[-1])}\n      ({outcomes[-1].seconds:.0f} s)")
    return outcomes, broken


def _write(
    file: Path | None, outcomes: list[Outcome], about: dict[str, str], place: Disk, effort: Effort
) -> None:
    if file is not None:
        file.write_text(
            json.dumps(as_object(outcomes, about, place.words, effort), indent=2) + "\n"
        )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
