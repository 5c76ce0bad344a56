"""What is inside a sandbox, as bwrap's arguments. Pure: a list in, a list out.

Order matters: later mounts cover earlier ones, and the root is made read-only last. Everything the
builder could otherwise fill without a limit (bwrap's own root, /dev) is read-only or sized.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from daemon.sandbox.launcher.wire import MERGED, REPORT, SCRATCH, STAGE

NOBODY = "65534"
WORK_TREE, REPORTS = "/mission", "/report"
REPORT_FILE = f"{REPORTS}/report.xml"
HOME = "/tmp"  # noqa: S108  (the sandbox's own)
ETC = "etc"

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
) -> list[str]:
    """Return bwrap's arguments up to the command.

    *usr_links*: name in the root -> its target in /usr. *mounts*: path inside -> staged name.
    Later entries of *env* win.
    """
    arguments = [*_NAMESPACES]
    for name, value in {**_own_env(), **dict(env)}.items():
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


def _own_env() -> dict[str, str]:
    return {"HOME": HOME, "LANG": "C.UTF-8", "USER": "nobody"}
