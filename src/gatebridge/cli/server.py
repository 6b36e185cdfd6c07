"""The HTTP server as a command: logs first, then the house, then requests until it is told to stop."""

from gatebridge.settings.catalogue import Settings


def run(settings: Settings) -> None:
    """Serve until told to stop: the listener closes first, what has begun is answered, then the turnstile and the worker end."""
    from gatebridge import bootstrap
    from gatebridge.web import logs

    logs.configure(settings.log_level, settings.log_format)
    server = bootstrap.wire(settings)
    with bootstrap.running(server):
        bootstrap.serve(server)
