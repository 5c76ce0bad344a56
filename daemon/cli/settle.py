"""What `pawl init` writes outside the repository, and the ledger's root in it."""

from pathlib import Path

from daemon.cli.place import Place
from daemon.cli.toolchains import Toolchain, mounts_of
from daemon.clock import SystemClock
from daemon.outside import KEY_FILE, Outside, builder_for, write
from gitops import highwater, refs
from gitops.highwater import HighWater
from gitops.ledger import create_ledger_root
from gitops.signing import DaemonKey
from policy.host import DEFAULT_PATH, Host
from policy.ids import CommitId
from policy.people.trust import Mode, Trust


def settle(
    place: Place,
    name: str,
    *,
    introduction: CommitId,
    tip: CommitId,
    branch: str,
    mode: Mode,
    toolchains: tuple[Toolchain, ...],
    daemon_key: str | None = None,
    peers: tuple[str, ...] = (),
) -> Outside:
    """Write key, host file and trust file, and begin the ledger.

    Repeatable; a key is kept, and a host file: it is the operator's.

    *tip* is where the branch is or will be. *daemon_key* is another daemon's public key: then
    its ledger is believed and none is begun here.
    """
    config = place.roots.config / name
    config.mkdir(parents=True, exist_ok=True, mode=0o700)
    if daemon_key is None:
        key = _key(config / KEY_FILE)
        create_ledger_root(place.store, key, at=int(SystemClock().now().timestamp()))
        daemon_key = key.public
    trust = Trust(
        schema=1,
        introduction=introduction,
        target=branch,
        daemon_key=daemon_key,
        peers=peers,
        mode=mode,
    )
    outside = write(place.roots, name, _kept(place, name) or _host(place, toolchains), trust)
    # What is there when a person says "trust this" is what was seen last: without a mark the
    # daemon would only observe.
    seen = HighWater(target=tip, ledger=refs.read(place.store, refs.LEDGER))
    highwater.write(outside.mark, seen)
    return outside


def _key(path: Path) -> DaemonKey:
    return DaemonKey.load(path) if path.exists() else DaemonKey.generate(path)


def _kept(place: Place, name: str) -> Host | None:
    known = place.outside
    return known.host if isinstance(known, Outside) and known.name == name else None


def _host(place: Place, toolchains: tuple[Toolchain, ...]) -> Host:
    first = [str(folder) for toolchain in toolchains for folder in toolchain.path]
    return Host(
        schema=1,
        git_dir=str(place.gitdir),
        builder=builder_for(place.gitdir),
        mounts=tuple(map(str, mounts_of(toolchains))),
        path=tuple(dict.fromkeys((*first, *DEFAULT_PATH))),
        # the most specific comes first, so it is set last
        env={name: value for one in reversed(toolchains) for name, value in one.env},
    )
