"""Of which scopes a grant makes use is seen where tokens are used, and costs a statement once a minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.oauth.door import Loop
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.requests import request_of
from tests.oauth.tenants import INTROSPECT, Client, Tenant
from tests.oauth.test_statements import cost, counted
from tests.oauth.test_userinfo import ask, token_of
from tests.rules.facts_builder import TOKEN, but

from gatebridge.oauth.exercising import Uses, exercised, uses_of
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.storage import exercised_scopes, grants

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def used(acme: Tenant, client: Client) -> dict[str, tuple[datetime, datetime]]:
    """What all grants of the app together have made use of."""
    with acme.standing.database.snapshot() as tx:
        mine = grants.live_of_user(tx, acme.org.id, acme.runner.id, client.installation_id)
        found = exercised_scopes.of_grants(tx, acme.org.id, [grant.id for grant in mine])
    return {each.scope: (each.first_at, each.last_at) for uses in found.values() for each in uses}


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme, scopes=("openid", "profile", "email", "phone", "api", "refresh_token", "custom_permissions"))


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


# --- Where use is made of a scope ----------------------------------------------------------------------------------------


def test_userinfo_makes_use_of_openid_and_of_each_scope_that_tells_something(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "openid", "email", "api", "refresh_token")
    assert used(acme, portal.app) == {}, "a token that lies there uses nothing"
    ask(acme, token)
    assert set(used(acme, portal.app)) == {"openid", "email"}


def test_a_scope_of_the_org_that_makes_a_claim_known_is_used_with_it(acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        custom = (("ledger", "Read"), ("orders", "Read"))
        edit_org(tx, acme.admin, EditOrg(custom_scopes=custom, scope_claims=(("ledger", "place", "user.city"),)))
    portal = make_portal(acme, scopes=("openid", "ledger", "orders"))
    ask(acme, token_of(portal, "openid", "ledger", "orders"))
    assert set(used(acme, portal.app)) == {"openid", "ledger"}


@pytest.mark.parametrize(("scopes", "seen"), [(("api",), {"api"}), (("id",), {"id", "profile", "email", "address", "phone"})])
def test_where_salesforces_clients_read_names_by_api_it_is_api_that_is_used(acme: Tenant, scopes: tuple[str, ...], seen: set[str]) -> None:
    sales = make_portal(acme, "Sales", dialect=Dialect.SALESFORCE, scopes=("api", "id"))
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    token = token_of(sales, *scopes)
    for answer in (ask(acme, token), acme.door.get(f"{url}?oauth_token={token}")):
        assert answer.status_code == 200
        assert set(used(acme, sales.app)) == seen


def test_whoever_looks_at_somebody_else_makes_use_of_api_alone(acme: Tenant, portal: Portal) -> None:
    other = acme.admin.user_id or ""
    token = token_of(portal, "openid", "email", "api")
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(other)}"
    assert acme.door.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert set(used(acme, portal.app)) == {"api"}


def test_a_refused_answer_makes_use_of_nothing(acme: Tenant, portal: Portal) -> None:
    token = token_of(portal, "api")
    assert ask(acme, token).status_code == 403
    portal.app.revoke(token)
    assert ask(acme, token).status_code == 401
    assert used(acme, portal.app) == {}


def test_our_own_api_makes_use_of_setup_api_whether_it_reads_or_writes(acme: Tenant) -> None:
    app = acme.app(scopes=("api", "setup_api"))
    with acme.standing.database.transaction() as tx:
        edit_profile(tx, acme.admin, EditProfile(acme.profile.id, permissions=EVERY_POWER))
        acme.open_for_use(tx, app.id, may_administer=True)
    token = app.access_token()
    with counted(acme) as seen:
        assert app.me(token).status_code == 200
    assert set(used(acme, app)) == {"setup_api"}
    assert sum("exercised_scopes" in statement for statement in seen) == 1
    with counted(acme) as seen:
        assert app.me(token).status_code == 200
    assert not [statement for statement in seen if "exercised_scopes" in statement]
    acme.standing.clock.advance(seconds=61)
    body = b'{"label":"Seen","api_name":"seen"}'
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    made = acme.door.send("POST", f"{acme.org.issuer}/api/v1/permission-sets", body=body, headers=headers)
    assert made.status_code == 201
    ((first, last),) = used(acme, app).values()
    assert last - first == timedelta(seconds=61)


# --- Introspection with scope_needed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "needed", "covered"),
    [
        pytest.param("api", "api", True, id="held"),
        pytest.param("api", "chatter_api", True, id="implied"),
        pytest.param("api id", "id api", True, id="two of two"),
        pytest.param("api", "api id", False, id="one of two"),
        pytest.param("api", "API", False, id="the case counts"),
        pytest.param("api", "never_heard_of", False, id="unknown"),
    ],
)
def test_a_resource_server_says_for_what_it_is_asked_and_hears_whether_the_token_covers_it(
    acme: Tenant, app: Client, scopes: str, needed: str, covered: bool
) -> None:
    token = app.access_token(scope=scopes)
    told = app.introspect(token, scope_needed=needed).json()
    assert (told["active"], told["scope_covered"]) == (True, covered)
    assert set(used(acme, app)) == (set(needed.split()) if covered else set())


def test_full_covers_what_it_implies_which_the_list_of_scopes_does_not_say(acme: Tenant) -> None:
    portal = make_portal(acme, scopes=("full",), full_scope_reason="A portal for everything.")
    told = portal.guard.introspect(token_of(portal, "full"), scope_needed="wave_api").json()
    assert (told["scope"], told["scope_covered"]) == ("full", True)
    assert set(used(acme, portal.app)) == {"wave_api"}


def test_std_IN_02_of_a_dead_or_foreign_token_nothing_more_is_said(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    assert acme.app("Nosy").introspect(token, scope_needed="api").json() == {"active": False}
    app.revoke(token)
    assert app.introspect(token, scope_needed="api").json() == {"active": False}
    assert used(acme, app) == {}


@pytest.mark.parametrize("needed", [" ", "api  id", 'api"', "\tapi"])
def test_what_is_no_list_of_scopes_is_no_answer(acme: Tenant, app: Client, needed: str) -> None:
    answer = app.introspect(app.access_token(), scope_needed=needed)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "parameter_malformed")
    assert "scope_needed" in answer.json()["error_description"]


def test_an_empty_one_is_none(acme: Tenant, app: Client) -> None:
    told = app.introspect(app.access_token(), scope_needed="").json()
    assert told["active"] is True
    assert "scope_covered" not in told


def test_of_a_refresh_token_it_says_nothing(acme: Tenant, portal: Portal) -> None:
    refresh = portal.signed_in(scopes=("api", "refresh_token"))["refresh_token"]
    told = portal.app.introspect(refresh, scope_needed="api").json()
    assert told["active"] is True
    assert "scope_covered" not in told
    assert used(acme, portal.app) == {}


# --- What it costs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 32])
def test_a_first_use_costs_one_statement_for_the_whole_batch_and_its_repetition_none(
    acme: Tenant, app: Client, loop: Loop, size: int
) -> None:
    tokens = [app.access_token() for _ in range(size)]
    requests = [request_of(acme, app.credentials | {"token": token, "scope_needed": "api"}) for token in tokens]
    assert cost(acme, loop, INTROSPECT, requests) == (10, 1)


def test_repeated_use_is_written_once_a_minute_by_each_process(acme: Tenant, app: Client) -> None:
    token, wrote = app.access_token(), []
    for seconds in (0, 30, 29, 1, 59, 1):
        acme.standing.clock.advance(seconds=seconds)
        with counted(acme) as seen:
            assert app.introspect(token, scope_needed="api").json()["scope_covered"] is True
        wrote.append(sum("exercised_scopes" in statement for statement in seen))
    assert wrote == [1, 0, 0, 1, 0, 1]
    with counted(acme) as seen:
        app.introspect(token, scope_needed="api chatter_api")
    assert sum("exercised_scopes" in statement for statement in seen) == 1, "another scope is news"


def test_without_the_parameter_nothing_is_written(acme: Tenant, app: Client, loop: Loop) -> None:
    requests = [request_of(acme, app.credentials | {"token": app.access_token()})]
    assert cost(acme, loop, INTROSPECT, requests) == (10, 0)


def test_a_use_that_cannot_be_written_holds_no_answer_back(acme: Tenant, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note is for a report. Whoever asks whether a token is good must not be refused because of it."""

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    token = token_of(portal, "openid")
    with monkeypatch.context() as broken:
        broken.setattr(exercised_scopes, "note", full)
        assert ask(acme, token).status_code == 200
    assert used(acme, portal.app) == {}
    ask(acme, token)
    assert set(used(acme, portal.app)) == {"openid"}, "and it is written at the next occasion"


# --- What a process remembers --------------------------------------------------------------------------------------------

USE, OTHER = ("00D", "0GR", "api"), ("00D", "0GR", "web")


def test_a_use_is_due_at_first_and_then_each_minute_and_whenever_the_clock_was_wrong() -> None:
    uses = Uses()
    assert uses.due([USE, OTHER], NOON) == [USE, OTHER]
    uses.written([USE], NOON)
    assert uses.due([USE, OTHER], NOON + timedelta(seconds=59)) == [OTHER]
    assert uses.due([USE], NOON + timedelta(seconds=60)) == [USE]
    assert uses.due([USE], NOON - timedelta(hours=1)) == [USE]


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten() -> None:
    uses = Uses(most=2)
    three = [("00D", "0GR", scope) for scope in ("a", "b", "c")]
    uses.written(three[:2], NOON)
    uses.written(three[:1], NOON + timedelta(seconds=1))
    uses.written(three[2:], NOON + timedelta(seconds=2))
    assert uses.due(three, NOON + timedelta(seconds=3)) == [three[1]]


def test_the_uses_of_many_outcomes_are_told_once_and_are_no_reason_to_write_by_themselves() -> None:
    token = but(TOKEN, org_id="00D", grant_id="0GR")
    plain = Outcome(Answer(200, {"active": True}))
    noted = replace(plain, exercised=exercised(token, ("api", "web", "api")))
    assert noted.writes is False
    assert uses_of([noted, plain, noted]) == [USE, OTHER]
    assert uses_of([replace(noted, answer=Answer(200, None))]) == [USE, OTHER]
