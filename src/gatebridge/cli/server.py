"""The HTTP server around the application: one process, strict about what it reads, graceful when it stops."""

import uvicorn

from gatebridge.settings.catalogue import Settings

IDLE_SECONDS = 20  # a connection on which nothing is asked for so long is closed (X-HT-08)
MOST_CONNECTIONS = 4096


def config_of(app: object, settings: Settings) -> uvicorn.Config:
    """How the server reads and answers. Forwarded headers are the application's business, which knows whom to trust."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.listen_host,
        port=settings.listen_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=round(settings.graceful_stop_seconds),
        limit_concurrency=MOST_CONNECTIONS,
    )


def run(settings: Settings) -> None:
    """Serve until told to stop: the listener closes first, what has begun is answered, then the turnstile and the worker end."""
    from gatebridge import bootstrap
    from gatebridge.web import logs

    logs.configure(settings.log_level, settings.log_format)
    server = bootstrap.wire(settings)
    with bootstrap.running(server):
        uvicorn.Server(config_of(server.app, settings)).run()
