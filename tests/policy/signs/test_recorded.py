"""What real tools print, walked to its class: every recording is here, and every row has one."""

import pytest

from policy.rules.load import shipped_policy
from policy.signs.pattern import compiled
from policy.signs.recognise import recognise, shipped
from tests.policy.signs.conftest import RECORDED

AS_SHIPPED = shipped_policy().policy.classify
NOTHING = None
SAYS = {
    "bash-no-permission": "tool_missing",
    "bash-tool-missing": "tool_missing",
    "cargo-bad-manifest": "build_error",
    "cargo-clippy": "lint_error",
    "cargo-format": "lint_error",
    "cargo-missing-crate": "dependency_error",
    "cargo-no-such-command": "tool_missing",
    "cargo-syntax-error": "syntax_error",
    "cargo-test-failure": "test_failure",
    "cargo-type-error": "type_error",
    "cargo-unreachable": "dependency_error",
    "cargo-unresolved-import": "build_error",
    "eslint-lint": "lint_error",
    "eslint-syntax-error": "syntax_error",
    "gcc-error": "build_error",
    "gcc-missing-header": "dependency_error",
    "gcc-undefined-reference": "build_error",
    "go-build-error": "build_error",
    "go-build-syntax-error": "syntax_error",
    "go-missing-module": "dependency_error",
    "go-missing-std": "dependency_error",
    "go-panic": "test_failure",
    "go-syntax-error": "syntax_error",
    "go-test-failure": "test_failure",
    "go-type-error": "type_error",
    "go-vet": "build_error",
    "jest-assertion": "test_failure",
    "jest-missing-file": "build_error",
    "jest-missing-module": "dependency_error",
    "jest-no-tests": "test_failure",
    "jest-syntax-error": "syntax_error",
    "make-fails": NOTHING,
    "make-no-rule": "build_error",
    "make-tool-missing": "tool_missing",
    "mypy-missing-module": "type_error",
    "mypy-syntax-error": "syntax_error",
    "mypy-type-error": "type_error",
    "node-missing-module": "dependency_error",
    "node-no-memory": "resource_exhausted",
    "node-no-space": "environment_error",
    "node-syntax-error": "syntax_error",
    "node-test-failure": "test_failure",
    "npm-missing-script": "build_error",
    "npm-no-lock": "dependency_error",
    "npm-script-fails": NOTHING,
    "npm-script-tool-missing": "tool_missing",
    "npm-unreachable": "dependency_error",
    "pip-no-such-package": "dependency_error",
    "pip-unreachable": "dependency_error",
    "pytest-assertion": "test_failure",
    "pytest-error-in-fixture": "test_failure",
    "pytest-indentation": "syntax_error",
    "pytest-missing-module": "dependency_error",
    "pytest-missing-name": "test_failure",
    "pytest-no-space": "test_failure",
    "pytest-no-such-path": "test_failure",
    "pytest-no-tests": "test_failure",
    "pytest-prints-429": "test_failure",
    "pytest-quiet": "test_failure",
    "pytest-syntax-error": "syntax_error",
    "pytest-unknown-option": "environment_error",
    "python-connection-refused": "environment_error",
    "python-missing-module": "dependency_error",
    "python-no-locale": "environment_error",
    "python-no-memory": "resource_exhausted",
    "python-no-name-service": "environment_error",
    "python-no-permission": "environment_error",
    "python-no-pytest": "tool_missing",
    "python-no-space": "environment_error",
    "python-syntax-error": "syntax_error",
    "python-traceback": NOTHING,
    "ruff-bad-configuration": "environment_error",
    "ruff-format": "lint_error",
    "ruff-lint": "lint_error",
    "ruff-lint-concise": "lint_error",
    "ruff-syntax-error": "syntax_error",
    "ruff-syntax-error-concise": "syntax_error",
    "shell-no-file": NOTHING,
    "shell-no-space": "environment_error",
    "shell-not-executable": "tool_missing",
    "shell-pytest-missing": "tool_missing",
    "shell-silent": NOTHING,
    "shell-tool-missing": "tool_missing",
    "shell-tool-missing-silent": "tool_missing",
    "tsc-missing-module": "type_error",
    "tsc-syntax-error": "syntax_error",
    "tsc-type-error": "type_error",
    "unittest-failure": "test_failure",
}
OF_BUILDERS = {
    "cargo-missing-crate": "dependency_error",
    "cargo-unreachable": "dependency_error",
    "node-no-memory": "resource_exhausted",
    "node-no-space": "environment_error",
    "npm-unreachable": "dependency_error",
    "pip-no-such-package": "dependency_error",
    "pip-unreachable": "dependency_error",
    "python-connection-refused": "environment_error",
    "python-missing-module": "dependency_error",
    "python-no-memory": "resource_exhausted",
    "python-no-name-service": "environment_error",
    "python-no-space": "environment_error",
    "shell-no-space": "environment_error",
}
"""Of the tools above. The others say nothing of why a builder stopped."""
AGENTS = {
    "claude-down": "provider_error",
    "claude-rate-limit": "rate_limited",
    "claude-rate-limit-text": "rate_limited",
    "claude-refused": "provider_error",
    "claude-too-long": "context_overflow",
    "codex-down": "provider_error",
    "codex-rate-limit": "rate_limited",
    "codex-refused": "provider_error",
    "codex-too-long": "context_overflow",
    "mini-down": "provider_error",
    "mini-rate-limit": "rate_limited",
    "mini-refused": "provider_error",
    "mini-too-long": "context_overflow",
    "opencode-down": "provider_error",
    "opencode-rate-limit": "rate_limited",
    "opencode-refused": "provider_error",
    "opencode-too-long": "context_overflow",
}
"""Of which a gate that runs one says nothing."""
ALL = sorted({**SAYS, **AGENTS})


@pytest.mark.parametrize("name", ALL)
def test_a_recorded_output_of_a_gate_is_of_its_class(recorded, name):
    code, output = recorded(name)
    sign = recognise(output, code, "gate", AS_SHIPPED)
    assert (sign and sign.failure.value) == SAYS.get(name)


@pytest.mark.parametrize("name", ALL)
def test_a_recorded_output_of_a_builder_is_of_its_class(recorded, name):
    code, output = recorded(name)
    sign = recognise(output, code, "builder", AS_SHIPPED)
    assert (sign and sign.failure.value) == {**OF_BUILDERS, **AGENTS}.get(name)


def test_every_recording_is_told_to_its_class():
    assert {file.stem for file in RECORDED.iterdir()} == set(ALL)


def test_every_row_has_a_recording_or_says_that_it_has_none(recorded):
    runs = [recorded(name) for name in ALL]
    for row in shipped():
        alone = AS_SHIPPED.model_copy(update={"rules": (row,)})
        signs = [recognise(*reversed(run), stage, alone) for run in runs for stage in row.stages]
        hit = any(_is_of(row, sign) for sign in signs if sign is not None)
        assert hit or "as documented" in row.why, f"{row.tool}: {row.line} is in no recording"


def _is_of(row, sign):
    if row.line is not None and not compiled(row.line).fullmatch(sign.line):
        return False
    return (sign.tool, sign.failure) == (row.tool, row.failure)


def test_no_recording_names_the_machine_it_was_made_on():
    for file in RECORDED.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "/root" not in text
        assert "site-packages" not in text or "/usr/lib/python3/site-packages" in text
