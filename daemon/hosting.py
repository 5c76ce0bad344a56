"""What the host file says, as the sandbox wants it."""

from pathlib import Path

from daemon.environments.store import Environments
from daemon.outside import Outside
from daemon.sandbox.settings import Builder, SandboxHost
from policy.bus.operation import Limits
from policy.host import Host

SANDBOX, ENVIRONMENTS = "sandbox", "environments"
"""Folders of the state directory, the one in the other."""


def environments_of(outside: Outside) -> Environments:
    """Return the environments a repository has on this host."""
    return Environments(outside.state / SANDBOX / ENVIRONMENTS, sandbox_host(outside.host).builder)


def sandbox_host(host: Host) -> SandboxHost:
    """Return the host's share of every sandbox."""
    builder = host.builder
    return SandboxHost(
        ceilings=Limits.model_validate_json(host.ceilings.model_dump_json()),
        report_bytes=host.report_bytes,
        spill_bytes=host.spill_bytes,
        shm_bytes=host.shm_bytes,
        egress=host.egress,
        egress_proxy=host.egress_proxy,
        egress_limits=host.egress_limits,
        builder=None if builder is None else Builder(uid=builder.uid, gid=builder.gid),
        mounts=tuple(map(Path, host.mounts)),
        path=host.path,
        env=tuple(sorted(host.env.items())),
        engine=host.engine,
        scratch=host.scratch,
        free_bytes=host.free_bytes,
        cgroups=tuple(map(Path, host.cgroups)),
    )
