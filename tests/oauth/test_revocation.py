"""Revocation (RFC 7009) and the feed that tells resource servers what was ended."""

import pytest
from tests.oauth.flows.portal import make_portal
from tests.oauth.tenants import FEED, REVOKE, Client, Tenant

from gatebridge.rules.app_settings import ClientAuthMethod, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.revoke import RevokeApp, RevokeUser, revoke_app, revoke_user

FORMATS = pytest.mark.parametrize("format", list(TokenFormat), ids=str)
PUBLIC = frozenset({ClientAuthMethod.NONE})


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
@FORMATS
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_X_RV_01_std_RV_03_an_app_ends_its_own_token_whatever_the_hint(
    acme: Tenant, dialect: Dialect, format: TokenFormat, hint: str
) -> None:
    app = acme.app("Own", dialect=dialect, access_token_format=format)
    token, other = app.access_token(), app.access_token()
    answer = app.revoke(token, token_type_hint=hint)
    assert (answer.status_code, answer.content) == (200, b"")
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.app_id, line.user_id) == ("revocation", "success", app.id, acme.runner.id)
    assert app.introspect(token).json() == {"active": False}
    assert app.introspect(other).json()["active"] is True


@FORMATS
def test_X_RV_02_std_RV_02_another_apps_token_gets_the_same_answer_and_lives_on(acme: Tenant, app: Client, format: TokenFormat) -> None:
    victim = acme.app("Victim", access_token_format=format)
    token = victim.access_token()
    answer = app.revoke(token)
    assert (answer.status_code, answer.content) == (200, b"")
    assert acme.true_cause(answer) == "token_of_other_app"
    assert victim.introspect(token).json()["active"] is True


def test_X_RV_02_a_public_app_ends_nobody_elses_token(acme: Tenant, app: Client) -> None:
    public = acme.app("Public", auth_methods=PUBLIC, flows=frozenset(), open_for_use=False)
    token = app.access_token()
    assert (public.revoke(token).status_code, public.revoke(token).content) == (200, b"")
    assert app.introspect(token).json()["active"] is True


def test_std_RV_05_a_public_app_ends_its_own_token_by_its_name_alone(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    with acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(app.id, auth_methods=PUBLIC, flows=frozenset()))
    assert app.post(REVOKE, {"client_id": app.consumer_key, "token": token}).status_code == 200
    assert acme.history()[-1].outcome == "success"


def test_std_RV_01_an_unknown_and_a_dead_token_are_200_too(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    app.revoke(token)
    for dead in (token, "unknown", "a.b.c"):
        answer = app.revoke(dead)
        assert (answer.status_code, answer.content) == (200, b"")


def test_in_the_salesforce_dialect_possession_of_the_token_is_enough(acme: Tenant) -> None:
    app = acme.app(dialect=Dialect.SALESFORCE)
    token = app.access_token()
    answer = app.post(REVOKE, {"token": token})
    assert (answer.status_code, answer.content) == (200, b"")
    assert app.introspect(token).json() == {"active": False}


def test_in_the_standard_dialect_possession_of_the_token_is_not_enough(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    answer = app.post(REVOKE, {"token": token})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert app.introspect(token).json()["active"] is True


def test_who_claims_to_be_an_app_must_prove_it_even_with_a_salesforce_token_in_hand(acme: Tenant) -> None:
    app = acme.app(dialect=Dialect.SALESFORCE)
    token = app.access_token()
    assert app.revoke(token, client_secret="wrong").status_code == 400
    assert app.introspect(token).json()["active"] is True


def test_a_blocked_app_may_still_put_away_its_keys(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(app.id, "It leaks."))
    answer = app.revoke(token)
    assert (answer.status_code, acme.receipt(answer).outcome) == (200, "success")


def test_the_token_must_be_there(acme: Tenant, app: Client) -> None:
    answer = app.post(REVOKE, app.credentials)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "parameter_missing")


# --- The feed ------------------------------------------------------------------------------------------------------------


def test_the_feed_tells_every_ending_in_order_and_without_gaps(acme: Tenant, app: Client) -> None:
    issued = app.token()
    app.revoke(issued.json()["access_token"])
    with acme.standing.database.transaction() as tx:
        revoke_app(tx, acme.admin, RevokeApp(app.id, "It leaks."))
        revoke_user(tx, acme.admin, RevokeUser(acme.runner.id, "lost laptop"))
    now = int(acme.standing.clock.now.timestamp())
    told = app.feed().json()
    line = acme.receipt(issued)
    assert told == {
        "cursor": "3",
        "now": now,
        "more": False,
        "revocations": [
            {
                "sequence": 1,
                "at": now,
                "kind": "token",
                "jti": issued.headers["x-gatebridge-receipt"],
                "grant": long(line.grant_id),
                "app": long(app.id),
                "client_id": app.consumer_key,
                "sub": long(acme.runner.id),
            },
            {"sequence": 2, "at": now, "kind": "app", "app": long(app.id), "client_id": app.consumer_key},
            {"sequence": 3, "at": now, "kind": "user", "sub": long(acme.runner.id)},
        ],
    }
    assert [each["sequence"] for each in app.feed(after="1").json()["revocations"]] == [2, 3]
    assert app.feed(after="3").json() == {"cursor": "3", "now": now, "more": False, "revocations": []}


def test_a_token_that_is_ended_twice_is_told_once(app: Client) -> None:
    token = app.access_token()
    app.revoke(token)
    app.revoke(token)
    assert app.feed().json()["cursor"] == "1"


def test_the_feed_of_one_org_tells_nothing_of_another(acme: Tenant, rival: Tenant, app: Client) -> None:
    theirs = rival.app()
    theirs.revoke(theirs.access_token())
    told = app.feed().json()
    assert (told["cursor"], told["more"], told["revocations"]) == ("0", False, [])


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "1" * 19, "٣"])
def test_a_cursor_that_is_none_is_refused(acme: Tenant, app: Client, after: str) -> None:
    answer = app.feed(after=after)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "parameter_malformed")


def test_who_waits_hears_of_news_when_it_happens(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    form = "&".join(f"{name}={value}" for name, value in (app.credentials | {"after": "0", "wait": "20"}).items())
    waiting = app.door.begin("POST", app.issuer + FEED, body=form.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    app.revoke(token)
    assert waiting.result(10).json()["cursor"] == "1"


def test_nobody_waits_longer_than_the_bound(app: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatebridge.web import oauth

    monkeypatch.setattr(oauth, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(oauth, "LOOK_EVERY", 0.01)
    assert app.feed(wait="999999").json()["revocations"] == []


@pytest.mark.parametrize("wait", ["0", "-5", "soon", ""])
def test_a_wait_that_is_no_number_is_no_wait(app: Client, wait: str) -> None:
    assert app.feed(wait=wait).json()["revocations"] == []


def test_the_feed_is_for_proven_clients_only(acme: Tenant, app: Client) -> None:
    public = acme.app("Public", auth_methods=PUBLIC, flows=frozenset(), open_for_use=False)
    named = public.feed()
    assert (named.status_code, named.json()["error"]) == (400, "unauthorized_client")
    answer = app.post(FEED, {"client_id": app.consumer_key})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


# --- Refresh tokens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_X_RV_01_std_RV_03_RV_04_a_refresh_token_ends_with_its_family_and_its_access_tokens(
    acme: Tenant, dialect: Dialect, public: bool, hint: str
) -> None:
    portal = make_portal(acme, dialect=dialect, auth_methods=PUBLIC) if public else make_portal(acme, dialect=dialect)
    first = portal.signed_in()
    second = portal.refresh(first["refresh_token"]).json()
    newest = second.get("refresh_token", first["refresh_token"])
    answer = portal.app.revoke(newest, token_type_hint=hint)
    assert (answer.status_code, answer.content) == (200, b"")
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.app_id, line.user_id) == ("revocation", "success", portal.app.id, acme.runner.id)
    assert not portal.live(first["access_token"])
    assert not portal.live(second["access_token"])
    assert portal.refresh(newest).status_code == 400
    assert portal.app.revoke(newest).status_code == 200
    assert [each["kind"] for each in portal.guard.feed().json()["revocations"]] == ["grant"]


def test_std_RV_04_a_revoked_access_token_leaves_its_refresh_token(acme: Tenant) -> None:
    portal = make_portal(acme)
    got = portal.signed_in()
    portal.app.revoke(got["access_token"])
    assert not portal.live(got["access_token"])
    assert portal.refresh(got["refresh_token"]).status_code == 200


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_X_RV_02_std_RV_02_another_apps_refresh_token_lives_on(acme: Tenant, public: bool) -> None:
    portal = make_portal(acme)
    thief = make_portal(acme, "Thief", auth_methods=PUBLIC) if public else make_portal(acme, "Thief")
    token = portal.signed_in()["refresh_token"]
    answer = thief.app.revoke(token)
    assert (answer.status_code, answer.content, acme.true_cause(answer)) == (200, b"", "token_of_other_app")
    assert portal.refresh(token).status_code == 200


def test_a_refresh_token_that_was_exchanged_before_ends_its_family_too(acme: Tenant) -> None:
    portal = make_portal(acme, auth_methods=PUBLIC)
    old = portal.signed_in()["refresh_token"]
    newest = portal.refresh(old).json()["refresh_token"]
    assert portal.app.revoke(old).status_code == 200
    assert portal.refresh(newest).status_code == 400


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_possession_of_a_refresh_token_is_enough_in_the_salesforce_dialect_alone(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, dialect=dialect)
    token = portal.signed_in()["refresh_token"]
    answer = portal.app.post(REVOKE, {"token": token})
    salesforce = dialect is Dialect.SALESFORCE
    assert answer.status_code == (200 if salesforce else 401)
    assert portal.refresh(token).status_code == (400 if salesforce else 200)
