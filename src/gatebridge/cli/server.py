"""The HTTP server as a command: logs first, then the house, then requests until it is told to stop."""

from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.settings.catalogue import Settings
from gatebridge.storage.database import Database


def run(settings: Settings) -> None:
    """Serve until told to stop: the listener closes first, what has begun is answered, then the turnstile and the worker end."""
    from gatebridge import bootstrap
    from gatebridge.web import logs

    logs.configure(settings.log_level, settings.log_format)
    server = bootstrap.wire(settings)
    with bootstrap.running(server):
        add_what_is_missing(server.house.database)
        bootstrap.serve(server)


def add_what_is_missing(database: Database) -> bool:
    """Give an installation that was founded by an older version the app that all its orgs share. One look where it is there already."""
    from gatebridge.cli import machine
    from gatebridge.setup.platform_cli import ensure_platform_cli
    from gatebridge.storage import apps, orgs

    with database.snapshot() as tx:
        first = orgs.first(tx)
        if first is None or apps.by_consumer_key(tx, PLATFORM_CLI) is not None:
            return False
    with database.transaction() as tx:
        return ensure_platform_cli(tx, machine.operator(first.id)) is not None
