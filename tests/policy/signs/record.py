"""Records what real tools print of small broken projects, for `test_recorded.py`.

Not run by the tests: what was recorded is in `recorded/`, beside the version that printed it. To
record anew, put the tools on PATH (pytest, ruff and mypy in a venv; node with jest, typescript and
eslint; go; cargo; the agents) and run `python -m tests.policy.signs.record [NAME...]`. A tool that
is not there is told, and its files stay as they are. No path of the machine stays in what is
written.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.policy.signs.agents import AGENTS, provider
from tests.policy.signs.projects import CASES, Case

ALL = {**CASES, **AGENTS}
RECORDED = Path(__file__).parent / "recorded"
MOST = 100
"""Lines; more are cut in the middle."""
ENV = {
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "COLUMNS": "80",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "npm_config_userconfig": os.devnull,
}
"""No settings of whoever records."""


def main(names: list[str]) -> int:
    missing = []
    for name in names or ALL:
        case = ALL[name]
        if shutil.which(case.argv[0]) is None:
            missing.append(f"{name}: {case.argv[0]} is not on PATH")
            continue
        (RECORDED / f"{name}.txt").write_text(record(case), encoding="utf-8")
    print("\n".join(missing) or "all recorded")
    return 1 if missing else 0


def record(case: Case) -> str:
    with tempfile.TemporaryDirectory() as place:
        for path, text in case.files.items():
            file = Path(place, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        Path(place).chmod(0o755)
        version = run(case, case.version, place, 9).stdout.splitlines()[0]
        with provider(case.answer) as port:
            ran = run(case, case.argv, place, port)
    command = " ".join(word if " " not in word else f"'{word}'" for word in case.argv)
    head = f"# tool: {version}\n# command: {command}\n# exit: {ran.returncode}\n\n"
    return normal(head + ran.stdout, place)


def run(case: Case, argv: list[str], place: str, port: int) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    home = f"{place}/.home"
    Path(home).mkdir(exist_ok=True)
    own = {name: text.replace("{port}", str(port)) for name, text in case.env.items()}
    env = kept | ENV | {name: text.replace("{home}", home) for name, text in own.items()}
    words = [word.replace("{port}", str(port)) for word in argv]
    return subprocess.run(
        words, cwd=place, env=env, check=False, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def normal(text: str, place: str) -> str:
    """Return *text* without this machine's paths, times and process numbers."""
    for path in sorted({place, str(Path(place).resolve())}, key=len, reverse=True):
        text = text.replace(path, "/project")
    home = str(Path.home())
    text = re.sub(r"/\S*/lib/python3\.\d+/", "/usr/lib/python3/", text)
    text = re.sub(r"/\S*/node_modules/", "/usr/lib/node_modules/", text)
    text = re.sub(r"/\S*/bin/(python3?)[\d.]*", r"/usr/bin/\1", text)
    text = re.sub(r"/usr/lib/go[-\d.]*", "/usr/lib/go", text)
    text = text.replace(home, "/home/user")
    text = re.sub(r"^npm warn .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"(thread '\S+') \(\d+\)|(deps/\w+)-\w+", r"\1\2", text)
    text = re.sub(r"\d\d\d\d-\d\d-\d\dT[\d_:]+Z?", "2026-01-01T00:00:00Z", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(m?s)\b", r"1 \2", text)
    text = re.sub(r"(duration_ms|real) [\d.]+", r"\1 1", text)
    text = re.sub(r"\[\d+:0x[0-9a-f]+\]|0x[0-9a-f]{6,}", "0x0", text)
    text = re.sub(r"/tmp/[\w./-]+", "/tmp/scratch", text)
    text = re.sub(r"127\.0\.0\.1:\d\d+", "127.0.0.1:9999", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "0" * 8, text)
    lines = [line[:1000] for line in text.split("\n")]
    if len(lines) > MOST:
        lines[MOST // 2 : -MOST // 2] = [f"[... {len(lines) - MOST} lines are left out ...]"]
    text = "\n".join(lines)
    return re.sub(r"localhost \S+", "localhost", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
