"""An audit of a served repository by git and ssh-keygen alone.

`python -m tests.independent.audit GITDIR TRUST-FILE`, run where `tests` is. It shares no code with
what it audits, and reads DESIGN 4 anew: whoever changes the format changes it here as well. Prints
each problem on a line and exits 1 if there is one.
"""

import sys

from tests.independent.governed import governed
from tests.independent.landings import on_target
from tests.independent.ledger import ledger, told
from tests.independent.people import decided
from tests.independent.served import Served
from tests.independent.story import closes

LEDGER = "refs/heads/pawl/ledger"
MISSIONS = "refs/pawl/missions/"


def audit(gitdir, trust):
    """Return what is wrong with the repository at *gitdir*, judged by the trust file *trust*."""
    served = Served(gitdir, trust)
    refs = served.refs()
    closed = ledger(served, refs[LEDGER]) if LEDGER in refs else {}
    open_ = {
        ref.removeprefix(MISSIONS): oid for ref, oid in refs.items() if ref.startswith(MISSIONS)
    }
    tips = {**closed, **{one: oid for one, oid in open_.items() if one not in closed}}
    for mission in closed.keys() & open_.keys():
        served.must(open_[mission] == closed[mission], mission, "closed, and open elsewhere")
    stories = {mission: told(served, mission, tip) for mission, tip in tips.items()}
    for mission in closed:
        closes(served, stories[mission])
    for story in stories.values():
        governed(served, story)
    for mission in open_.keys() - closed.keys():
        kinds = [fact["kind"] for fact in stories[mission].facts]
        refs_of_work = f"refs/heads/pawl/work/{mission}"
        served.must(kinds, mission, f"open without a fact ({refs_of_work})")
    if served.target in refs:
        line = served.line(served.target, f"^{served.introduction}")
        on_target(served, line, stories)
        decided(served, stories, line)
    return served.problems


def main():
    problems = audit(*sys.argv[1:])
    print("\n".join(problems) or "nothing is wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
