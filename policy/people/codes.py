"""Why a permission does not count, and why a commit is not believed: closed, one reason each."""

from enum import StrEnum


class Code(StrEnum):
    """By the step of reliability.md 6.3 that says no."""

    # 1: the pinned tip
    READ_ELSEWHERE = "read_elsewhere"
    # 2: the high-water mark
    ROLLED_BACK = "rolled_back"
    # 3: the authenticated chain
    CHAIN_BROKEN = "chain_broken"
    RULES_UNREADABLE = "rules_unreadable"
    # 4: the commit that introduced it
    MERGED_IN = "merged_in"
    MIXED_COMMIT = "mixed_commit"
    EDITED = "edited"
    WRONG_NAME = "wrong_name"
    # 5: its signature
    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    KEY_NOT_YET = "key_not_yet"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    KEY_GONE = "key_gone"
    BAD_SIGNATURE = "bad_signature"
    # 6: whose it is
    MACHINE_KEY = "machine_key"
    NO_ROLE = "no_role"
    OWN_REQUEST = "own_request"
    # 7: what it is bound to
    WRONG_KIND = "wrong_kind"
    WRONG_REPO = "wrong_repo"
    WRONG_REF = "wrong_ref"
    WRONG_MISSION = "wrong_mission"
    WRONG_ATTEMPT = "wrong_attempt"
    WRONG_SPEC = "wrong_spec"
    WRONG_POLICY = "wrong_policy"
    WRONG_GATES = "wrong_gates"
    NOT_WAIVABLE = "not_waivable"
    WRONG_BASE = "wrong_base"
    WRONG_CHANGE = "wrong_change"
    WRONG_PRODUCT = "wrong_product"
    WRONG_DOCUMENT = "wrong_document"
    WRONG_REQUEST = "wrong_request"
    WRONG_REWRITE = "wrong_rewrite"
    # 8: time
    CLOCK_BEHIND = "clock_behind"
    EXPIRED = "expired"
    TTL_TOO_LONG = "ttl_too_long"
    # 9: once, and not taken back
    USED = "used"
    REVOKED = "revoked"
    # 10: the landing is built on what was read
    TARGET_MOVED = "target_moved"
