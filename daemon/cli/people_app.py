"""The commands by which people commit: decisions, pauses, items; imports inside, as in `app`."""
# ruff: noqa: PLC0415  # `pawl status` must not pay for what `pawl approve` needs
# ruff: noqa: FBT002, PLR0917  # parameters are typer's options, nobody passes them by position

from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.exits import Exit

app = typer.Typer()

Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="DIR", help="Work on the repository DIR is in.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]
Mission = Annotated[str, typer.Argument(metavar="ID", help="An item's id, or a mission's: ID@2.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why, in 20 to 2000 characters; it stays in the history.")
]
Expires = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="12h, 3d or a UTC time. [default: the longest there may be]"),
]
Request = Annotated[
    str | None, typer.Option(metavar="N", help="Only if it is request N that is asked now.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")]
Count = Annotated[int | None, typer.Option(min=1)]


def _where(context: typer.Context, directory: Path | None) -> Path:
    return (directory or context.obj or Path()).absolute()


def _end(code: Exit) -> None:
    raise typer.Exit(int(code))


@app.command()
def inbox(
    context: typer.Context,
    directory: Directory = None,
    why: Annotated[
        bool, typer.Option("--why", help="Also which permissions do not count, and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell what waits for a person, and what answers it."""
    from daemon.cli import inbox as command

    _end(command.inbox(_where(context, directory), why=why, as_json=as_json))


@app.command()
def approve(
    context: typer.Context,
    name: Mission,
    reason: Reason,
    directory: Directory = None,
    expires: Expires = None,
    request: Request = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Commit a signed approval, or the waiver that is asked for."""
    from daemon.cli.decide import Words, decide

    words = Words(reason, expires=expires, request=request, yes=yes)
    _end(decide(_where(context, directory), "approve", name, words, as_json=as_json))


@app.command()
def reject(
    context: typer.Context,
    name: Mission,
    reason: Reason,
    directory: Directory = None,
    request: Request = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Commit a signed rejection: the mission ends BLOCKED."""
    from daemon.cli.decide import Words, decide

    words = Words(reason, request=request, yes=yes)
    _end(decide(_where(context, directory), "reject", name, words, as_json=as_json))


@app.command()
def resume(
    context: typer.Context,
    name: Mission,
    reason: Reason,
    directory: Directory = None,
    expires: Expires = None,
    request: Request = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let a mission that came to a limit go on, once."""
    from daemon.cli.decide import Words, decide

    words = Words(reason, expires=expires, request=request, yes=yes)
    _end(decide(_where(context, directory), "resume", name, words, as_json=as_json))


@app.command()
def grant(
    context: typer.Context,
    name: Mission,
    reason: Reason,
    directory: Directory = None,
    attempts: Count = None,
    iterations: Count = None,
    tokens: Count = None,
    expires: Expires = None,
    request: Request = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give a mission that came to a limit more: attempts, iterations or tokens."""
    from daemon.cli.decide import Words, decide

    words = Words(
        reason,
        expires=expires,
        request=request,
        attempts=attempts,
        iterations=iterations,
        tokens=tokens,
        yes=yes,
    )
    _end(decide(_where(context, directory), "grant", name, words, as_json=as_json))


@app.command()
def abort(
    context: typer.Context,
    name: Mission,
    reason: Reason,
    directory: Directory = None,
    request: Request = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """End a mission that waits: CANCELLED."""
    from daemon.cli.decide import Words, decide

    words = Words(reason, request=request, yes=yes)
    _end(decide(_where(context, directory), "abort", name, words, as_json=as_json))


@app.command()
def revoke(
    context: typer.Context,
    permission: Annotated[
        str, typer.Argument(metavar="PERMISSION", help="Its id: the file's name without .yaml.")
    ],
    reason: Reason,
    directory: Directory = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take a permission back: from that commit on it counts nowhere."""
    from daemon.cli.decide import Words
    from daemon.cli.decide import revoke as command

    _end(command(_where(context, directory), permission, Words(reason, yes=yes), as_json=as_json))


@app.command()
def pause(
    context: typer.Context,
    directory: Directory = None,
    reason: Annotated[str, typer.Option("--reason", help="Is put into the commit.")] = "",
    as_json: Json = False,
) -> None:
    """Commit .pawl/PAUSE to the target: nothing starts, nothing lands."""
    from daemon.cli import edits

    _end(edits.pause(_where(context, directory), reason=reason, as_json=as_json))


@app.command()
def unpause(context: typer.Context, directory: Directory = None, as_json: Json = False) -> None:
    """Remove .pawl/PAUSE from the target: work goes on."""
    from daemon.cli import edits

    _end(edits.unpause(_where(context, directory), as_json=as_json))


@app.command()
def retry(
    context: typer.Context, name: Mission, directory: Directory = None, as_json: Json = False
) -> None:
    """Commit `reopen: n+1` to the item: it runs again."""
    from daemon.cli import edits

    _end(edits.retry(_where(context, directory), name, as_json=as_json))


@app.command()
def cancel(
    context: typer.Context, name: Mission, directory: Directory = None, as_json: Json = False
) -> None:
    """Commit `status: cancelled` to the item: its mission ends."""
    from daemon.cli import edits

    _end(edits.cancel(_where(context, directory), name, as_json=as_json))
