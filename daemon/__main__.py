"""The command `pawl`: reads arguments, and says in one place how a command that failed ends."""

import atexit
import gc
import os
import sys

from daemon.cli.exits import Exit, RefusedError
from daemon.spared import without_plugins


def main() -> None:
    """Run one command and exit with its code (DESIGN 10)."""
    gc.set_threshold(_KEPT)
    atexit.register(gc.freeze)  # else python looks through it all once more, to end
    without_plugins()
    from daemon.cli.app import app  # noqa: PLC0415  # after the imports that cost nothing

    try:
        app()
    except SystemExit:
        raise  # how typer ends what went well: past `_known`, which loads most of pawl
    except RefusedError as refused:
        _tell(refused)
        sys.exit(refused.code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the answer has enough; python's own flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except _known() as error:
        from daemon.cli.known import refusal_of  # noqa: PLC0415  # only an error pays for it

        _tell(known := refusal_of(error))
        sys.exit(known.code)


def _tell(refused: RefusedError) -> None:
    from daemon.cli import output  # noqa: PLC0415  # as above

    if "--json" in sys.argv:
        output.dump(refused.as_json())
    output.warn(refused.text())


def _known() -> tuple[type[Exception], ...]:
    from daemon.cli.known import KNOWN  # noqa: PLC0415  # asked for only when something rises

    return KNOWN


_KEPT = 50_000
"""New objects between two looks for garbage in circles: what a start and a backlog make is kept,
and looking through it again and again, as python does from 700 on, took a sixth of a command."""
_INTERRUPTED = 130
"""What a shell reports for a program that SIGINT ended."""

if __name__ == "__main__":
    main()
