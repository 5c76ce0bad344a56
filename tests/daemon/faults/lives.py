"""The lives that are disturbed: what a repository asks for, what people do meanwhile, its points.

Together they hold every kind of fact; a test sees to that. `points/<life>.txt` names the crash
points of an undisturbed life, one a line in their order; a test says when a file is out of date,
and with PAWL_POINTS=write in the environment writes it.
"""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
POLICY = """schema: 1
extends: default-1
repo_name: house
selection: {interruptions: 2, on_invalid: hold}
pages: {written: false}
failures:
  build_error: {action: escalate, origin: item}
  environment_error: {backoff_s: 0}
  resource_exhausted: {backoff_s: 0}
"""


@dataclass(frozen=True)
class Place:
    """The *nth* time the point *name* is passed, counted from 1, in one process."""

    name: str
    nth: int

    def __str__(self):
        return f"{self.name}#{self.nth}"


def nobody(_house):
    return


@dataclass(frozen=True)
class Life:
    name: str
    wishes: Callable
    acts: Mapping[str, Callable] = field(default_factory=dict)
    """What happens outside when a point is first passed; done once, whatever is killed when."""
    answers: Callable = nobody
    """What a person does each time the daemon rests; whether it was anything."""
    hub: bool = False
    """The house is a clone, and what happens has to be taken by its hub."""

    paged: bool = False
    """It has pages."""

    @property
    def marks(self) -> bool:
        """Whether it is told how often the mark is raised: not so where that depends on when a hub
        or a page is there. Other lives are killed there."""
        return not self.hub and not self.paged

    @property
    def file(self) -> Path:
        return HERE / "points" / f"{self.name}.txt"

    @property
    def places(self) -> list[Place]:
        names = self.file.read_text().split() if self.file.exists() else []
        seen: Counter[str] = Counter()
        places = []
        for name in names:
            seen[name] += 1
            places.append(Place(name, seen[name]))
        return places


def wishes_two(house):
    """The second one needs what the first one makes, and a condition that is observed."""
    house.wishes(
        "A-2",
        blocked_by=["Z-1"],
        command=["cp", "Z-1.txt", "A-2.txt"],
        ready_when=[{"check": ["test", "-s", "Z-1.txt"]}],
    )
    house.wishes("Z-1")


def wishes_idle(house):
    house.wishes("Z-1", command=["true"])


def wishes_paged(house):
    """With pages."""
    paged = POLICY.replace("pages: {written: false}", "pages: {every_s: 1}")
    house.commits({".pawl/policy.yaml": paged})
    house.wishes("Z-1", command=["true"])


def wishes_asked(house):
    house.wishes("Z-1", command=["sh", "-c", "exit 3"])


def wishes_made(house):
    house.wishes("Z-1", tests=[{"run": ["grep", "-q", "made", "Z-1.txt"]}])


def wishes_furnished(house):
    """Its builder and its test need what an environment has."""
    tools = {"setup": [["cp", "tools.lock", "/environment/lock"]], "key_files": ["tools.lock"]}
    declared = f"environments: {json.dumps({'tools': tools})}\nenvironment: tools\n"
    house.commits({".pawl/policy.yaml": POLICY + declared, "tools.lock": "made\n"})
    house.wishes(
        "Z-1",
        command=["cp", "/environment/lock", "Z-1.txt"],
        tests=[{"run": ["cmp", "/environment/lock", "Z-1.txt"]}],
    )


def judges(house, code, *, command="{deterministic: true}", **rules):
    """Commit a gate that is asked after landings only: the shell *code*."""
    gate = {"name": "suite", "run": ["sh", "-c", code], "timeout_s": 60, "when": {"risk": []}}
    after = {"gates": ["suite"], "reruns": 0, "repair": 0, "revert": True, **rules}
    house.commits(
        {
            ".pawl/policy.yaml": f"{POLICY}gates: [{json.dumps(gate)}]\n"
            f"after_landing: {json.dumps(after)}\ncommand: {command}\n"
        }
    )


def wishes_flaky(house):
    """Each second run after a landing passes."""
    sign = house.signs / "tried"
    judges(house, f"test -e {sign}", reruns=2)
    house.wishes("Z-1")


def wishes_reverted(house):
    judges(house, "test ! -e Z-1.txt")
    house.wishes("Z-1")


MENDS = "import os; open('Z-1.txt', 'w').write('good' if 'PAWL_FAILURE' in os.environ else 'bad')"


def wishes_mended(house):
    judges(house, "! grep -q bad Z-1.txt", command="{deterministic: false}", repair=1)
    house.wishes("Z-1", command=["python3", "-c", MENDS])


def wishes_unmended(house):
    """Its builder gives up when it is told of the failure."""
    judges(house, "! grep -q bad Z-1.txt", command="{deterministic: false}", repair=1)
    gives_up = 'test -z "$PAWL_FAILURE" && echo bad > Z-1.txt'
    house.wishes("Z-1", command=["sh", "-c", gives_up])


def wishes_frozen(house):
    """Red until somebody commits `mended`."""
    judges(house, "test ! -e Z-1.txt || test -e mended")
    house.wishes("Z-1")


def wishes_innocent(house):
    """Its landing is judged red, and so is the commit before: a person's."""
    judges(house, "test ! -e broken", revert=True)
    house.commits({"broken": "by a person\n"})
    house.wishes("Z-1")


def tries(house):
    (house.signs / "tried").touch()


def mends(house):
    if once(house, "mended"):
        house.commits({"mended": "by a person\n"})


def removes_what_broke(house):
    if once(house, "mended"):
        house.commits({"broken": None})


def waits_for(house, sign):
    """Python for a builder or gate that does not go on before the file *sign* is there."""
    path = json.dumps(str(house.signs / sign))
    return f"import os, time\nwhile not os.path.exists({path}): time.sleep(0.01)\n"


def wishes_patient(house):
    """Its builder does not end before the file `go` is there."""
    code = waits_for(house, "go") + "open('Z-1.txt', 'w').write('made')"
    house.wishes("Z-1", command=["python3", "-c", code])


def once(house, sign):
    """Whether this is the first time, over all processes."""
    try:
        (house.signs / sign).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def writes_the_same_file(house):
    if once(house, "wrote"):
        house.commits({"Z-1.txt": "something else\n"})


def writes_another_file(house):
    if once(house, "wrote"):
        house.commits({"README": "a house that somebody lives in\n"})


def wishes_orphaned(house):
    """Another host had begun with it, and is gone: its lease runs out."""
    house.is_host("1")
    house.wishes("Z-1")
    house.publishes()
    house.dies(Place("builder-start", 1))
    house.is_host("2")


def wishes_permitted(house):
    house.wishes("Z-1", requires_approval=True)


def wishes_granted(house):
    """Its builder fails before the file `granted` is there."""
    sign = house.signs / "granted"
    house.wishes("Z-1", command=["sh", "-c", f"test -e {sign} || exit 3; echo made >Z-1.txt"])


def governs(house, text):
    """Commit a policy of its own."""
    head = "schema: 1\nextends: default-1\nrepo_name: house\npages: {written: false}\n"
    policy = f"{head}{text}"
    house.commits({".pawl/policy.yaml": policy})


CHAIN = """escalation:
- {name: small, model: s, iterations: 1}
- {name: large, model: l, iterations: 1}
- HARD_GATE
pause_points: [large]
"""


def wishes_climbed(house):
    """What the first level builds fails; before the second one a person is asked."""
    governs(house, CHAIN)
    builds = ["sh", "-c", "echo $PAWL_MODEL >Z-1.txt"]
    house.wishes("Z-1", command=builds, tests=[{"run": ["grep", "-q", "l", "Z-1.txt"]}])


def wishes_waived(house):
    """Its test fails; nobody but a person lets that pass."""
    governs(house, "failures: {test_failure: {action: waiver}}\n")
    house.wishes("Z-1", tests=[{"run": ["test", "-s", "other.txt"]}])


def wishes_checked(house):
    """A person is asked before it is begun, after it is built, and before it lands."""
    governs(
        house,
        "approvals: [{at: open, role: approver}, {at: land, role: approver}]\n"
        "checkpoints: [{after: build, name: REVIEW}]\n",
    )
    house.wishes("Z-1")


def approves(house):
    return answers(house, "approval")


def approves_thrice(house):
    return any(answers(house, "approval", number) for number in (1, 2, 3))


def waives(house):
    return answers(house, "waiver")


def resumes(house):
    return answers(house, "resume")


def approves_at_the_hub(house):
    done = answers(house, "approval")
    if done:
        house.git("push", "--quiet", house.hub, "main")
    return done


def grants(house):
    (house.signs / "granted").touch()
    return answers(house, "grant")


def changes_the_policy(house):
    """What is asked is another question then: a second request, which is answered."""
    if once(house, "changed"):
        house.commits({".pawl/policy.yaml": POLICY + "requests: {paths: 100}\n"})
        return True
    return answers(house, "approval", number=2)


def answers(house, kind, number=1):
    """Copy the ready-made answer out of the request, as plain git does it."""
    ref, path = "refs/pawl/missions/Z-1", f"requests/{number}.{kind}.yaml"
    asked = house.git("for-each-ref", ref) and house.git("ls-tree", "-r", "--name-only", ref)
    if path not in asked.splitlines() or not once(house, f"answered-{number}"):
        return False
    lines = house.git("show", f"{ref}:{path}").splitlines()
    reason = 'reason: "it was read, and it is what was asked for"'
    lines = [reason if line.startswith("reason: ") else line for line in lines]
    (name,) = [json.loads(line[4:]) for line in lines if line.startswith("id: ")]
    house.commits({f"waivers/{name}.yaml": "\n".join(lines) + "\n"})
    return True


def stops_the_daemon(house):
    if once(house, "stopped"):
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        (house.signs / "go").touch()


ALONE = Life("alone", wishes_made)
"""The shortest life that lands: for the quick forms of what is not a kill."""
LIVES = (
    Life("landed", wishes_two),
    Life("furnished", wishes_furnished),
    Life("idle", wishes_idle),
    Life("asked", wishes_asked),
    Life("permitted", wishes_permitted, answers=approves),
    Life("granted", wishes_granted, answers=grants),
    Life("climbed", wishes_climbed, answers=resumes),
    Life("waived", wishes_waived, answers=waives),
    Life("checked", wishes_checked, answers=approves_thrice),
    Life("withdrawn", wishes_permitted, answers=changes_the_policy),
    Life("conflicted", wishes_made, {"builder-start": writes_the_same_file}),
    Life("missed", wishes_made, {"land": writes_another_file}),
    Life("stopped", wishes_patient, {"builder-start": stops_the_daemon}),
    Life("published", wishes_made, hub=True),
    Life("taken", wishes_orphaned, hub=True),
    Life("paged", wishes_paged, paged=True),
    Life("flaky", wishes_flaky, {"target-end": tries}),
    Life("reverted", wishes_reverted),
    Life("mended", wishes_mended),
    Life("unmended", wishes_unmended),
    Life("frozen", wishes_frozen, {"revert": mends}),
    Life("innocent", wishes_innocent, {"appended:target-ran+target-judged": removes_what_broke}),
    Life("agreed", wishes_permitted, hub=True, answers=approves_at_the_hub),
)
BY_NAME = {life.name: life for life in (*LIVES, ALONE)}


def distinct(lives=LIVES) -> list[tuple[str, Place]]:
    """Each point's name once, in whatever life has it first; first and last passings by turns."""
    found = {}
    for life in lives:
        last = {place.name: place for place in life.places}
        for place in life.places:
            if place.name not in found:
                chosen = last[place.name] if len(found) % 2 else place
                found[place.name] = (life.name, chosen)
    return list(found.values())


def every(lives=LIVES) -> list[tuple[str, Place]]:
    return [(life.name, place) for life in lives for place in life.places]
