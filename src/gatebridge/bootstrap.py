"""The only wiring: settings become keys, database, turnstile, worker and the web app."""

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from gatebridge.crypto import master_key
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.crypto.sealing import MasterKeys
from gatebridge.crypto.secrets import Secret
from gatebridge.delivery.backchannel import Backchannel
from gatebridge.delivery.courier import Delivery
from gatebridge.delivery.email import FileMailer, SmtpMailer
from gatebridge.delivery.file import HeadsFile
from gatebridge.monitoring import audit_heads
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.logouts import LogoutDesk, Spreading
from gatebridge.records import logouts
from gatebridge.settings.catalogue import Settings
from gatebridge.storage import migrate
from gatebridge.storage.database import Clock, Database, open_database, utc_now
from gatebridge.web.app import make_app
from gatebridge.web.house import House, Limits
from gatebridge.web.turnstile import Turnstile
from gatebridge.worker import Worker

IDLE_SECONDS = 20  # a connection on which nothing is asked for so long is closed (X-HT-08)
MOST_CONNECTIONS = 4096


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is wired and not started yet."""

    settings: Settings
    house: House
    app: ASGIApp
    worker: Worker


def find_keys(settings: Settings) -> MasterKeys:
    """The master keys that the settings name. In development one is made where there is none; production refuses to invent one."""
    return master_key.find(
        given=settings.master_key.get_secret_value() if settings.master_key else None,
        older=[key.get_secret_value() for key in settings.older_master_keys],
        file=settings.master_key_file,
        make_at=settings.make_master_key_at,
        random=os.urandom,
    )


def open_at(settings: Settings, keys: MasterKeys, clock: Clock | None = None) -> Database:
    """The database that the settings name. A missing directory of an SQLite file is made, for nobody else to look into."""
    if settings.database_url.startswith("sqlite"):
        settings.var_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_database(
        settings.database_url,
        keys,
        clock=clock,
        pool_size=settings.database_pool_size,
        connect_timeout=max(1, round(settings.database_timeout_seconds)),
        statement_timeout=max(1, round(settings.statement_timeout_seconds)),
    )


def deliveries(settings: Settings, database: Database, keyring: Keyring) -> dict[str, Delivery]:
    """Who carries out what the outbox holds, by kind."""
    return {
        "audit_head": HeadsFile(settings.audit_heads_file),
        "mail": mailer(settings),
        logouts.KIND: Backchannel(LogoutDesk(database, keyring), settings.outbound_networks),
        logouts.OF_APP_KIND: Spreading(database),
    }


def mailer(settings: Settings) -> Delivery:
    """Who sends mail: the mail server that is named, or else files, so that a new installation needs none."""
    if settings.smtp_host is None:
        return FileMailer(settings.mail_directory, settings.mail_from)
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        sender=settings.mail_from,
        username=settings.smtp_username,
        password=Secret(settings.smtp_password.get_secret_value()) if settings.smtp_password is not None else None,
    )


def wire(settings: Settings, *, clock: Clock | None = None, light_hashes: bool = False) -> Server:
    """Everything that one process needs, from its settings. Touches the database only to bring it to this version's schema.

    `light_hashes`: passwords cost next to nothing, for a story that is lived through and not for people.
    """
    keys = find_keys(settings)
    hasher = partial(PasswordHasher, parallel=os.cpu_count() or 1, random=os.urandom)
    database = open_at(settings, keys, clock)
    migrate.upgrade(database)
    turnstile = Turnstile(database, workers=settings.turnstile_workers, batch=settings.turnstile_batch, limit=settings.request_queue_limit)
    house = House(
        database=database,
        keys=keys,
        hasher=hasher(memory_kib=64, passes=1) if light_hashes else hasher(),
        turnstile=turnstile,
        keyring=Keyring(keys),
        base_url=settings.base_url,
        outside_heads=partial(audit_heads.read, settings.audit_heads_file),
        limits=Limits(oauth_body=settings.max_body_bytes, admin_body=settings.max_admin_body_bytes, headers=settings.max_header_bytes),
        trusted_proxies=settings.trusted_proxies,
        clock=clock or utc_now,
    )
    house.metrics.watch(turnstile)
    worker = Worker(
        database,
        deliveries(settings, database, house.keyring),
        keep_days=settings.login_history_days,
        random=os.urandom,
    )
    return Server(settings, house, make_app(house), worker)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server's threads, for as long as the block lasts: the turnstile lets through, the worker carries out."""
    server.house.turnstile.start()
    server.worker.start()
    try:
        yield server
    finally:
        server.house.turnstile.stop(server.settings.graceful_stop_seconds)
        server.worker.stop()
        server.house.database.close()


def serve(server: Server) -> None:
    """Answer requests until told to stop: the listener closes first, then what has begun is answered. Inside `running`."""
    settings = server.settings
    # What is loaded by now stays for ever. Looking through it again and again would make requests wait for nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    config = uvicorn.Config(
        server.app,
        host=settings.listen_host,
        port=settings.listen_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whom to trust is the application's business, which knows the proxies
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=round(settings.graceful_stop_seconds),
        limit_concurrency=MOST_CONNECTIONS,
    )
    signal.signal(signal.SIGTERM, _end)
    Listener(config, server.house.stopping).run()


class Listener(uvicorn.Server):
    """Says when it is told to stop, so that what is sent for as long as somebody listens does not hold it up."""

    def __init__(self, config: uvicorn.Config, stopping: Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


def _end(*_: object) -> None:
    # When uvicorn has stopped it sends itself the signal that stopped it once more. Left alone, that would end the process on the spot,
    # before `running` has given the worker's lease back and closed the database.
    raise SystemExit(0)
