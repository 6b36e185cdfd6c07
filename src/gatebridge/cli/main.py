"""`gatebridge`: the command line. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 nobody answers, 4 no credentials, 5 not confirmed."""

import sys
from functools import cache
from typing import Annotated, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from gatebridge import __version__
from gatebridge.cli import (
    access,
    connect,
    contain,
    credentials_of_apps,
    custom_permissions,
    explain,
    export,
    exposures,
    factors,
    local,
    me,
    org,
    orgs,
    people,
    profiles,
    records,
    replay,
    requests,
    revoke,
    sessions,
    sign_in,
    signing_keys,
    tokens,
    tries,
    validation,
    wishes,
)
from gatebridge.cli.exits import Exit, Stop

HELP = """Gatebridge: every integration is a connected app.

A client of the admin API of the server at --url (or GATEBRIDGE_CLI_URL). It acts as the user of GATEBRIDGE_CLI_TOKEN, else of the
credentials file that --credentials or GATEBRIDGE_CLI_CREDENTIALS names, else of your `gatebridge login`, else of the file
~/.config/gatebridge/credentials.json. A secret is read from a file, from standard input or at a prompt.

Ends with 0 when it is done, 1 when it was refused, 2 when it was typed wrongly, 3 when nobody answers, 4 without credentials that count,
5 when it was not confirmed. `audit verify` ends with 2 when the chain or the login history was tampered with."""


def make_cli() -> typer.Typer:
    """All commands, by what they are about."""
    cli = typer.Typer(name="gatebridge", help=HELP, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)
    cli.callback(help=HELP)(_options)
    cli.add_typer(contain.apps, name="apps")
    cli.add_typer(credentials_of_apps.secrets, name="secrets")
    cli.add_typer(credentials_of_apps.certs, name="certs")
    cli.add_typer(access.access, name="access")
    cli.add_typer(requests.requests, name="requests")
    people.users.add_typer(factors.factors, name="factors")
    cli.add_typer(people.users, name="users")
    cli.add_typer(profiles.profiles, name="profiles")
    cli.add_typer(people.permsets, name="permsets")
    cli.add_typer(custom_permissions.custom_permissions, name="custom-permissions")
    cli.add_typer(org.org, name="org")
    cli.add_typer(orgs.orgs, name="orgs")
    cli.add_typer(signing_keys.signing_keys, name="signing-keys")
    cli.command("login")(sign_in.log_in)
    cli.command("logout")(sign_in.log_out)
    cli.command("whoami")(sign_in.who_am_i)
    cli.command("token")(tokens.get_token)
    cli.add_typer(me.me, name="me")
    cli.command("receipt")(records.open_receipt)
    cli.command("explain")(explain.explain)
    cli.command("try")(tries.try_flow)
    cli.command("validation")(validation.show_validation)
    cli.command("connect")(connect.connect)
    cli.command("replay", epilog=replay.EPILOG)(replay.replay)
    cli.command("exposures")(exposures.list_exposures)
    cli.add_typer(records.history, name="history")
    cli.add_typer(records.usage, name="usage")
    cli.add_typer(records.audit, name="audit")
    cli.command("export", epilog=export.EPILOG)(export.export)
    cli.add_typer(revoke.revoke, name="revoke")
    cli.add_typer(sessions.sessions, name="sessions")
    cli.command("serve")(local.serve)
    cli.add_typer(local.db, name="db")
    cli.command("first-admin")(local.first_admin)
    cli.command("recover-user")(local.recover_user)
    cli.command("doctor")(local.doctor)
    cli.command("run-demo")(local.run_demo)
    return cli


@cache
def make_command() -> TyperGroup:
    """The same, as it is run, with the options that every command takes. Made once: it takes a quarter of the time of a short command."""
    cli = make_cli()
    wishes.add_to(cli)
    return cast("TyperGroup", get_command(cli))


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gatebridge {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version this is.")]


def _options(version: Version = False) -> None:
    """What may stand before the command."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. The script `gatebridge` ends with it."""
    wished = wishes.Wishes()
    try:
        ended = make_command().main(arguments, prog_name="gatebridge", standalone_mode=False, obj=wished)
    except Stop as stop:
        if wished.json and stop.problem is not None:
            from gatebridge.cli import show

            show.as_json(stop.problem)
        typer.echo(stop.words, err=True)
        return stop.code
    except typer.Abort:
        return Exit.STOPPED
    except typer.Exit as exit:
        return exit.exit_code
    except Exception as error:
        said = getattr(error, "format_message", None)
        if said is None:
            raise
        show_usage(error)
        return Exit.USAGE
    return ended if isinstance(ended, int) else Exit.OK


def show_usage(error: Exception) -> None:
    """What was typed wrongly, and how it is written."""
    context = getattr(error, "ctx", None)
    if context is not None:
        typer.echo(context.get_usage(), err=True)
    typer.echo(f"{error.format_message()}", err=True)  # type: ignore[attr-defined]


def script() -> None:
    """The entry point of the installed script."""
    sys.exit(main())
