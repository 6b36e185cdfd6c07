"""What a request costs in statements, pinned: a batch of 32 of one client costs hardly more than a single request."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from tests.oauth import leaving
from tests.oauth.door import FORM, Loop
from tests.oauth.flows.devices import make_panel
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import CALLBACK, VERIFIER, Portal, challenge_of, make_portal
from tests.oauth.flows.visits import approve, chooser, enrol
from tests.oauth.flows.widget import legacy
from tests.oauth.requests import decision, request_of, token_request
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant

from gatebridge.oauth.flows.device import GRANT_TYPE as DEVICE_CODE
from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE
from gatebridge.oauth.outcome import Answer
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.web.turnstile import Turnstile


@contextmanager
def counted(acme: Tenant) -> Iterator[list[str]]:
    """Every statement that the database is sent, but for beginning and ending transactions and asking for the time."""
    seen: list[str] = []
    engine = acme.standing.database.engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT clock")):
            seen.append(" ".join(statement.split())[:60])

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def cost(acme: Tenant, loop: Loop, path: str, requests: list[OAuthRequest]) -> tuple[int, int]:
    """How many statements read and how many write, for these requests in one batch, all of which must succeed."""
    turnstile, decide = Turnstile(acme.standing.database), decision(acme, path)

    async def all_at_once() -> list[Answer]:
        waiting = [asyncio.ensure_future(turnstile.pass_through(decide, request)) for request in requests]
        await asyncio.sleep(0)
        turnstile.start()
        return await asyncio.gather(*waiting)

    with counted(acme) as seen:
        answers = loop.run(all_at_once())
        turnstile.stop(10)
    assert {answer.status for answer in answers} == {200}
    assert turnstile.counts.batches == 1
    reads = sum(statement.startswith("SELECT") for statement in seen)
    return reads, len(seen) - reads


@pytest.fixture
def app(acme: Tenant) -> Client:
    app = acme.app()
    app.access_token()  # the grant is there, as it is for every request but the first
    return app


SIZES = pytest.mark.parametrize("size", [1, 32])


@SIZES
def test_a_token_costs_eight_reads_and_two_writes_alone_and_in_a_batch(acme: Tenant, app: Client, loop: Loop, size: int) -> None:
    # org; app; permits; user with profile; permission sets; grant; secrets; certificates. Then: token; line.
    assert cost(acme, loop, TOKEN, [token_request(acme, app) for _ in range(size)]) == (8, 2)


@SIZES
def test_a_jwt_costs_one_read_more_for_the_keys(acme: Tenant, loop: Loop, size: int) -> None:
    signed = acme.app("Signed", access_token_format=TokenFormat.JWT)
    signed.access_token()
    assert cost(acme, loop, TOKEN, [token_request(acme, signed) for _ in range(size)]) == (9, 2)


@SIZES
def test_an_active_introspection_writes_nothing_and_reads_its_tokens_in_one_statement(
    acme: Tenant, app: Client, loop: Loop, size: int
) -> None:
    tokens = [app.access_token() for _ in range(size)]
    requests = [request_of(acme, app.credentials | {"token": token}) for token in tokens]
    # As for a token, and: all tokens; the grant.
    assert cost(acme, loop, INTROSPECT, requests) == (10, 0)


def test_a_revocation_ends_one_row_and_tells_one_entry(acme: Tenant, app: Client, loop: Loop) -> None:
    app.revoke(app.access_token())  # the head of the feed is there
    requests = [request_of(acme, app.credentials | {"token": app.access_token()})]
    # Ended; the head moved; the entry; the line.
    assert cost(acme, loop, REVOKE, requests) == (10, 4)


# --- The flows with a user: a code or a refresh token is redeemed once, so each costs its own statements --------------------


def test_std_G_13_what_a_stranger_presents_is_not_looked_up(acme: Tenant) -> None:
    """So neither the answer nor its time tells whether a code or token is one."""
    portal, panel = make_portal(acme), make_panel(acme)
    bought = portal.signed_in()["refresh_token"]
    presented = {
        "authorization_codes": (portal, {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": portal.code()}),
        "refresh_tokens": (portal, {"grant_type": "refresh_token", "refresh_token": bought}),
        "device_codes": (panel.portal, {"grant_type": DEVICE_CODE, "device_code": panel.approved(acme.runner)}),
    }
    for table, (whose, form) in presented.items():
        for secret in ({"client_secret": "gbs_wrong"}, {}):
            with counted(acme) as seen:
                answer = whose.app.post(TOKEN, form | dict(whose.credentials) | secret)
            assert (answer.status_code == 200) is (not secret) or table == "authorization_codes", "a code needs its verifier too"
            assert any(table in statement for statement in seen) is (not secret), table


def redemptions(portal: Portal, size: int) -> list[OAuthRequest]:
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | dict(portal.credentials)
    return [request_of(portal.acme, form | {"code": portal.code(scopes=("api", "refresh_token"))}) for _ in range(size)]


def refreshes(portal: Portal, size: int) -> list[OAuthRequest]:
    form = {"grant_type": "refresh_token", "scope": "api"} | dict(portal.credentials)
    return [request_of(portal.acme, form | {"refresh_token": portal.signed_in()["refresh_token"]}) for _ in range(size)]


@pytest.mark.parametrize(("size", "reads", "writes"), [(1, 12, 5), (8, 40, 19)])
def test_a_code_costs_its_own_row_its_session_and_the_grant_that_it_buys(
    acme: Tenant, loop: Loop, size: int, reads: int, writes: int
) -> None:
    portal = make_portal(acme)
    # As for a token, and: the code; its session; the user held; what is beyond the limit.
    # Then: the code used; the grant; token; refresh token; line. The last three are one statement each for the whole batch.
    assert cost(acme, loop, TOKEN, redemptions(portal, size)) == (reads, writes)


@pytest.mark.parametrize(("size", "reads", "writes"), [(1, 12, 5), (8, 40, 19)])
def test_a_device_code_that_was_approved_costs_what_a_code_does(acme: Tenant, loop: Loop, size: int, reads: int, writes: int) -> None:
    panel = make_panel(acme)
    form = {"grant_type": DEVICE_CODE} | dict(panel.portal.credentials)
    requests = [request_of(acme, form | {"device_code": panel.approved(acme.runner, scopes=("api", "refresh_token"))}) for _ in range(size)]
    assert cost(acme, loop, TOKEN, requests) == (reads, writes)


@pytest.mark.parametrize(("size", "reads", "writes"), [(1, 10, 3), (8, 24, 3)])
def test_a_refresh_that_does_not_rotate_touches_its_grant_and_no_more(acme: Tenant, loop: Loop, size: int, reads: int, writes: int) -> None:
    portal = make_portal(acme)
    assert cost(acme, loop, TOKEN, refreshes(portal, size)) == (reads, writes)


@pytest.mark.parametrize(("size", "reads", "writes"), [(1, 10, 5), (8, 24, 12)])
def test_a_rotation_adds_the_exchange_and_the_successor(acme: Tenant, loop: Loop, size: int, reads: int, writes: int) -> None:
    portal = make_portal(acme, rotate_refresh_tokens=True)
    assert cost(acme, loop, TOKEN, refreshes(portal, size)) == (reads, writes)


@pytest.mark.parametrize(("size", "reads", "writes"), [(1, 11, 3), (8, 11, 10)])
def test_an_assertion_is_used_up_and_hangs_its_token_from_the_shared_grant(
    acme: Tenant, loop: Loop, size: int, reads: int, writes: int
) -> None:
    job = Job(acme)
    job.ask()  # the grant is there
    requests = [request_of(acme, {"grant_type": GRANT_TYPE, "assertion": job.key.sign(job.claims())}) for _ in range(size)]
    assert cost(acme, loop, TOKEN, requests) == (reads, writes)


def test_tokens_from_the_authorization_endpoint_cost_a_code_and_the_grant_and_token_that_it_would_buy(acme: Tenant) -> None:
    app, ben = legacy(acme, flows=frozenset({Flow.USER_AGENT, Flow.WEB_SERVER})), enrol(acme, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url(scope="api")))
    acme.standing.clock.advance(seconds=1)
    costs = {}
    for wanted in ("code", "token"):
        challenge = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"} if wanted == "code" else {}
        with counted(acme) as seen:
            app.arrived(browser.open(app.url(response_type=wanted, scope="api", **challenge)))
        reads = sum(statement.startswith("SELECT") for statement in seen)
        costs[wanted] = (reads, len(seen) - reads)
    # Of a code its own row; of a token the grant, what is beyond the limit, the user held, and the token. Of both the line.
    assert costs == {"code": (9, 2), "token": (11, 3)}


def test_signing_out_costs_its_row_and_one_entry_for_each_app_that_listens(acme: Tenant) -> None:
    app, deaf = leaving.listener(acme), chooser(acme, "Deaf Reader")
    costs = {}
    for name, apps in (("nobody", ()), ("deaf", (deaf,)), ("one", (app,)), ("two", (app, leaving.listener(acme, "Poster Press")))):
        ben = enrol(acme, f"ben.{name}")
        browser = app.signed_in(ben)
        for each in apps:
            leaving.visit(each, ben, browser)
        page = browser.open("/me")
        with counted(acme) as seen:
            browser.step("POST", "/signout", {"Content-Type": FORM}, urlencode(page.forms["signout"].fields).encode())
        reads = sum(statement.startswith("SELECT") for statement in seen)
        costs[name] = (reads, len(seen) - reads)
    # The org; session, user with profile, sets; who listens. Then: the session; an entry each.
    assert costs == {"nobody": (5, 1), "deaf": (5, 1), "one": (5, 2), "two": (5, 3)}
