"""The commands and their options. What a command does lies in the module its function imports.

Imports stand inside the functions, because `pawl status` must not pay for what `pawl run` needs.
"""
# ruff: noqa: PLC0415  # for the reason above
# ruff: noqa: FBT002, PLR0917  # parameters are typer's options, nobody passes them by position

from pathlib import Path
from typing import Annotated, Literal

import typer

from daemon.cli.exits import Exit
from daemon.cli.people_app import app as people_app
from daemon.cli.policy_app import app as policy_app
from daemon.cli.service_app import app as service_app

app = typer.Typer(
    name="pawl",
    help="A git-native build daemon: commits in, proven and landed commits out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(people_app)
app.add_typer(policy_app, name="policy")
app.add_typer(service_app, name="service")

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
    peer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="With --introduction: a daemon of another host on the same hub."
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
            peers=tuple(peer or ()),
            as_json=as_json,
        )
    )


@app.command()
def show(
    context: typer.Context, name: Item, directory: Directory = None, as_json: Json = False
) -> None:
    """Tell one mission's story: outcome, gates, every fact."""
    from daemon.cli import show as command

    _end(command.show(_where(context, directory), name, as_json=as_json))


@app.command()
def results(
    context: typer.Context, name: Item, directory: Directory = None, as_json: Json = False
) -> None:
    """Print the results page of a mission."""
    from daemon.cli import show as command

    _end(command.results(_where(context, directory), name, as_json=as_json))


@app.command()
def diff(
    context: typer.Context, name: Item, directory: Directory = None, as_json: Json = False
) -> None:
    """Print what a mission changed: as landed, else its newest candidate or attempt."""
    from daemon.cli import changes

    _end(changes.diff(_where(context, directory), name, as_json=as_json))


@app.command()
def log(
    context: typer.Context,
    name: MaybeItem = None,
    directory: Directory = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what happened, one line a fact; with --json one object a line."""
    from daemon.cli import logs

    _end(logs.log(_where(context, directory), name, follow=follow, as_json=as_json))


@app.command()
def schema(
    kind: Annotated[
        Literal["item", "policy", "host", "permission"],
        typer.Argument(metavar="item|policy|host|permission"),
    ],
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of a file that people write."""
    from daemon.cli import schema as command

    del as_json  # it is JSON anyhow
    _end(command.schema(kind))


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where; a new temporary folder without.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build a small project with good and bad wishes, and show what became of each and why."""
    from daemon.cli import demo as command

    _end(command.demo(None if folder is None else folder.absolute(), as_json=as_json))


@app.command()
def run(
    context: typer.Context,
    directory: Directory = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Instead of -C: the name of its configuration folder."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Serve this repository until told to stop (SIGTERM); logs are on stderr."""
    from daemon.cli import work

    _end(work.run(_where(context, directory), name=name, verbose=verbose))


@app.command()
def once(
    context: typer.Context,
    directory: Directory = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would run; write nothing anywhere.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Work until there is nothing more to do now; never waits for a back-off."""
    where = _where(context, directory)
    if dry_run:
        from daemon.cli import explain

        _end(explain.dry_run(where, as_json=as_json))
    from daemon.cli import work

    _end(work.once(where, as_json=as_json))


@app.command()
def status(
    context: typer.Context,
    directory: Directory = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Again whenever something happens.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell what is open, what ended, what stands in the way."""
    from daemon.cli import status as command

    _end(command.status(_where(context, directory), watch=watch, as_json=as_json))


@app.command()
def explain(
    context: typer.Context,
    name: MaybeItem = None,
    directory: Directory = None,
    as_json: Json = False,
) -> None:
    """Tell for every item why it runs next or does not."""
    from daemon.cli import explain as command

    _end(command.explain(_where(context, directory), name, as_json=as_json))


@app.command()
def metrics(context: typer.Context, directory: Directory = None, as_json: Json = False) -> None:
    """Count what became of all missions: landed without people, escalated, rejected, how fast."""
    from daemon.cli import metrics as command

    _end(command.metrics(_where(context, directory), as_json=as_json))


@app.command()
def doctor(
    context: typer.Context,
    directory: Directory = None,
    accept_tip: Annotated[
        str | None, typer.Option(metavar="OID", help="The target is right where it is: at OID.")
    ] = None,
    accept_introduction: Annotated[
        str | None,
        typer.Option(metavar="OID", help="What the target holds is believed from OID on."),
    ] = None,
    accept_clock: Annotated[
        bool, typer.Option("--accept-clock", help="The clock is right; it was ahead before.")
    ] = False,
    tell: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Tell NAME of `notify` one word, to see it arrive."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at the whole set-up; say what is wrong and what to do about it."""
    where = _where(context, directory)
    if tell is not None:
        from daemon.cli import tell as word

        _end(word.tell(where, tell, as_json=as_json))
    if accept_clock:
        from daemon.cli import accept

        _end(accept.accept_clock(where, as_json=as_json))
    if accept_tip is not None or accept_introduction is not None:
        from daemon.cli import accept

        if accept_introduction is not None:
            _end(accept.accept_introduction(where, accept_introduction, as_json=as_json))
        if accept_tip is not None:
            _end(accept.accept_tip(where, accept_tip, as_json=as_json))
    from daemon.cli import doctor as command

    _end(command.doctor(where, as_json=as_json))


@app.command()
def cleanup(
    context: typer.Context,
    directory: Directory = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Delete work branches of closed missions and old output; nothing that only lies there."""
    from daemon.cli import cleanup as command

    _end(command.cleanup(_where(context, directory), dry_run=dry_run, as_json=as_json))
