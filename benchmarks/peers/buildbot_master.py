"""Buildbot's configuration: one worker, a change hook, one build of one step.

The master reads it as its `master.cfg`. Ports and the file to tell of builds in come from the
environment.
"""

import os
import time

from buildbot.config import BuilderConfig
from buildbot.plugins import changes, schedulers, steps, worker
from buildbot.process.factory import BuildFactory
from buildbot.util.service import BuildbotService
from twisted.internet import defer

del changes


class Told(BuildbotService):
    """Writes the moment each build ended, on the system's clock, as a line of a file."""

    name = "told"

    @defer.inlineCallbacks
    def startService(self):  # noqa: N802  # Twisted's name
        yield super().startService()
        yield self.master.mq.startConsuming(self._build, ("builds", None, "finished"))
        yield self.master.mq.startConsuming(self._worker, ("workers", None, "connected"))

    def _build(self, _key, build):
        self._say(f"build {build['results']} {time.time_ns()}")

    def _worker(self, _key, _worker):
        self._say("worker")

    def _say(self, line):
        with open(os.environ["PEER_SAYS"], "a") as file:  # noqa: PTH123  # nothing to gain here
            file.write(f"{line}\n")


factory = BuildFactory([steps.ShellCommand(command=["true"])])
BuildmasterConfig = {
    "title": "peer",
    "buildbotURL": "http://127.0.0.1/",
    "workers": [worker.Worker("one", "secret")],
    "protocols": {"pb": {"port": f"tcp:{os.environ['PEER_PB']}:interface=127.0.0.1"}},
    "change_source": [],
    "schedulers": [
        schedulers.AnyBranchScheduler(name="each", treeStableTimer=None, builderNames=["one"])
    ],
    "builders": [BuilderConfig(name="one", workernames=["one"], factory=factory)],
    "www": {
        "port": f"tcp:{os.environ['PEER_WWW']}:interface=127.0.0.1",
        "change_hook_dialects": {"base": True},
    },
    "services": [Told()],
    "db": {"db_url": "sqlite:///state.sqlite"},
    "buildbotNetUsageData": None,
}
