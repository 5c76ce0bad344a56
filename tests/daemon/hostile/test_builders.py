"""Builders that want out, or leave what no tree may hold: each gets its reason, the rest goes on.

All of them run in one house, one after the other: what one left behind would meet the next.
"""

import os
import socket
import subprocess
import textwrap

import pytest


@pytest.fixture
def canary(tmp_path):
    """A folder anybody on the host may write to."""
    top = tmp_path / "canary"
    (top / "folder").mkdir(parents=True)
    for path in (top / "file", top / "folder" / "file"):
        path.write_text("canary-value\n")
        path.chmod(0o666)
    for path in (top, top / "folder"):
        path.chmod(0o777)
    return top


def fingerprint(top):
    """What is in a folder: names, modes, times, contents."""
    return [
        (path, path.lstat().st_mode, path.lstat().st_mtime_ns, content_of(path))
        for path in sorted(top.rglob("*"))
    ]


def content_of(path):
    if path.is_symlink():
        return path.readlink()
    return path.read_bytes() if path.is_file() else None


@pytest.fixture
def hires(house):
    """`hires("B-1", script)`: a wish whose builder writes `B-1.txt`, then runs *script*."""

    def hire(name, script, **keys):
        program = f"set -e; echo made by {name} > {name}.txt\n{textwrap.dedent(script)}"
        keys = {"write_scope": ["**"], "command": ["sh", "-c", program], **keys}
        house.wishes(name, tests=[{"run": ["test", "-s", f"{name}.txt"]}], **keys)

    return hire


def py(code, otherwise="false"):
    return f"python3 - <<'END' || {otherwise}\n{textwrap.dedent(code)}\nEND"


REFUSED = {
    "fifo": ("mkfifo pipe", "fifo pipe"),
    "socket": (
        py("import socket; socket.socket(socket.AF_UNIX).bind('sock')"),
        "socket sock",
    ),
    "nested": ("git init -q inner; echo x > inner/x", "nested_repository inner/.git"),
    "hollow": ("mkdir -p x/.git", "nested_repository x/.git"),
    "gitfile": ("mkdir x; echo 'gitdir: /etc' > x/.git", "nested_repository x/.git"),
    "alike": ("mkdir -p x/.GIT; echo 1 > x/.GIT/config", "bad_name x/.GIT"),
    "dos": ("mkdir -p x/git~1; echo 1 > x/git~1/config", "bad_name x/git~1"),
    "hidden": (py("import os; os.makedirs('x/.g' + chr(0x200c) + 'it')"), "bad_name x/"),
    "deep": (
        py("import os\nfor _ in range(4000): os.mkdir('d'); os.chdir('d')"),
        "too_deep d/d/d",
    ),
    "sparse": ("truncate -s 1T big || truncate -s 1G big", "file_too_large big"),
    "bulk": ("for i in 1 2 3 4 5; do truncate -s 60M big$i; done", "too_large big5"),
}
"""Nothing of these is stored: the work tree itself is refused."""

BARRED = {
    "absolute": ("ln -s /etc/passwd link", "its target is absolute"),
    "upwards": ("mkdir d; ln -s ../../../etc/passwd d/link", "its target leaves the tree"),
    "around": ("ln -s d/../../etc link", "`..` after a name"),
    "newline": ("touch 'a\nb'", "control character"),
    "bytes": ("touch $(printf 'a\\377b')", "not UTF-8"),
    "twins": ("touch Readme", "are one name where case does not count"),
    "accents": ("touch $(printf 'e\\314\\201') $(printf '\\303\\251')", "are one name"),
}
"""These are checkpoints, as evidence; the gate `tree` bars them."""


def test_what_no_tree_may_hold_is_refused_and_the_rest_goes_on(house, hires, canary):
    for name, (script, _) in {**REFUSED, **BARRED}.items():
        hires(name, script)
    house.wishes("ZZ-1", priority="P3")
    before, around = house.tip(), fingerprint(canary)
    house.runs()
    assert house.subjects(f"{before}..main") == ["make ZZ-1.txt"]
    for name, (_, said) in {**REFUSED, **BARRED}.items():
        summary = house.summary(name)
        assert (summary["outcome"], summary["reason"]) == ("BLOCKED", "workspace_rejected"), name
        assert said in summary["why"], name
    stored = house.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    for name in REFUSED:
        left = house.git("hash-object", "--stdin", stdin=f"made by {name}\n")
        assert left not in stored, name
    assert fingerprint(canary) == around
    assert house.git("fsck", "--strict", "--no-dangling") == ""
    assert house.git("status", "--porcelain") == ""


HARMLESS = {
    "device": ("mknod null c 1 3 || true; mknod block b 7 0 || true", {"device.txt"}),
    "hard-link": ("ln README twin; ln -f twin other", {"hard-link.txt", "twin", "other"}),
    "locked": (
        "mkdir d; echo 1 > d/f; echo 2 > g; chmod 000 d/f g d; chmod 000 .",
        {"locked.txt", "d/f", "g"},
    ),
    "setuid": ("echo x > tool; chmod 6755 tool", {"setuid.txt", "tool"}),
    "killer": ("sleep 1000 & kill -9 -1 || true; kill -9 1 || true", {"killer.txt"}),
    "repository": (
        """
        printf '#!/bin/sh\\ntouch %s/hooked\\n' "$CANARY" > .git/watch
        cp .git/watch .git/post-commit; git config core.fsmonitor "$PWD/.git/watch"
        git config core.hooksPath .git
        chmod +x .git/watch .git/post-commit; git add -A; git commit -qm mine || true
        rm -rf .git; ln -s "$CANARY" .git
        """,
        {"repository.txt"},
    ),
    "pointer": ('rm -rf .git; echo "gitdir: $HOUSE/.git" > .git', {"pointer.txt"}),
    "canary": (
        """
        rm -rf "$CANARY"/* || true; mkdir -p "$CANARY" || true; echo x > "$CANARY/file" || true
        cat "$CANARY/file" "$HOUSE/README" "$HOUSE/.git/HEAD" "$STATE"/* /etc/shadow > found || true
        ls -R "$CONFIG" "$STATE" /root /home >> found 2> /dev/null || true
        if grep -E 'canary-value|a house|ref: |root:|ed25519|lock' found; then exit 3; fi
        rm found
        """,
        {"canary.txt"},
    ),
}
"""Nothing of these reaches further than their own change, which lands."""


def test_what_reaches_for_the_outside_reaches_nothing(house, hires, canary):
    places = {
        "CANARY": canary,
        "HOUSE": house.path,
        "STATE": house.outside.state,
        "CONFIG": house.outside.config,
    }
    said = "".join(f"export {key}={value}\n" for key, value in places.items())
    for name, (script, _) in HARMLESS.items():
        hires(name, said + textwrap.dedent(script))
    around = fingerprint(canary)
    house.runs()
    assert fingerprint(canary) == around
    for name, (_, changed) in HARMLESS.items():
        summary = house.summary(name)
        assert summary["outcome"] == "PASS", (name, summary["why"])
        landed = house.git("show", "--format=", "--name-only", summary["landed"]).splitlines()
        assert set(landed) == changed | {f"backlog/{name}.yaml"}, name
    assert house.git("fsck", "--strict", "--no-dangling") == ""
    assert house.git("status", "--porcelain") == ""
    state = house.outside.state.rglob("*")
    assert [path for path in state if path.lstat().st_mode & 0o6000] == []


@pytest.fixture
def listening():
    """A port of the host, and a unix name without a file."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
    ):
        unix.bind(f"\0pawl-canary-{os.getpid()}")
        unix.listen()
        yield tcp.getsockname(), unix.getsockname().decode()


def test_no_network_is_reached(house, hires, listening):
    hires(
        "caller",
        py(
            f"""
            import socket, sys
            for family, address in (
                (socket.AF_INET, {listening[0]!r}),
                (socket.AF_INET, ("1.1.1.1", 53)),
                (socket.AF_INET6, ("2606:4700:4700::1111", 53)),
                (socket.AF_UNIX, {listening[1]!r}),
            ):
                try: socket.socket(family).connect(address)
                except OSError: continue
                sys.exit(f"reached {{address}}")
            try: socket.getaddrinfo("example.org", 80)
            except OSError: pass
            else: sys.exit("resolved")
            """
        ),
    )
    house.runs()
    assert house.ended("caller") == ("PASS", "landed"), house.summary("caller")["why"]


def test_a_child_that_lives_on_is_gone_before_the_tree_is_read(house, hires):
    token = f"1000.{os.getpid():010}"
    hires(
        "parent",
        f"(setsid sh -c 'sleep {token} & while :; do echo more >> late; done' > /dev/null 2>&1 &)",
    )
    house.runs()
    assert house.ended("parent") == ("PASS", "landed"), house.summary("parent")["why"]
    assert house.git("fsck", "--strict", "--no-dangling") == ""
    alive = subprocess.run(["pgrep", "-f", token], capture_output=True, text=True, check=False)
    assert alive.stdout == ""


FILES = "import os\nfor n in range(1_000_000): os.close(os.open(f'f{n}', os.O_CREAT | os.O_WRONLY))"


@pytest.mark.parametrize(
    ("inodes", "gigabytes"),
    [(30_000, 1), pytest.param(1_000_000, 10, marks=pytest.mark.faults)],
    ids=["quick", "whole"],
)
def test_a_million_files_and_gigabytes_of_words_cost_little(
    house, hires, policy, inodes, gigabytes
):
    policy(f"sandbox: {{builder: {{scratch_inodes: {inodes}, output_bytes: 4096}}}}")
    hires("files", py(FILES, otherwise="true"))
    hires("talker", f"yes | head -c {gigabytes}G")
    house.runs()
    summary = house.summary("files")
    assert summary["reason"] == "workspace_rejected"
    assert "too_many_files" in summary["why"]
    assert house.ended("talker") == ("PASS", "landed"), house.summary("talker")["why"]
    ended = next(fact for fact in house.facts("talker") if fact.kind == "attempt-ended")
    assert ended.output.size == gigabytes * 2**30
    counted = dict(line.split(": ") for line in house.git("count-objects", "-v").splitlines())
    assert int(counted["size-pack"]) + int(counted["size"]) < 200


DETOURS = {
    "absolute": ("rm -rf docs; ln -s /etc docs", "scope_violation"),
    "beside": ("rm -rf docs; ln -s src docs; echo evil > docs/code", "scope_violation"),
    "out-and-in": ("rm -rf docs; ln -s ../mission/src docs", "scope_violation"),
    "inside": ("ln -s ../src docs/more; echo evil > docs/more/code", "scope_violation"),
    "link-only": ("ln -s ../../etc docs/more", "workspace_rejected"),
    "to-policy": ("ln -s ../.pawl/policy.yaml docs/more", "protected_path"),
    "renamed": ("mv src/code docs/code", "scope_violation"),
    "mode": ("chmod +x src/code", "scope_violation"),
    "case": ("mkdir DOCS; echo 1 > DOCS/page", "scope_violation"),
}


def test_no_link_leads_a_change_around_its_scope(house, hires, canary):
    house.commits({"docs/page": "a page\n", "src/code": "some code\n"})
    for name, (script, _) in DETOURS.items():
        hires(name, script, write_scope=["docs/**", f"{name}.txt"])
    before, around = house.tip(), fingerprint(canary)
    house.runs()
    ends = {name: house.ended(name) for name in DETOURS}
    assert ends == {name: ("BLOCKED", reason) for name, (_, reason) in DETOURS.items()}
    assert house.tip() == before
    assert fingerprint(canary) == around
