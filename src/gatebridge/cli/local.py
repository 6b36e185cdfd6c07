"""The commands for the machine that the server runs on: they need its settings and its database, and no server."""

import os
from typing import Any

import typer
from rich.text import Text

from gatebridge.cli import machine, show, wishes
from gatebridge.cli.doctor import Check, State, conclude, examine
from gatebridge.cli.exits import Exit, Stop

db = typer.Typer(help="The database's schema.", no_args_is_help=True)


def serve() -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C); what has begun is answered first."""
    from gatebridge.cli.server import run

    run(machine.settings())


@db.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the database to this version's schema."""
    from gatebridge.storage import migrate

    with machine.opened() as here:
        before = migrate.revision(here.database)
        migrate.upgrade(here.database)
        after = migrate.revision(here.database)
    words = f"The database already stands at {after}." if before == after else f"The database went from {before or 'nothing'} to {after}."
    show.done(context, words, {"before": before, "after": after})


@db.command("check")
def check(context: typer.Context) -> None:
    """Say where the database stands, changing nothing. Ends with 1 when it is not at this version's schema."""
    from gatebridge.storage import migrate

    with machine.opened(make=False) as here:
        found, newest = migrate.revision(here.database), migrate.head()
        differences = migrate.differences(here.database) if found == newest else []
    show.done(context, f"The database stands at {found or 'nothing'}; this version needs {newest}.", {"found": found, "needed": newest})
    if found != newest:
        raise Stop(Exit.REFUSED, "Bring it up to date with: gatebridge db upgrade")
    if differences:
        raise Stop(Exit.REFUSED, "The tables differ from this version's:\n" + "\n".join(differences))


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


def verify_all() -> list[dict[str, Any]]:
    """Check the audit chain of every org on this machine. A doubt is told as one, never as good news."""
    from gatebridge.monitoring import audit_heads, audit_trail
    from gatebridge.storage import orgs

    found: list[dict[str, Any]] = []
    with machine.opened(make=False) as here:
        heads: list[audit_heads.OutsideHead] = []
        doubt = ""
        try:
            heads = audit_heads.read(here.settings.audit_heads_file)
        except (OSError, audit_heads.HeadsUnreadable) as error:
            doubt = f"The heads outside the database cannot be read, so a tail that was cut off would not be seen: {error}"
        with here.database.snapshot() as tx:
            page = orgs.list_page(tx, after=None, limit=100)
            while page:
                for org in page:
                    result = audit_trail.verify(tx, org.id, here.keys, heads)
                    if doubt and result.state != "tampered":
                        result = audit_trail.Verification("could_not_check", result.checked, None, doubt)
                    said = {"state": result.state, "checked": result.checked, "first_bad": result.first_bad}
                    found.append({"org": org.name, **said, "words": result.words})
                page = orgs.list_page(tx, after=page[-1].id, limit=100)
    return found


def run_demo() -> None:
    """Run a server with a demo org and real traffic, for trying things out."""
    from gatebridge import demo

    demo.run(machine.settings())
