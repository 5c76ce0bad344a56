"""Failure classes and where they come from: a closed set, every class routed by policy."""

from enum import StrEnum
from typing import Literal

Origin = Literal["item", "environment", "provider", "policy"]
"""Only `item` counts against an item (DESIGN 7)."""


class FailureClass(StrEnum):
    TEST_FAILURE = "test_failure"
    REGRESSION = "regression"
    TEST_TAMPERING = "test_tampering"
    REPORT_MISSING = "report_missing"
    ALREADY_GREEN = "already_green"
    TEST_NOT_RED = "test_not_red"
    SYNTAX_ERROR = "syntax_error"
    LINT_ERROR = "lint_error"
    TYPE_ERROR = "type_error"
    BUILD_ERROR = "build_error"
    TEST_TIMEOUT = "test_timeout"
    TIMEOUT = "timeout"
    TEST_FLAKE = "test_flake"
    VALIDATION_ERROR = "validation_error"
    SCOPE_VIOLATION = "scope_violation"
    PROTECTED_PATH = "protected_path"
    DIFF_LIMIT = "diff_limit"
    SECRET_FOUND = "secret_found"  # noqa: S105 - a class name, not a secret
    TREE_MISMATCH = "tree_mismatch"
    OWNERSHIP = "ownership"
    INCOMPLETE_HANDOFF = "incomplete_handoff"
    REVIEW_REJECTION = "review_rejection"
    FALSE_CLAIM = "false_claim"
    NO_CHANGES = "no_changes"
    MERGE_CONFLICT = "merge_conflict"
    CONTEXT_OVERFLOW = "context_overflow"
    HALLUCINATION_API = "hallucination_api"
    INCOMPLETE_IMPLEMENTATION = "incomplete_implementation"
    DEPENDENCY_ERROR = "dependency_error"
    ENVIRONMENT_ERROR = "environment_error"
    PROVIDER_ERROR = "provider_error"
    RATE_LIMITED = "rate_limited"
    TOOL_MISSING = "tool_missing"
    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    WORKSPACE_LOST = "workspace_lost"
    UNKNOWN = "unknown"
