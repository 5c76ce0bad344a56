"""Structured logs on stderr: JSON where no person reads, console where one does.

Bound to every line: mission, step and epoch where they are known. Nothing on stdout: that is the
command's answer. Where no person reads, every line is JSON: what libraries log, warn of and die of
as well, else whoever parses the journal stumbles over the one line that matters most.
"""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

from daemon.spared import absent

with absent("rich"):  # tracebacks are written by python's own hand here
    import structlog

get_logger = structlog.get_logger
bound = structlog.contextvars.bound_contextvars
"""Binds to every line within a `with`."""

_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2, "exception": 3}
"""syslog(3): what `journalctl -p` asks for."""


def configure(*, console: bool, verbose: bool) -> None:
    """Set up structlog once, at the start of a command."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if console
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    marked: list[structlog.types.Processor] = (
        [_marked] if not console and is_journal(sys.stderr, os.environ) else []
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *([_keep_level] if marked else []),
            renderer,
            *marked,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    if not console:
        _take_over()


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether *stream* goes to the journal itself: systemd.exec(5), $JOURNAL_STREAM."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


_level = threading.local()


def _keep_level(_logger: object, method: str, event: structlog.types.EventDict) -> Any:
    _level.value = _PRIORITY.get(method, _PRIORITY["info"])
    return event


def _marked(_logger: object, _method: str, line: Any) -> str:
    """Put the priority in front; journald takes it off again (sd-daemon(3))."""
    return f"<{_level.value}>{line}"


class _Through(logging.Handler):
    """What a library logs, as a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get_logger().bind(logger=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _take_over() -> None:
    logging.basicConfig(handlers=[_Through()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    if not sys.warnoptions:
        warnings.simplefilter("default")
    sys.excepthook = _died
    threading.excepthook = _thread_died
    sys.unraisablehook = _unraisable


def _died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    get_logger().critical("ended by an error nobody expected", exc_info=(kind, error, trace))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    trace = (args.exc_type, args.exc_value, args.exc_traceback)
    get_logger().error("a thread died", thread=name, exc_info=trace)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    get_logger().error(
        "an error nobody could be told of",
        where=repr(args.object),
        exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
    )
