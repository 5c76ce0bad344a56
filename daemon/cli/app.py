"""The commands and their options. What a command does lies in the module its function imports.

Imports stand inside the functions, because `pawl status` must not pay for what `pawl run` needs.
"""
# ruff: noqa: PLC0415  # for the reason above
# ruff: noqa: FBT002, PLR0917  # parameters are typer's options, nobody passes them by position

from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.exits import Exit

app = typer.Typer(
    name="pawl",
    help="A git-native build daemon: commits in, proven and landed commits out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="DIR", help="Work on the repository DIR is in.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]
Item = Annotated[str, typer.Argument(metavar="ID", help="An item's id, or a mission's: ID@2.")]
MaybeItem = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="An item's or a mission's id; all without.")
]


@app.callback()
def pawl(context: typer.Context, directory: Directory = None) -> None:
    context.obj = directory


def _where(context: typer.Context, directory: Path | None) -> Path:
    return (directory or context.obj or Path()).absolute()


def _end(code: Exit) -> None:
    raise typer.Exit(int(code))


@app.command()
def init(
    context: typer.Context,
    directory: Directory = None,
    one_person: Annotated[
        bool, typer.Option("--one-person", help="Who asks may approve too; adds your signing key.")
    ] = False,
    introduction: Annotated[
        str | None,
        typer.Option(metavar="OID", help="Adopt a clone of a repository that is served already."),
    ] = None,
    daemon_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="With --introduction: only read, believing this public key."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve the checked-out branch of this repository."""
    from daemon.cli import begin

    _end(
        begin.run(
            _where(context, directory),
            one_person=one_person,
            introduction=introduction,
            daemon_key=daemon_key,
            as_json=as_json,
        )
    )
