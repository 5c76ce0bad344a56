"""Deeds under way: which worker does what for which mission.

The main thread hands a deed out after its intent is recorded and takes the outcome back in a later
reconcile; a deed that raised is one that found nothing, and its error rises in the main thread.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from daemon.environments.build import start_build
from daemon.mission.after import judge_target, target_case
from daemon.mission.build import BuilderRun
from daemon.mission.draft import Draft, Outcome
from daemon.mission.judge import case_of, judge_candidate
from daemon.mission.turned import Resting, UnderWay
from daemon.pool import Pool
from daemon.remote.hub import AnyHub
from daemon.site import Site
from daemon.view import View
from policy.bus.operation import Furnished
from policy.furnishing import of_item
from policy.ids import MissionId
from policy.landing.turns import Judging, in_vain
from policy.mission.actions import JudgeCandidate, Prepare, Rest, RunBuilder, RunTarget
from policy.mission.states import claim_of
from policy.mission.world import Unprepared

Deed = Callable[[threading.Event], Outcome]


class Work:
    def __init__(self, site: Site, pool: Pool[Outcome], hub: AnyHub) -> None:
        self._site = site
        self._pool = pool
        self.hub = hub
        self._judging: dict[MissionId, Judging] = {}

    def judging(self) -> tuple[Judging, ...]:
        """Return the candidates whose gates run now."""
        busy = self._pool.under_way()
        self._judging = {one: what for one, what in self._judging.items() if one in busy}
        return tuple(self._judging.values())

    def in_vain(self, mission: MissionId, view: View) -> bool:
        """Return whether the gates that run for *mission* are better begun anew."""
        judging = self._judging.get(mission)
        limits = view.policy().policy.landing
        return judging is not None and in_vain(judging, view.tip.commit, limits)

    def build(self, draft: Draft, view: View, action: RunBuilder) -> UnderWay:
        history, started = view.mission(draft).history, action.started
        run = BuilderRun(
            site=self._site,
            mission=draft.mission,
            started=started,
            account=action.account,
            limits=view.policy().policy.sandbox,
            classify=view.policy().policy.classify,
            usage=view.policy().policy.command.usage,
            before=history.checkpoints,
            furnished=self._furnished(draft, view),
        )
        under = view.policy()

        def deed(stop: threading.Event) -> Outcome:
            return replace(run(stop), under=under)

        return self._start(draft.mission, f"attempt {started.n}: {started.builder}", deed)

    def _furnished(self, draft: Draft, view: View) -> Furnished | None:
        mission = view.mission(draft)
        name = of_item(view.pinned(mission.history), view.policy().policy)
        if name is None:
            return None
        furnishing = view.furnishing(mission)
        if isinstance(furnishing, Unprepared):
            raise TypeError(f"{draft.mission} is built before environment {name} is there")
        return furnishing.base[name]

    def prepare(self, draft: Draft, view: View, action: Prepare) -> Resting:
        """Put the building of an environment under way, unless it is; who needs it waits."""
        wanted = view.missing(view.mission(draft), action.key)
        if wanted is not None:
            start_build(self._site, self._pool, wanted)
        return Resting(Rest(reason="preparing", why=f"environment {action.name} is being built"))

    def judge(self, draft: Draft, view: View, action: JudgeCandidate) -> UnderWay:
        case, under = case_of(draft, view, action), view.policy()

        def deed(stop: threading.Event) -> Outcome:
            self._site.point("gates-start")
            outcome = judge_candidate(self._site, case, stop)
            self._site.point("gates-end")
            return replace(outcome, under=under)

        claim = claim_of(view.mission(draft), view.tip.commit)
        self._judging[draft.mission] = Judging(claim=claim, base=action.candidate.base)
        return self._start(draft.mission, f"gates on {action.candidate.commit[:12]}", deed)

    def judge_target(self, draft: Draft, view: View, action: RunTarget) -> UnderWay:
        case, under, judging = target_case(draft, view, action), view.policy(), action.judging

        def deed(stop: threading.Event) -> Outcome:
            self._site.point("target-start")
            outcome = judge_target(self._site, case, judging, stop)
            self._site.point("target-end")
            return replace(outcome, under=under)

        what = f"gates on the target at {judging.commit[:12]}, run {judging.run}"
        return self._start(draft.mission, what, deed)

    def _start(self, mission: MissionId, what: str, deed: Deed) -> UnderWay:
        def lent(stop: threading.Event) -> Outcome:
            with self._site.working():
                return deed(stop)

        self._pool.start(mission, what, lent)
        return UnderWay(what)
