"""Where this machine gets packages from, asked of pip and npm themselves, as a host file says it.

Nothing of it is written into the project. Where there is no way to a registry the tests fail: that
is what they are about.
"""

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from daemon.cli.toolchains import detect, mounts_of

LOCK = Path(__file__).parents[3] / "requirements" / "dev.lock"
PYTHON = Path(sys.base_prefix)
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_COPIED = (Path("/etc/ssl/certs"), Path("/usr"))
"""What of the host's certificates every sandbox has anyhow."""
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Registry:
    """*egress* is what a policy asks for, *host* what is added to the host file."""

    egress: list[str]
    host: str


def locked(*names: str) -> str:
    """Return the lines of *names* in pawl's own lock file: versions and hashes."""
    entries = re.split(r"\n(?=[a-z])", LOCK.read_text())
    wanted = [entry for entry in entries if entry.partition("==")[0] in names]
    assert len(wanted) == len(names), f"not all of {names} are in {LOCK}"
    return "".join(entry.rstrip("\n") + "\n" for entry in wanted)


def index(requirements: str) -> Registry:
    """Return pip's index and the hosts it sends to for *requirements*."""
    url = _pip("config", "get", "global.index-url", check=False) or os.environ.get(
        "PIP_INDEX_URL", "https://pypi.org/simple"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        report = json.loads(
            _pip(
                "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report",
                "-", "--index-url", url, "--require-hashes", "-r", file.name,
                PIP_CONFIG_FILE=os.devnull, PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="",
            )
        )  # fmt: skip
    files = [each["download_info"]["url"] for each in report["install"]]
    env = {"PIP_INDEX_URL": url, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **_certificate("PIP_CERT")}
    return _registry([url, *files], env, mounts=[PYTHON], path=[PYTHON / "bin"])


def npm() -> Registry:
    """Return npm's registry."""
    url = _said(["npm", "config", "get", "registry"])
    found = detect(Path("/nowhere"), {"PATH": os.environ["PATH"], "HOME": "/nowhere"})
    folders = [folder for toolchain in found for folder in toolchain.path]
    env = {
        "npm_config_registry": url,
        "npm_config_update_notifier": "false",
        **_certificate("NODE_EXTRA_CA_CERTS"),
    }
    return _registry([url], env, mounts=mounts_of(found), path=folders)


def _registry(
    urls: Iterable[str], env: Mapping[str, str], *, mounts: Iterable[Path], path: Iterable[Path]
) -> Registry:
    places = sorted({_place(url) for url in urls})
    asked = [f"{host}:{port}" for host, port in places]
    via = _own_proxy()
    allowed = asked if via else [*asked, *(near for place in places for near in _near(*place))]
    certificates = [Path(env[name]) for name in _CERTIFICATES if name in env]
    needed = [file for file in certificates if not any(map(file.is_relative_to, _COPIED))]
    outside = [str(each) for each in (*mounts, *needed) if not each.is_relative_to("/usr")]
    said = {
        "egress": allowed,
        "env": dict(env),
        "mounts": list(dict.fromkeys(outside)),
        "path": [*map(str, path), "/usr/local/bin", "/usr/bin", "/bin"],
        **({"egress_proxy": via} if via else {}),
    }
    return Registry(asked, yaml.safe_dump(said, sort_keys=False))


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname, f"{url} is no address of a registry"
    assert parts.username is None, "a registry that asks for a password cannot be used here"
    return parts.hostname, parts.port or _PORTS[parts.scheme]


def _near(host: str, port: int) -> list[str]:
    """Return the addresses of a registry of one's own, as a host file has to name them."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    shown = {each: f"[{each}]" if ":" in each else each for each in found}
    return [
        f"{shown[each]}:{port}"
        for each in sorted(found)
        if not ipaddress.ip_address(each).is_global
    ]


def _own_proxy() -> str | None:
    url = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if not url:
        return None
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 80}"


def _certificate(name: str) -> dict[str, str]:
    """Return the bundle of authorities this machine trusts beside the usual ones, as *name*."""
    configured = [_pip("config", "get", "global.cert", check=False)]
    configured += [os.environ.get(variable, "") for variable in _CERTIFICATES]
    return next(({name: file} for file in configured if file), {})


def _pip(*argv: str, check: bool = True, **env: str) -> str:
    return _said([sys.executable, "-m", "pip", *argv], check=check, **env)


def _said(argv: list[str], *, check: bool = True, **env: str) -> str:
    kept = {name: value for name, value in os.environ.items() if env.get(name, value)}
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        env=kept | {k: v for k, v in env.items() if v},
    )
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout.strip() if done.returncode == 0 else ""
