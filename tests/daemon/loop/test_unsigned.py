"""A repository where nobody signs says so on every page and every line."""

import structlog

from gitops import ledger


def test_results_requests_and_log_lines_say_the_mode(house):
    house.wishes("H-1", command=["false"])
    house.wishes("H-2", command=["sh", "-c", "kill -9 $$"])
    lines = []

    def note(name):
        lines.append(structlog.contextvars.get_contextvars())

    house.runs(point=lambda name: note(name) if name.startswith("append:") else None)
    assert lines
    assert all(line["mode"] == "unsigned-local" for line in lines)
    assert all(line["epoch"] == 1 for line in lines)
    assert "mode" not in structlog.contextvars.get_contextvars()
    results = ledger.read_closed_file(house.store, "H-1", "RESULTS.md")
    assert b"mode unsigned-local" in results
    names = house.git("ls-tree", "-r", "--name-only", "refs/pawl/missions/H-2").splitlines()
    (request,) = [name for name in names if name == "requests/1.yaml"]
    assert 'mode: "unsigned-local"' in house.git("show", f"refs/pawl/missions/H-2:{request}")
