"""What `doctor` says of people: whom the target lets decide, and whether that can be believed."""

from collections.abc import Iterator
from datetime import datetime

from daemon.cli.exits import Exit
from daemon.cli.finding import Finding, bad
from daemon.cli.place import Place, policy_at
from daemon.clock import SystemClock
from daemon.outside import Outside
from daemon.people.following import REMEMBERED, frozen_by, governing
from daemon.people.keys import keys_at_hand
from daemon.people.times import TIMES, Floor, recorded
from gitops import refs
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.observe import Tip
from gitops.people.chain import Chain, follow
from gitops.people.faith import Faith
from gitops.people.openssh import OpensshError
from gitops.people.remembered import recall
from policy.people.found import Broken
from policy.people.trusted_time import Behind
from policy.problems import Unreadable


def people(place: Place, outside: Outside, tip: Tip) -> Iterator[Finding]:
    for one in keys_at_hand(outside, place.store, tip.tree):
        yield bad("people", str(one), "the daemon does not start before that", Exit.INVALID)
    faith = Faith(outside.trust, governing, outside.host.openssh_s)
    remembered = recall(outside.state / REMEMBERED)
    now = SystemClock().now()
    yield from _clock(place, outside, tip, now)
    try:
        chain = follow(place.store, tip.commit, faith, now=now, remembered=remembered)
    except OpensshError as error:
        yield bad("people", str(error), "nobody can approve anything before that", Exit.ENVIRONMENT)
        return
    yield from _verdict(chain, outside)


def _clock(place: Place, outside: Outside, tip: Tip, now: datetime) -> Iterator[Finding]:
    effective = policy_at(place, tip.tree)
    if isinstance(effective, Unreadable):
        return  # that is said where the policy is
    missions = refs.list_missions(place.store).open
    try:
        times = recorded(place.store, outside.trust.introduction, missions)
    except (MissingObjectError, DamagedObjectError) as error:
        yield bad("clock", f"what was recorded cannot be read: {error}", "", Exit.GIT)
        return
    skew_s = effective.policy.waivers.clock_skew_s
    time = Floor(outside.state / TIMES).time(now, times, skew_s)
    if isinstance(time, Behind):
        yield bad("clock", time.why, "nobody's yes counts before that", Exit.ENVIRONMENT)


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
