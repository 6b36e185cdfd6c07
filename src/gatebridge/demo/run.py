"""Run the demo: build it once, say what to try, and serve."""

import json
import os
import sys
import time
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from gatebridge import bootstrap
from gatebridge.bootstrap import Server
from gatebridge.demo import cast, traffic
from gatebridge.demo.admin import Admin
from gatebridge.demo.cast import Cast
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.people import Person
from gatebridge.demo.poster import poster
from gatebridge.demo.story import SteppedClock, World
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.settings.catalogue import Settings
from gatebridge.storage import orgs
from gatebridge.storage.database import utc_now
from gatebridge.web import logs


class DemoRefused(Exception):  # noqa: N818 - said to whoever runs it
    """The demo cannot be run here; the message says why, and what to do."""


def run(settings: Settings) -> None:
    """Build the demo where there is none, print what to try, and serve until told to stop. Raises DemoRefused."""
    logs.configure("warning", settings.log_format)
    began = time.monotonic()
    server = bootstrap.wire(settings)
    with server.house.database.snapshot() as tx:
        org = orgs.first(tx)
    found = build(settings, utc_now()) if org is None else kept(settings, org)
    with bootstrap.running(server):
        print(poster(settings.base_url, found, demo_file(settings), time.monotonic() - began), flush=True)  # noqa: T201 - the poster
        bootstrap.serve(server)


def demo_file(settings: Settings) -> Path:
    """Where the demo's passwords and secrets are kept: nowhere else, and for nobody but the owner of the file."""
    return settings.var_directory / "demo.json"


def kept(settings: Settings, org: Org) -> Cast:
    """The cast of the demo that is there. Raises DemoRefused."""
    file = demo_file(settings)
    if not file.exists():
        raise DemoRefused(
            f"The database of this demo is there, but {file} is not: run `make demo-reset`, or serve it with `gatebridge serve`."
        )
    if org.issuer != settings.base_url:
        raise DemoRefused(f"This demo was built for {org.issuer}, not for {settings.base_url}: run `make demo-reset` or set PORT back.")
    return read(file)


def build(settings: Settings, today: datetime) -> Cast:
    """Found the org thirty days before `today` and live through them, on a clock that the story moves."""
    print("Building the demo org: thirty days of traffic ...", file=sys.stderr, flush=True)  # noqa: T201 - progress of a command
    clock = SteppedClock(today - timedelta(days=traffic.DAYS + 1))
    # Half a hundred sign-ins are lived through. Passwords of the demo are long and random, and the first real sign-in of somebody makes
    # a hash of full weight of theirs.
    server = bootstrap.wire(settings, clock=clock, light_hashes=True)
    with bootstrap.running(server):
        with server.house.database.transaction() as tx:
            made = cast.make(
                tx,
                server.house.hasher,
                host=settings.base_url.partition("://")[2],
                issuer=settings.base_url,
                keys_directory=settings.var_directory / "keys",
            )
        write(demo_file(settings), settings.base_url, made)
        world = World(server.app, settings.base_url, clock, partial(_newest_mail, server, settings.mail_directory))
        people = traffic.make(world, made, today, Admin(server.house.database, made).nights)
        made = replace(made, people=people)
        write(demo_file(settings), settings.base_url, made)
        server.worker.run_once()
    return made


def _newest_mail(server: Server, directory: Path) -> str:
    server.worker.run_once()
    return max(directory.iterdir()).read_text()


def write(file: Path, base_url: str, made: Cast) -> None:
    """Keep what a client needs to try the demo: base_url, issuer, users with passwords, apps with their keys and secrets."""
    kept = {
        "base_url": base_url,
        "issuer": base_url,
        "users": [asdict(person) for person in made.people],
        "apps": [asdict(app) | {"app_id": long(app.app_id)} for app in made.apps],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as open_file:
        json.dump(kept, open_file, indent=2)
    robot = next(app for app in made.apps if app.name == "Setup Robot")
    credentials = {"url": base_url, "client_id": robot.key, "client_secret": robot.secret}
    descriptor = os.open(file.with_name("credentials.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as open_file:
        json.dump(credentials, open_file, indent=2)


def read(file: Path) -> Cast:
    """What `write` kept."""
    kept = json.loads(file.read_text())
    return Cast(tuple(Person(**each) for each in kept["users"]), tuple(DemoApp(**each) for each in kept["apps"]))
