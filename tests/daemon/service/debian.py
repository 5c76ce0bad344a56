"""The root of another Debian, whose systemd is not this host's, and pawl on a machine of it.

    machine = Machine(folder, group, debian.root(cache))
    machine.boots()
    debian.brings_pawl(machine)

It comes from the mirror that this host's own apt is set to, and no pip reaches out from inside:
the wheels are fetched by ours, as it is set up here. Its Python is its own.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.daemon.service.machine import PYTHON, ROOT, Machine

SUITE = "trixie"
PACKAGES = (
    "bubblewrap,ca-certificates,dbus,git,iproute2,libpam-systemd,libseccomp2,openssh-client,"
    "openssh-server,procps,python3,python3-venv,sudo,systemd,systemd-sysv,util-linux"
)
LOCK = ROOT / "requirements" / "run.lock"


class MissingError(Exception):
    """The root cannot be had here, and why."""


def root(cache: Path) -> Path:
    """Return the root below *cache*; it is made if there is none, or one made from other things."""
    made, stamp = cache / "root", cache / "made-from"
    parts = (LOCK.read_bytes(), Path(__file__).read_bytes(), PYTHON.encode())
    want = hashlib.sha256(b"\0".join(parts)).hexdigest()
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != want:
            stamp.unlink(missing_ok=True)
            _empty(made)
            _make(made)
            stamp.write_text(want)
    return made


def brings_pawl(machine: Machine) -> None:
    """Install pawl as it is in this checkout on the booted *machine*, and the audit beside it."""
    carried = machine.folder / "disk" / "srv" / "carried"
    shutil.copytree(ROOT / "tests" / "independent", carried / "tests" / "independent")
    source = carried / "source"
    for name in ("policy", "gitops", "daemon"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", carried, source)
    (wheel,) = carried.glob("*.whl")
    machine.says("cp", "-r", "/srv/carried/tests", str(ROOT))
    install = ("-m", "pip", "install", "-q", "--no-index", "--no-deps")
    machine.says(PYTHON, *install, f"/srv/carried/{wheel.name}")
    shutil.rmtree(carried)


def _make(made: Path) -> None:
    options = ("--variant=minbase", f"--include={PACKAGES}")
    # what it mounts goes with it, also when it is killed
    alone = ("unshare", "--mount", "--propagation", "private")
    _does(*alone, "debootstrap", *options, SUITE, made, _mirror())
    wheels = made / "var" / "tmp" / "wheels"
    version = _inside(made, "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    fetched = ("--only-binary=:all:", "--python-version", version.strip(), "--dest", wheels)
    _pip("download", "--require-hashes", *fetched, "-r", LOCK)
    shutil.copy(LOCK, wheels)
    # where ours is: a test calls pawl by one name on every machine
    _inside(made, "python3", "-m", "venv", sys.prefix)
    install = ("-m", "pip", "install", "-q", "--no-index", "--find-links", "/var/tmp/wheels")
    _inside(made, PYTHON, *install, "--require-hashes", "-r", f"/var/tmp/wheels/{LOCK.name}")
    shutil.rmtree(wheels)


def _mirror() -> str:
    """Return where this host's apt has Debian from."""
    form = "$(REPO_URI) $(COMPONENT) $(LABEL)"
    said = _does("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    found = [line.split()[0] for line in said.splitlines() if line.endswith(" main Debian")]
    if not found:
        raise MissingError("this host's apt has no Debian source, or was never updated")
    return found[0]


def _pip(*argv: str | Path) -> None:
    _does(sys.executable, "-m", "pip", "-q", "--no-input", *argv)


def _inside(made: Path, *argv: str) -> str:
    clean = ("env", "-i", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    return _does(*clean, "chroot", made, *argv)


def _does(*argv: str | Path) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise MissingError(f"there is no {error.filename}") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr + error.stdout).strip().splitlines()[-5:]
        raise MissingError(f"{argv} exited {error.returncode}: {said}") from error
    return done.stdout


def _empty(made: Path) -> None:
    if made.exists():
        shutil.rmtree(made)
