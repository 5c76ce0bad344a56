"""What a start loads is counted in modules, never in seconds."""

import subprocess
import sys

import pytest

from daemon.spared import absent, hollow


def loads(command: str) -> set[str]:
    """Return the packages a new process has loaded after *command*."""
    tell = f"{command}; import sys; print(*(n.partition('.')[0] for n in sys.modules))"
    argv = [sys.executable, "-c", tell]
    return {*subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()}


def test_a_daemon_starts_without_what_it_never_uses_or_only_later():
    loaded = loads("import daemon.cli.app, daemon.cli.work")
    assert {"pygit2", "pydantic", "structlog"} <= loaded
    assert not loaded & {"rich", "pygments", "requests", "detect_secrets", "jinja2"}
    assert not loaded & {"apprise", "prometheus_client"}


def test_who_looks_for_secrets_loads_nothing_to_send_them_with():
    loaded = loads("import daemon.gates.secrets")
    assert "detect_secrets" in loaded
    assert not loaded & {"requests", "urllib3", "ssl"}


def test_a_command_that_reads_starts_without_what_serves():
    loaded = loads("import daemon.cli.app, daemon.cli.status, daemon.cli.show")
    assert not loaded & {"rich", "structlog", "apscheduler", "watchdog", "asyncio", "requests"}


def test_help_is_given_without_a_policy_or_a_repository():
    code = """
import sys
sys.argv = ["pawl", "--help"]
from daemon.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
"""
    loaded = loads(f"exec({code!r})")
    assert "typer" in loaded
    assert not loaded & {"pydantic", "pygit2", "yaml", "cryptography"}


def test_who_only_names_tests_loads_no_xml():
    assert "xml" not in loads("import daemon.cli.app, daemon.cli.status")


def test_no_plugin_is_asked_how_a_policy_is_read():
    spare = "from daemon.spared import without_plugins; without_plugins()"
    forbid = "from pydantic.plugin import _loader; _loader.entry_points = None"
    assert "pydantic" in loads(f"{spare}; {forbid}; assert not [*_loader.get_plugins()]")


def test_what_was_absent_is_there_afterwards():
    assert loads("import daemon.log, rich.table") >= {"structlog", "rich"}


def test_what_is_absent_cannot_be_imported_meanwhile():
    with pytest.raises(ImportError), absent("this_pawl_does_not_have"):
        __import__("this_pawl_does_not_have")
    assert "this_pawl_does_not_have" not in sys.modules


def test_what_is_loaded_already_stays():
    with absent("json"):
        assert __import__("json").dumps([]) == "[]"


def test_what_is_hollow_has_nothing_in_it_and_is_whole_afterwards():
    with hollow("this_pawl_does_not_have"):
        empty = __import__("this_pawl_does_not_have")
    assert not hasattr(empty, "get")
    assert "this_pawl_does_not_have" not in sys.modules
