"""The commands for the machine that the server runs on: they need its settings and its database, and no server.

What they work with is imported where they run: the whole server hangs from it, and the commands of the client need none of it.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gatebridge.cli import at, credentials, show, wishes
from gatebridge.cli.doctor import Check, State, conclude, examine
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.people import Yes
from gatebridge.rules import ids
from gatebridge.rules.apps import PLATFORM_CLI

db = typer.Typer(help="The database's schema.", no_args_is_help=True)


def serve() -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C); what has begun is answered first."""
    from gatebridge.cli import machine
    from gatebridge.cli.server import run

    run(machine.settings())


@db.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the database to this version's schema, and every org to what this version founds one with."""
    from gatebridge.cli import machine
    from gatebridge.cli.server import add_what_is_missing
    from gatebridge.setup.command_line_app import ensure_command_line_app
    from gatebridge.storage import migrate

    with machine.opened() as here:
        before = migrate.revision(here.database)
        migrate.upgrade(here.database)
        after = migrate.revision(here.database)
        added = sum(app is not None for app in here.in_each_org(ensure_command_line_app))
        shared = add_what_is_missing(here.database)
    words = f"The database already stands at {after}." if before == after else f"The database went from {before or 'nothing'} to {after}."
    if added:
        words += f" {added} {'org has' if added == 1 else 'orgs have'} the app of the command line now: gatebridge login."
    if shared:
        words += f" The Salesforce CLI is known now, and installed nowhere: gatebridge apps install {PLATFORM_CLI}."
    show.done(context, words, {"before": before, "after": after, "apps_added": added + shared})


@db.command("check")
def check(context: typer.Context) -> None:
    """Say where the database stands, changing nothing. Ends with 1 when it is not at this version's schema."""
    from gatebridge.cli import machine
    from gatebridge.storage import migrate

    with machine.opened(make=False) as here:
        found, newest = migrate.revision(here.database), migrate.head()
        differences = migrate.differences(here.database) if found == newest else []
    show.done(context, f"The database stands at {found or 'nothing'}; this version needs {newest}.", {"found": found, "needed": newest})
    if found != newest:
        raise Stop(Exit.REFUSED, "Bring it up to date with: gatebridge db upgrade")
    if differences:
        raise Stop(Exit.REFUSED, "The tables differ from this version's:\n" + "\n".join(differences))


@db.command("backup")
def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="The new file that is to hold the copy.")]) -> None:
    """Copy a live SQLite database into a file, whole and of one moment. The master key is not in it: keep that elsewhere."""
    from gatebridge.cli import machine
    from gatebridge.storage import backup as copying

    with machine.opened(make=False) as here:
        try:
            size = copying.copy_to(here.database, file)
        except copying.NotCopied as error:
            raise Stop(Exit.REFUSED, str(error)) from None
    show.done(context, f"{file} holds the database, {size:,} bytes, found whole.", {"file": str(file), "bytes": size})


@db.command("restored")
def restored(context: typer.Context, reason: Annotated[str, typer.Option(help="Which backup it was, and why.")]) -> None:
    """After a backup was put back: end everything that was ever given out, so that nothing that was revoked since lives again."""
    from gatebridge.cli import machine
    from gatebridge.setup.after_restore import AfterRestore, after_restore

    with machine.opened(make=False) as here:
        ended = here.in_each_org(lambda tx, actor: after_restore(tx, actor, AfterRestore(reason)))
    whose = "the org" if len(ended) == 1 else f"{len(ended)} orgs"
    show.done(context, f"Everything that {whose} had given out has ended.", {"orgs": len(ended)})


@db.command("reseal")
def reseal(context: typer.Context) -> None:
    """After the master key was changed: seal under the new one what an older one sealed, some at a time, beside running servers."""
    from gatebridge.cli import machine
    from gatebridge.setup.reseal import Reseal, Resealed
    from gatebridge.setup.reseal import reseal as again
    from gatebridge.storage import names

    done: list[Resealed] = []
    with machine.opened(make=False) as here:
        with here.database.snapshot() as tx:
            org_ids = sorted(names.of_orgs(tx))
        for org_id in org_ids:
            after: str | None = ""
            while after is not None:
                with here.database.transaction() as tx:
                    done.append(again(tx, machine.operator(org_id), Reseal(after)))
                after = done[-1].after
    keys, seeds, closed = (sum(numbers) for numbers in zip(*((one.signing_keys, one.seeds, one.closed) for one in done), strict=True))
    words = f"Sealed anew: {keys:,} signing keys and {seeds:,} authenticator apps."
    show.done(context, words, {"signing_keys": keys, "authenticator_apps": seeds, "closed": closed})
    if closed:
        raise Stop(
            Exit.REFUSED, f"{closed:,} values open under no master key that is given here: is GATEBRIDGE_OLDER_MASTER_KEYS complete?"
        )


def _told(said: str | None, option: str, words: str) -> str:
    """What was said by an option, else what is typed at a prompt, where somebody sits."""
    if said is None and not sys.stdin.isatty():
        raise Stop(Exit.USAGE, f"{words} is missing: say it with {option}.")
    return said if said is not None else str(typer.prompt(words))


def first_admin(
    context: typer.Context,
    username: Annotated[str | None, typer.Option(help="With what the admin signs in. Else a prompt.")] = None,
    email: Annotated[str | None, typer.Option(help="Where the admin is reached. Else a prompt.")] = None,
    org_name: Annotated[str, typer.Option("--org", help="What people call the org.")] = "Main",
    first_name: str = "",
    last_name: str = "",
    password_file: Annotated[
        Path | None, typer.Option(help="A file that holds the password; - reads standard input. Else a prompt.")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Where the command line's credentials go; else its usual file.")] = None,
) -> None:
    """Make the first org and its admin, and credentials for this command line (a file that only you can read)."""
    target = write or credentials.default_file(os.environ)
    if target.exists():
        raise Stop(Exit.USAGE, f"{target} exists and is not overwritten; move it away, or name another file with --write.")
    username, email = _told(username, "--username", "Username of the admin"), _told(email, "--email", "E-mail of the admin")
    password = credentials.secret_from(password_file, "Password of the admin")
    from gatebridge.cli.first_admin import Wanted, found

    made = found(Wanted(org_name, username, email, first_name, last_name, password, target))
    words = f"{org_name} at {made['base_url']} is administered by {username}. The command line's credentials are in {target}."
    show.done(context, words, made)


def recover_user(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="With what the user signs in.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it goes into the audit trail.")],
    host: Annotated[
        str | None, typer.Option("--org", metavar="HOST", help="The host of the user's org, where there is more than one org.")
    ] = None,
    raises: Annotated[
        bool, typer.Option("--raise", help="Where org or profile block who has no second factor, have them ask for one instead.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Take every second factor from a user who has lost them, when no admin is left who could. Gives neither a password nor a right."""
    from gatebridge.cli import machine
    from gatebridge.cli.recover_user import Wanted, look, recover, told

    wanted = Wanted(username, host, reason, raises)
    with machine.opened(make=False) as here:
        with here.database.snapshot() as tx:
            question = look(tx, wanted).question
        at.sure(question, yes)
        with here.database.transaction() as tx:
            lost = recover(tx, wanted)
        words = told(lost, here.settings)
    taken = [{"id": ids.long(each.id), "kind": each.kind, "name": each.name} for each in lost.factors]
    who = {"org": lost.org.host, "user_id": ids.long(lost.user.id), "username": lost.user.username}
    show.done(context, "\n".join(map(show.plain, words)), {**who, "removed": taken, "raised": lost.blocking, "words": words})


STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def doctor(context: typer.Context) -> None:
    """Look at settings, master key, database, clock and disk, and say what is not in order. Changes nothing."""
    console = show.console()
    found: list[dict[str, str]] = []

    def say(check: Check) -> None:
        found.append({"check": check.name, "state": check.state.value, "words": check.words})
        if not wishes.of(context).json:
            console.print(
                Text(f"{check.state.value:>4}", style=STYLES[check.state]), Text(f"{check.name:<13}"), Text(show.plain(check.words))
            )

    try:
        conclude(examine(os.environ), say)
    finally:
        if wishes.of(context).json:
            show.as_json(found)


def run_demo() -> None:
    """Run a server with a demo org and real traffic, for trying things out."""
    from gatebridge.cli import machine
    from gatebridge.demo.run import DemoRefused, run

    try:
        run(machine.settings())
    except DemoRefused as refused:
        raise Stop(Exit.REFUSED, str(refused)) from None
