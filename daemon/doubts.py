"""What stands against everything, in the log: its beginning and its end, once each."""

from daemon.log import get_logger
from daemon.standing import Standing

_log = get_logger()


def log_doubts(before: Standing, now: Standing) -> None:
    """Log what has begun or ended between two reconciles.

    An error is a person's; what a mission mends by itself is none.
    """
    for why in now.doubts:
        if why not in before.doubts:
            _log.error("frozen", why=why)
    if now.mending is not None and now.mending != before.mending:
        _log.warning("the target is red, and is being seen to", why=now.mending)
    if now.short is not None and before.short is None:
        _log.warning("nothing is started", why=now.short)
    if before.short is not None and now.short is None:
        _log.info("not short any more")
    if before.doubts and not now.doubts and now.mending is None:
        _log.info("not frozen any more")
    if before.mending is not None and not now.doubts and now.mending is None:
        _log.info("the target is green again")
