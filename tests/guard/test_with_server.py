"""A guard and a real house: whatever ends a token, the guard refuses it within five seconds, whichever format it has."""

import gc
import os
import time
import warnings
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.oauth.door import Door
from tests.oauth.flows.portal import make_portal
from tests.oauth.tenants import FEED, Client, Tenant

from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.levels import Level as ServersLevel
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.revoke import (
    RevokeApp,
    RevokeGrant,
    RevokeUser,
    RevokeUserOfApp,
    revoke_app,
    revoke_grant,
    revoke_user,
    revoke_user_of_app,
)
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge_guard import Guard, Level, Refusal, Token

ORDERS = "https://orders.example"


class ThroughTheDoor(httpx.BaseTransport):
    """Requests of the guard, handed to a house in this process; and cut off when a test says so."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.cut = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("cut")
        headers = [(name, value) for name, value in request.headers.items() if name not in ("content-length", "connection")]
        answer = self.door.send(request.method, str(request.url), body=request.read(), headers=headers)
        return httpx.Response(answer.status_code, headers={"content-type": answer.headers["content-type"]}, content=answer.content)


@pytest.fixture
def line(acme: Tenant) -> ThroughTheDoor:
    return ThroughTheDoor(acme.door)


@pytest.fixture
def guard(acme: Tenant, line: ThroughTheDoor) -> Iterator[Guard]:
    """A guard of the app `Orders API`, which is let to ask about what is meant for its audience."""
    own = acme.app("Orders API", flows=frozenset(), audience=ORDERS, open_for_use=False)
    clock = acme.standing.clock
    with Guard(
        acme.org.issuer,
        audience=ORDERS,
        client_id=own.consumer_key,
        client_secret=own.secret,
        transport=line,
        wall_clock=lambda: clock().timestamp(),
    ) as made:
        yield made


def lets_in(guard: Guard, token: str) -> bool:
    return isinstance(guard.check(f"Bearer {token}"), Token)


def seconds_until_refused(guard: Guard, token: str) -> float:
    began = time.monotonic()
    while lets_in(guard, token):
        assert time.monotonic() < began + 6
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
def test_a_token_is_told_alike_in_every_format_and_dialect(acme: Tenant, guard: Guard, format: TokenFormat, dialect: Dialect) -> None:
    app = acme.app("Caller", audience=ORDERS, access_token_format=format, dialect=dialect)
    issued = app.token()
    token = guard.check(f"Bearer {issued.json()['access_token']}", scopes="api")
    assert isinstance(token, Token)
    assert (token.user_id[:15], token.client_id, token.id) == (acme.runner.id, app.consumer_key, issued.headers["x-gatebridge-receipt"])
    assert (token.has("api", "id"), token.audience, token.issuer, token.level) == (True, (ORDERS,), acme.org.issuer, None)
    assert token.expires_at - token.issued_at == issued.json()["expires_in"]


@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
def test_std_SU_01_the_level_of_the_sign_in_comes_along(acme: Tenant, guard: Guard, format: TokenFormat) -> None:
    portal = make_portal(acme, audience=ORDERS, access_token_format=format)
    token = portal.signed_in(level=ServersLevel.HIGH, methods=("pwd", "otp"))["access_token"]
    found = guard.check(f"Bearer {token}", level="high", max_age=60)
    assert isinstance(found, Token)
    assert (found.level, found.authenticated_at) == (Level.HIGH, int(acme.standing.clock.now.timestamp()))
    assert isinstance(guard.check(f"Bearer {portal.signed_in()['access_token']}", level="high"), Refusal)


@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
def test_X_MX_06_a_token_for_another_audience_is_refused(acme: Tenant, guard: Guard, format: TokenFormat) -> None:
    other = acme.app("Other", audience="https://billing.example", access_token_format=format)
    assert not lets_in(guard, other.access_token())


End = Callable[[Client, Tenant, httpx.Response], None]


def _by_verb(verb: Callable[..., object], command: Callable[[Client, Tenant, str], object]) -> End:
    def end(app: Client, acme: Tenant, issued: httpx.Response) -> None:
        with acme.standing.database.transaction() as tx:
            verb(tx, acme.admin, command(app, acme, acme.receipt(issued).grant_id))

    return end


def _by_the_app(app: Client, _: Tenant, issued: httpx.Response) -> None:
    assert app.revoke(issued.json()["access_token"]).status_code == 200


WAYS = {
    "the app revokes it": _by_the_app,
    "everything of the app": _by_verb(revoke_app, lambda app, _, __: RevokeApp(app.id, "It leaks.")),
    "everything of the user": _by_verb(revoke_user, lambda _, acme, __: RevokeUser(acme.runner.id, "A lost laptop.")),
    "the user's of the app": _by_verb(revoke_user_of_app, lambda app, acme, __: RevokeUserOfApp(app.id, acme.runner.id, "Asked for.")),
    "its grant": _by_verb(revoke_grant, lambda _, __, grant: RevokeGrant(grant, "Asked for.")),
    "the user is frozen": _by_verb(freeze_user, lambda _, acme, __: FreezeUser(acme.runner.id, "Holiday.")),
    "the app is blocked": _by_verb(block_app, lambda app, _, __: BlockApp(app.id, "It leaks.")),
}


OF_BOTH = ("the user is frozen",)


@pytest.mark.parametrize("way", WAYS)
def test_X_RV_05_std_AT_03_whatever_ends_a_token_ends_it_at_the_guard_within_five_seconds(acme: Tenant, guard: Guard, way: str) -> None:
    apps = [acme.app(f"Caller of {format} tokens", audience=ORDERS, access_token_format=format) for format in TokenFormat]
    issued = [app.token() for app in apps]
    acme.standing.clock.advance(minutes=2)  # away from the doubt of the beginning
    tokens = [str(answer.json()["access_token"]) for answer in issued]
    assert [lets_in(guard, token) for token in tokens] == [True, True]
    for app, answer in zip(apps, issued, strict=True):
        if app is apps[0] or way not in OF_BOTH:
            WAYS[way](app, acme, answer)
        assert seconds_until_refused(guard, answer.json()["access_token"]) < 5


@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
def test_what_is_issued_in_the_very_second_of_an_ending_is_judged_by_the_server(acme: Tenant, guard: Guard, format: TokenFormat) -> None:
    app = acme.app("Caller", audience=ORDERS, access_token_format=format)
    old = app.access_token()
    assert lets_in(guard, old)
    with acme.standing.database.transaction() as tx:
        revoke_app(tx, acme.admin, RevokeApp(app.id, "It leaks."))
    new = app.access_token()
    seconds_until_refused(guard, old)
    assert lets_in(guard, new)
    assert not lets_in(guard, old)


def test_X_RL_07_a_guard_that_hears_nothing_refuses_until_it_hears_again(
    acme: Tenant, guard: Guard, line: ThroughTheDoor, caplog: pytest.LogCaptureFixture
) -> None:
    app = acme.app("Caller", audience=ORDERS, access_token_format=TokenFormat.JWT)
    token = app.access_token()
    assert lets_in(guard, token)
    line.cut = True
    assert seconds_until_refused(guard, token) < 6
    refused = guard.check(f"Bearer {token}")
    assert isinstance(refused, Refusal)
    assert refused.status == 503
    line.cut = False
    deadline = time.monotonic() + 3
    while not lets_in(guard, token):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    told = [record.levelname for record in caplog.records if record.name == "gatebridge_guard"]
    assert told in (["ERROR"], ["ERROR", "WARNING"]), "one line when the server goes away, and one when it is back"


def test_std_AT_02_many_guards_wait_and_the_first_news_reaches_them_all(acme: Tenant) -> None:
    own, app = acme.app("Orders API", audience=ORDERS), acme.app("Caller")
    token, form = app.access_token(), own.credentials | {"after": "newest"}
    start = own.post(FEED, form).json()
    assert (start["revocations"], start["more"]) == ([], False)
    waiting = [acme.door.begin("POST", own.issuer + FEED, body=_form(own, start["cursor"]), headers=_FORM) for _ in range(20)]
    time.sleep(0.1)
    assert not any(each.done() for each in waiting)
    app.revoke(token)
    answers = [each.result(5).json() for each in waiting]
    assert {(answer["cursor"], answer["revocations"][0]["client_id"]) for answer in answers} == {("1", app.consumer_key)}


def test_a_cursor_from_ahead_is_answered_with_the_true_one(acme: Tenant) -> None:
    own, app = acme.app("Orders API", audience=ORDERS), acme.app("Caller")
    app.revoke(app.access_token())
    assert own.feed(after="700").json()["cursor"] == "1"
    assert own.feed(after="newest").json() == {
        "cursor": "1",
        "now": int(acme.standing.clock.now.timestamp()),
        "more": False,
        "revocations": [],
    }
    for after in ("-1", "x", "1.5", "Newest", "9" * 19):
        assert own.feed(after=after).status_code == 400


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _form(own: Client, cursor: str) -> bytes:
    return httpx.QueryParams(own.credentials | {"after": cursor, "wait": "10"}).__str__().encode()


def test_after_a_fork_a_guard_begins_anew(acme: Tenant, guard: Guard) -> None:
    app = acme.app("Caller", audience=ORDERS, access_token_format=TokenFormat.JWT)
    assert lets_in(guard, app.access_token())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is what this is about
        child = os.fork()
    if child == 0:
        os._exit(0 if guard._parts is None and guard._lock.acquire(timeout=1) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert guard._parts is not None, "and here nothing has changed"


def test_X_RL_15_a_guard_that_nobody_holds_any_more_listens_to_nothing(acme: Tenant, line: ThroughTheDoor) -> None:
    import threading

    app = acme.app("Caller", introspect_all_tokens=True, access_token_format=TokenFormat.JWT)
    guard = Guard(acme.org.issuer, audience="x", client_id=app.consumer_key, client_secret=app.secret, transport=line)
    assert not lets_in(guard, app.access_token())
    followers = [thread for thread in threading.enumerate() if thread.name == "gatebridge-guard"]
    assert followers
    del guard
    gc.collect()
    followers[-1].join(4)
    assert not followers[-1].is_alive()


def test_a_closed_guard_listens_no_more_and_begins_anew_when_it_is_used(acme: Tenant, guard: Guard) -> None:
    import threading

    app = acme.app("Caller", audience=ORDERS, access_token_format=TokenFormat.JWT)
    token = app.access_token()
    assert lets_in(guard, token)
    guard.close()
    deadline = time.monotonic() + 4
    while any(thread.name == "gatebridge-guard" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert lets_in(guard, token)
