"""What is inside a sandbox, as bwrap's arguments. Pure: a list in, a list out.

Order matters: later mounts cover earlier ones, and the root is made read-only last. Everything the
builder could otherwise fill without a limit (bwrap's own root, /dev) is read-only or sized.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from daemon.sandbox.launcher.wire import MERGED, REPORT, SCRATCH, STAGE

NOBODY = "65534"
WORK_TREE, REPORTS = "/mission", "/report"
REPORT_FILE = f"{REPORTS}/report.xml"
HOME = "/tmp"  # noqa: S108  (the sandbox's own)
ENVIRONMENT = "/environment"
ETC = "etc"
GIVEN, GIVEN_FILE = "given", "/given"
PROXY_PORT = 3128
"""Of the sandbox's own loopback, where there is a proxy."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A prepared folder: *staged* is its name on the stage, *links* names in the root -> inside."""

    staged: str
    writable: bool
    links: tuple[tuple[str, str], ...]


_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
    "--cap-drop", "ALL", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "mission", "--clearenv",
)  # fmt: skip


def options(
    *,
    usr_links: Mapping[str, str],
    mounts: Mapping[str, str],
    env: Sequence[tuple[str, str]],
    cwd: str,
    tmp_bytes: int,
    shm_bytes: int,
    egress: bool = False,
    environment: Environment | None = None,
    given: bool = False,
) -> list[str]:
    """Return bwrap's arguments up to the command.

    *usr_links*: name in the root -> its target in /usr. *mounts*: path inside -> staged name.
    Later entries of *env* win. *egress*: the network namespace is the one bwrap is started in.
    """
    arguments = [*_NAMESPACES, *(["--share-net"] if egress else [])]
    for name, value in {**_own_env(egress=egress), **dict(env)}.items():
        arguments += ["--setenv", name, value]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for name, target in usr_links.items():
        arguments += ["--symlink", target, f"/{name}"]
    arguments += ["--ro-bind", f"{STAGE}/{ETC}", "/etc", "--proc", "/proc", "--dev", "/dev"]
    arguments += _hide_init()
    arguments += ["--size", str(shm_bytes), "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
    arguments += ["--remount-ro", "/dev"]
    arguments += ["--size", str(tmp_bytes), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    for inside, name in mounts.items():
        arguments += ["--ro-bind", f"{STAGE}/{name}", inside]
    if environment is not None:
        how = "--bind" if environment.writable else "--ro-bind"
        arguments += [how, f"{STAGE}/{environment.staged}", ENVIRONMENT]
        for name, target in environment.links:
            arguments += ["--symlink", f"{ENVIRONMENT}/{target}", f"/{name}"]
    if given:
        arguments += ["--ro-bind", f"{STAGE}/{GIVEN}", GIVEN_FILE]
    arguments += ["--bind", f"{STAGE}/{MERGED}", WORK_TREE]
    arguments += ["--bind", f"{STAGE}/{SCRATCH}/{REPORT}", REPORTS]
    arguments += ["--remount-ro", "/", "--chdir", str(PurePosixPath(WORK_TREE, cwd))]
    return arguments


def _hide_init() -> list[str]:
    """Cover /proc/1: bwrap's init runs as the builder does, and reports the command's exit code.

    Through /proc/1/mem a builder could make it report another.
    """
    hidden = "/proc/1"
    return ["--size", "4096", "--perms", "0555", "--tmpfs", hidden, "--remount-ro", hidden]


def _own_env(*, egress: bool) -> dict[str, str]:
    own = {"HOME": HOME, "LANG": "C.UTF-8", "USER": "nobody"}
    if egress:
        # what programs look for is not agreed on: some want the one case, some the other
        proxy = f"http://127.0.0.1:{PROXY_PORT}"
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            own |= {name: proxy, name.upper(): proxy}
        own |= dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1")
    return own
