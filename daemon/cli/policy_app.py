"""The sub-commands of `pawl policy` and their options; imports inside, as in `app`."""
# ruff: noqa: PLC0415  # `pawl status` must not pay for what `pawl policy` needs
# ruff: noqa: FBT002  # parameters are typer's options, nobody passes them by position

from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.exits import Exit

app = typer.Typer(no_args_is_help=True, help="What .pawl/policy.yaml would do.")

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]
Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="DIR", help="Work on the repository DIR is in.", show_default=False),
]
_WHICH = "A commit, or a shipped policy such as default-1."


def _where(context: typer.Context, directory: Path | None) -> Path:
    return (directory or context.obj or Path()).absolute()


def _end(code: Exit) -> None:
    raise typer.Exit(int(code))


@app.command()
def check(
    context: typer.Context,
    directory: Directory = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="REV", help=f"{_WHICH} [default: the work tree's file]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell for every class of failure, tier and gate what would happen; exit 3 if it is wrong."""
    from daemon.cli import policy

    _end(policy.check(_where(context, directory), at, as_json=as_json))


@app.command()
def diff(
    context: typer.Context,
    old: Annotated[
        str | None, typer.Argument(metavar="[A]", help=f"{_WHICH} [default: the one B extends]")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="[B]", help=f"{_WHICH} [default: the work tree's file]")
    ] = None,
    directory: Directory = None,
    as_json: Json = False,
) -> None:
    """Compare two policies as they hold, with what they extend merged in, key by key."""
    from daemon.cli import policy

    _end(policy.diff(_where(context, directory), old, new, as_json=as_json))
