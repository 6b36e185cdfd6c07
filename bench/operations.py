"""The operations that are measured under load, and the proof that what was answered was recorded."""

import base64
import http.client
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bench import device, machine, people
from bench.installation import Installation, Server
from bench.load import CLIENTS, Load, drive, write_bodies
from bench.recorded import Recorded, newest_token, recorded
from bench.report import Row
from bench.seed import Seeded, SeededApp
from bench.tokens import add_live_tokens

FASTEST = 9_000  # a second; so many tokens are prepared that not even that would use one twice
SLOWER = 3_000  # the same, for what takes longer to prepare than to answer
INTROSPECTED = 2_000  # tokens that are asked about in turn
SAMPLE = 20

TOKEN = "/services/oauth2/token"
INTROSPECT = "/services/oauth2/introspect"
REVOKE = "/services/oauth2/revoke"
USERINFO = "/services/oauth2/userinfo"
AUTHORIZE = "/services/oauth2/authorize"
AUTHZ = "/authz?scope=api"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Run:
    """How long each operation is driven, in seconds."""

    warm_up: int
    measured: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that clients do: where they send it, what they send, and how many rows must be there for so many answers."""

    name: str
    path: str
    app: str  # the name of the seeded app that asks
    bodies: Callable[[Installation, Seeded, SeededApp, Run], Sequence[str]]
    evidence: Callable[[Recorded], int] | None  # None: nothing may have been written
    beside: bool = False  # something else writes history lines at the same time, so only the evidence is counted
    once: bool = False  # each body is good for one answer, so what the warm-up may have used is not sent again
    method: str = "POST"


def _credentials(_: Installation, __: Seeded, app: SeededApp, ___: Run) -> Sequence[str]:
    return [app.form(grant_type="client_credentials")]


def _active_tokens(installation: Installation, _: Seeded, app: SeededApp, __: Run) -> Sequence[str]:
    return [app.form(token=value) for value in _live(installation, app, INTROSPECTED)]


def _own_tokens(installation: Installation, _: Seeded, app: SeededApp, run: Run) -> Sequence[str]:
    return [app.form(token=value) for value in _live(installation, app, FASTEST * (run.warm_up + run.measured))]


def _live(installation: Installation, app: SeededApp, count: int) -> list[str]:
    with installation.database() as database:
        return add_live_tokens(database, newest_token(database, app.id), count)


def _codes(installation: Installation, seeded: Seeded, app: SeededApp, run: Run) -> Sequence[str]:
    with installation.database() as database:
        values = people.add_codes(database, seeded.people, seeded.people.apps["web"], SLOWER * (run.warm_up + run.measured))
    form = {"grant_type": "authorization_code", "redirect_uri": people.CALLBACK, "code_verifier": people.VERIFIER}
    return [app.form(**form, code=value) for value in values]


def _device_codes(installation: Installation, seeded: Seeded, app: SeededApp, run: Run) -> Sequence[str]:
    with installation.database() as database:
        values = device.add_approved(database, seeded.people, seeded.people.apps["device"], SLOWER * (run.warm_up + run.measured))
    return [app.form(grant_type=device.GRANT_TYPE, device_code=value) for value in values]


def _kept_refresh_tokens(installation: Installation, seeded: Seeded, app: SeededApp, _: Run) -> Sequence[str]:
    with installation.database() as database:
        values = people.add_families(database, seeded.people, seeded.people.apps["web"], INTROSPECTED)
    return [app.form(grant_type="refresh_token", refresh_token=value) for value in values]


def _rotating_refresh_tokens(installation: Installation, seeded: Seeded, app: SeededApp, run: Run) -> Sequence[str]:
    with installation.database() as database:
        values = people.add_families(database, seeded.people, seeded.people.apps["rotating"], SLOWER * (run.warm_up + run.measured))
    return [app.form(grant_type="refresh_token", refresh_token=value) for value in values]


def _assertions(_: Installation, seeded: Seeded, __: SeededApp, run: Run) -> Sequence[str]:
    made = people.assertions(seeded.people, SLOWER * (run.warm_up + run.measured))
    return [urlencode({"grant_type": JWT_BEARER, "assertion": each}) for each in made]


def _bearers(installation: Installation, seeded: Seeded, _: SeededApp, __: Run) -> Sequence[str]:
    with installation.database() as database:
        like = people.live_token(database, seeded.people, seeded.people.apps["web"])
        return [urlencode({"access_token": value}) for value in add_live_tokens(database, like, INTROSPECTED)]


def _behind_a_proxy(installation: Installation, _: Seeded, app: SeededApp, __: Run) -> Sequence[str]:
    proxy = base64.b64encode(f"{app.consumer_key}:{app.secret}".encode()).decode()
    live = _live(installation, app, INTROSPECTED)
    return [f"Authorization: Bearer {value}\tX-Gatebridge-Proxy-Authorization: Basic {proxy}\t" for value in live]


def _at_browsers(_: Installation, seeded: Seeded, app: SeededApp, __: Run) -> Sequence[str]:
    asked = {"response_type": "token", "client_id": app.consumer_key, "redirect_uri": people.CALLBACK, "state": "bench"}
    return [f"{AUTHORIZE}?{urlencode(asked)}\tCookie: {cookies}\t" for cookies in seeded.people.cookies.values()]


OPERATIONS = (
    Operation("client credentials, opaque", TOKEN, "opaque", _credentials, lambda rows: rows.tokens),
    Operation("client credentials, JWT ES256", TOKEN, "es256", _credentials, lambda rows: rows.tokens),
    Operation("client credentials, JWT RS256", TOKEN, "rs256", _credentials, lambda rows: rows.tokens),
    Operation("introspection", INTROSPECT, "opaque", _active_tokens, None),
    Operation("code exchange", TOKEN, "web", _codes, lambda rows: rows.tokens, once=True),
    Operation("device code exchange", TOKEN, "device", _device_codes, lambda rows: rows.tokens, once=True),
    Operation("refresh, without rotation", TOKEN, "web", _kept_refresh_tokens, lambda rows: rows.tokens),
    Operation("refresh, with rotation", TOKEN, "rotating", _rotating_refresh_tokens, lambda rows: rows.tokens, once=True),
    Operation("JWT bearer", TOKEN, "bearer", _assertions, lambda rows: rows.tokens, once=True),
    Operation("userinfo", USERINFO, "web", _bearers, None),
    Operation("user-agent flow, signed in", AUTHORIZE, "user_agent", _at_browsers, lambda rows: rows.tokens, method="GET"),
    Operation("forward authentication", AUTHZ, "opaque", _behind_a_proxy, None, method="GET"),
    Operation("revocation", REVOKE, "opaque", _own_tokens, lambda rows: rows.ended_tokens, once=True),
)


class NotRecorded(Exception):  # noqa: N818 - said of what was measured
    """Clients were told something that the database does not hold; numbers over that would be worth nothing."""


def measure(operation: Operation, installation: Installation, server: Server, seeded: Seeded, run: Run) -> Row:
    """Warm up, measure, and compare the answers with the rows. Raises NotRecorded when they differ."""
    app = seeded.apps[operation.app]
    if operation.app not in seeded.people.apps:
        first = ask(server, TOKEN, app.form(grant_type="client_credentials"))  # makes the grant from which all tokens hang
        if "access_token" not in first:
            raise RuntimeError(f"The app {app.label} gets no token: {first}")
    prepared = operation.bodies(installation, seeded, app, run)
    bodies = write_bodies(installation.directory / "bodies.txt", prepared)
    if operation.path == INTROSPECT:
        _all_active(server, prepared)
    with installation.database() as database:
        before = recorded(database)
        warm = drive(server.url(operation.path), bodies, run.warm_up, method=operation.method)
        if operation.once:
            bodies = write_bodies(bodies, prepared[warm.answered + CLIENTS :])
        spent = machine.spent(server.pid)
        load = drive(server.url(operation.path), bodies, run.measured, method=operation.method)
        spent = machine.spent(server.pid).since(spent)
        written = recorded(database).since(before)
    _prove(operation, warm, load, written)
    if operation.path == INTROSPECT:
        _all_active(server, prepared)
    return Row(
        operation=operation.name,
        database=installation.kind,
        clients=CLIENTS,
        rate_per_s=round(load.rate, 1),
        p50_ms=round(load.p50_ms, 2),
        p99_ms=round(load.p99_ms, 2),
        errors=load.errors,
        bound_by=bound_by(spent, load, installation.kind, "commits" if operation.evidence is not None else "the database"),
    )


def _prove(operation: Operation, warm: Load, load: Load, written: Recorded) -> None:
    answered = warm.succeeded + load.succeeded
    if operation.evidence is None:
        if written.history or written.refusals:
            raise NotRecorded(f"{operation.name}: {written.history + written.refusals} answers were not what was measured")
        return
    if load.repeated and operation.once:
        raise NotRecorded(f"{operation.name}: what was prepared ran out, so some was sent twice")
    # What the load tool gave up at the end of a run is recorded without having been counted: at most one request a connection.
    most = answered + 2 * CLIENTS
    lines = [] if operation.beside else [("history lines", written.history)]
    for what, count in [("rows", operation.evidence(written)), *lines]:
        if not answered <= count <= most:
            raise NotRecorded(f"{operation.name}: {answered} answers, {count} {what}")


def bound_by(spent: machine.Spent, load: Load, kind: str, waits_for: str) -> str:
    """What kept the rate from being higher, from where the processor time went."""
    http, turnstile, shared = (seconds / load.seconds for seconds in (spent.main, spent.others, spent.load_core))
    parts = f"HTTP thread {http:.0%}, turnstile and worker {turnstile:.0%}"
    if http + turnstile >= 0.9:
        return f"the server's core ({parts})"
    if kind == "postgresql" and shared >= 0.9:
        return f"the core that PostgreSQL and the load tool share ({shared:.0%}); the server's own is not full ({parts})"
    return f"waiting for {waits_for}; no core is full (server: {parts}; the other core {shared:.0%})"


def _all_active(server: Server, bodies: Sequence[str]) -> None:
    for body in bodies[:: max(1, len(bodies) // SAMPLE)]:
        said = ask(server, INTROSPECT, body)
        if said.get("active") is not True:
            raise NotRecorded(f"introspection: a live token was answered with {said}")


def ask(server: Server, path: str, body: str) -> dict[str, object]:
    """One POST of a form, and the answer's JSON; empty where the answer has no body."""
    parts = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        text = connection.getresponse().read()
    finally:
        connection.close()
    said: dict[str, object] = json.loads(text) if text else {}
    return said
