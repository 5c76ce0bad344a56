"""The sub-commands of `pawl service` and their options; imports inside, as in `app`."""
# ruff: noqa: PLC0415  # `pawl status` must not pay for what `pawl service` needs
# ruff: noqa: FBT002, PLR0917  # parameters are typer's options, nobody passes them by position

import os
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.exits import Exit

app = typer.Typer(no_args_is_help=True, help="pawl as a systemd service.")

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell; write nothing anywhere.")]
Name = Annotated[str, typer.Argument(metavar="NAME")]
MaybeName = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="The folder below /etc/pawl; as `pawl init` named it."),
]
Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="DIR", help="Work on the repository DIR is in.", show_default=False),
]


def _end(code: Exit) -> None:
    raise typer.Exit(int(code))


@app.command()
def install(
    context: typer.Context,
    name: MaybeName = None,
    directory: Directory = None,
    user_name: Annotated[
        str | None,
        typer.Option(
            metavar="USER", help="Whom it runs as; made where it is missing. [default: pawl]"
        ),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(metavar="GROUP", help="Hand a bare repository to USER, writable by GROUP."),
    ] = None,
    no_start: Annotated[
        bool, typer.Option("--no-start", help="Enable it; start it at the next boot only.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have systemd serve this repository. Repeatable; run it again after an upgrade."""
    from daemon.cli import service

    where = (directory or context.obj or Path()).absolute()
    _end(
        service.install_service(
            where,
            name,
            user=user_name,
            group=share,
            now=not no_start,
            dry_run=dry_run,
            as_json=as_json,
        )
    )


@app.command()
def uninstall(
    name: Name,
    purge: Annotated[
        bool, typer.Option("--purge", help="Also configuration, key and state; not the repository.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Stop it and take it from systemd; configuration, key and state stay."""
    from daemon.cli import service

    _end(service.uninstall_service(name, purge=purge, dry_run=dry_run, as_json=as_json))


@app.command()
def status(name: MaybeName = None, as_json: Json = False) -> None:
    """Tell what systemd and pawl say of it; exits 9 unless both say it is well."""
    from daemon.cli import service_status

    _end(service_status.status(name, as_json=as_json))


@app.command()
def reload(
    name: Name,
    pid: Annotated[int | None, typer.Option(help="The daemon's; ExecReload= gives it.")] = None,
) -> None:
    """Read policy, backlog and repository anew; returns when that has been done."""
    from daemon.cli import service

    _end(service.reload_service(name, pid=pid, environ=os.environ))
