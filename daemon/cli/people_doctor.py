"""What `doctor` says of people: whom the target lets decide, and whether that can be believed."""

from collections.abc import Iterator

from daemon.cli.exits import Exit
from daemon.cli.finding import Finding, bad
from daemon.cli.place import Place
from daemon.clock import SystemClock
from daemon.outside import Outside
from daemon.people.following import REMEMBERED, frozen_by, governing
from daemon.people.keys import keys_at_hand
from gitops.observe import Tip
from gitops.people.chain import Chain, follow
from gitops.people.faith import Faith
from gitops.people.openssh import OpensshError
from gitops.people.remembered import recall
from policy.people.found import Broken


def people(place: Place, outside: Outside, tip: Tip) -> Iterator[Finding]:
    for one in keys_at_hand(outside, place.store, tip.tree):
        yield bad("people", str(one), "the daemon does not start before that", Exit.INVALID)
    faith = Faith(outside.trust, governing, outside.host.openssh_s)
    remembered = recall(outside.state / REMEMBERED)
    now = SystemClock().now()
    try:
        chain = follow(place.store, tip.commit, faith, now=now, remembered=remembered)
    except OpensshError as error:
        yield bad("people", str(error), "nobody can approve anything before that", Exit.ENVIRONMENT)
        return
    yield from _verdict(chain, outside)


def _verdict(chain: Chain, outside: Outside) -> Iterator[Finding]:
    doubt = frozen_by(chain)
    if doubt is not None:
        yield bad("people", doubt.why, "", Exit.ENVIRONMENT)
    elif isinstance(chain.verdict, Broken):
        said = f"nobody can approve anything: {chain.verdict.commit}: {chain.verdict.why}"
        then = "commit `.pawl/approvers`, then pawl doctor --accept-introduction with that commit"
        yield Finding("people", "note", said, then)
    elif outside.trust.mode == "unsigned-local":
        yield Finding("people", "note", "mode unsigned-local: whoever commits here decides")
    else:
        names = sorted({one.principal for one in chain.state.approvers})
        who = ", ".join(names) or "nobody yet: what needs a person waits"
        yield Finding("people", "good", f"who may decide: {who}")
    for each in chain.state.doubts:
        yield bad("people", each, "", Exit.INVALID)
