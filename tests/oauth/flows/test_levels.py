"""A requirement is raised, and at the next request everything that was got with less is refused: whoever requires it, whoever holds it.

The verbs are those of admins. The receipt says who requires the level; whoever is there to sign in anew with a second factor can.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.oauth.conftest import HouseMaker
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Client, Tenant, compared, make_tenant

from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.storage.tx import Tx

USERINFO = "/services/oauth2/userinfo"
CHALLENGE = 'error="insufficient_user_authentication", error_description="The user signed in less surely than is required now."'

# Whoever may require a level, as the receipt names it.
REQUIRING: dict[str, Callable[[Tx, Tenant, Client, dict[str, Any]], object]] = {
    "the org": lambda tx, acme, _, wanted: edit_org(tx, acme.admin, EditOrg(confirmed=True, **wanted)),
    "the user's profile": lambda tx, acme, _, wanted: edit_profile(tx, acme.admin, EditProfile(acme.profile.id, confirmed=True, **wanted)),
    "the app's policies": lambda tx, acme, app, wanted: edit_policies(tx, acme.admin, EditPolicies(app.id, confirmed=True, **wanted)),
}
by_anybody = pytest.mark.parametrize("who", REQUIRING)


def require(who: str, acme: Tenant, app: Client, level: Level = Level.HIGH, action: LevelAction = LevelAction.RAISE) -> None:
    with acme.standing.database.transaction() as tx:
        REQUIRING[who](tx, acme, app, {"required_level": level, "level_action": action})


def refused(acme: Tenant, answer: httpx.Response, reason: str, who: str) -> None:
    """The receipt of this refusal names the reason, who requires the level, and what was reached beside it."""
    line = acme.receipt(answer)
    assert (line.outcome, line.reason) == ("refused", reason)
    receipt = json.loads(line.receipt) if isinstance(line.receipt, str) else line.receipt
    (said,) = [finding for finding in receipt["findings"] if finding["gate"] == "session"]
    assert who in said["words"]
    assert compared(line)["level"]["registered"] == "high"


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme)


def page_of(answer: httpx.Response) -> str:
    return str(answer.json()["error_uri"]).partition("?")[0].rpartition("/")[2]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@by_anybody
def test_std_SU_02_a_code_and_a_refresh_token_buy_nothing_once_the_level_is_raised(acme: Tenant, portal: Portal, who: str) -> None:
    code, tokens = portal.code(), portal.signed_in()
    require(who, acme, portal.app)
    for answer in (portal.redeem(code), portal.refresh(tokens["refresh_token"])):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
        assert page_of(answer) == "level_too_low"
        refused(acme, answer, "level_too_low", who)


@by_anybody
def test_std_SU_01_SU_02_a_live_token_ends_too_and_its_holder_hears_what_would_help(acme: Tenant, portal: Portal, who: str) -> None:
    token = portal.signed_in()["access_token"]
    assert acme.door.get(acme.org.issuer + USERINFO, headers=bearer(token)).status_code == 200
    require(who, acme, portal.app)
    answer = acme.door.get(acme.org.issuer + USERINFO, headers=bearer(token))
    challenge = f'Bearer realm="{acme.org.host}", {CHALLENGE}, acr_values="urn:gatebridge:level:high"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["error"] == "insufficient_user_authentication"
    refused(acme, answer, "level_too_low", who)
    assert not portal.live(token)
    assert acme.last_cause() == "level_too_low"


@by_anybody
@pytest.mark.parametrize("action", LevelAction)
def test_who_signed_in_with_a_second_factor_keeps_what_was_got_with_it(acme: Tenant, portal: Portal, who: str, action: LevelAction) -> None:
    tokens, code = portal.signed_in(level=Level.HIGH), portal.code(level=Level.HIGH)
    require(who, acme, portal.app, action=action)
    assert portal.live(tokens["access_token"])
    assert portal.refresh(tokens["refresh_token"]).status_code == 200
    assert portal.redeem(code).status_code == 200


@by_anybody
def test_a_service_gets_no_token_where_somebody_would_have_to_sign_in(acme: Tenant, portal: Portal, who: str) -> None:
    service = acme.app("Night Shift")
    token = service.access_token()
    require(who, acme, service)
    answer = service.token()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert page_of(answer) == "level_needs_user"
    refused(acme, answer, "level_needs_user", who)
    assert not portal.live(token)
    assert acme.last_cause() == "level_too_low"


@by_anybody
def test_X_JB_06_an_assertion_gets_nothing_and_does_not_tell_of_whom_more_is_required(acme: Tenant, portal: Portal, who: str) -> None:
    job = Job(acme)
    token = job.ask(None, {"scope": "api"}).json()["access_token"]
    require(who, acme, job.app)
    answer = job.ask(None, {"scope": "api"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert page_of(answer) == "user_not_approved"
    refused(acme, answer, "level_needs_user", who)
    assert not portal.live(token)
    assert acme.last_cause() == "level_too_low"


def test_a_requirement_that_is_taken_back_lets_everything_go_on(acme: Tenant, portal: Portal) -> None:
    tokens = portal.signed_in()
    require("the app's policies", acme, portal.app)
    assert not portal.live(tokens["access_token"])
    require("the app's policies", acme, portal.app, Level.STANDARD)
    assert portal.live(tokens["access_token"])
    assert portal.refresh(tokens["refresh_token"]).status_code == 200


def test_the_requirement_of_one_app_leaves_the_others_alone(acme: Tenant, portal: Portal) -> None:
    other = make_portal(acme, "Other Portal")
    tokens = other.signed_in()
    require("the app's policies", acme, portal.app)
    assert other.live(tokens["access_token"])


def test_std_SU_01_our_own_API_asks_a_person_for_a_surer_sign_in_and_tells_a_service_nothing(acme: Tenant) -> None:
    console = make_portal(acme, "Console", scopes=("api", "id", "openid", "refresh_token", "setup_api"))
    service = acme.app("Night Shift", scopes=("api", "setup_api"))
    with acme.standing.database.transaction() as tx:
        for app in (console.app, service):
            edit_policies(tx, acme.admin, EditPolicies(app.id, may_administer=True))
    of_person = console.signed_in(scopes=("api", "setup_api", "openid"))["access_token"]
    of_service = service.access_token(scope="setup_api")
    assert console.app.me(of_person).status_code == service.me(of_service).status_code == 200
    require("the org", acme, console.app)
    answer = console.app.me(of_person)
    assert (answer.status_code, answer.json()["reason"]) == (401, "level_too_low")
    assert answer.headers["www-authenticate"].endswith(f'{CHALLENGE}, acr_values="urn:gatebridge:level:high"')
    answer = service.me(of_service)
    assert (answer.status_code, answer.json()["reason"]) == (401, "access_token_refused")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def claims_of(jwt: str) -> dict[str, Any]:
    payload = jwt.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@pytest.mark.parametrize("level", Level)
def test_std_AT_01_SU_01_ID_token_and_JWT_access_token_say_what_was_reached_and_when(acme: Tenant, level: Level) -> None:
    portal = make_portal(acme, access_token_format=TokenFormat.JWT)
    tokens = portal.signed_in(level=level)
    for token in (tokens["id_token"], tokens["access_token"], portal.refresh(tokens["refresh_token"]).json()["access_token"]):
        claims = claims_of(token)
        assert claims["acr"] == level.acr
    assert claims["auth_time"] == claims["iat"]


def test_on_two_nodes_a_raised_level_is_in_force_at_the_next_request_of_either(own_house: HouseMaker) -> None:
    first, second = own_house(), own_house()
    acme = make_tenant(first)
    portal = make_portal(acme)
    tokens = portal.signed_in()
    elsewhere = replace(portal, app=portal.app.at(second), guard=portal.guard.at(second))
    assert elsewhere.live(tokens["access_token"])
    require("the app's policies", acme, portal.app)
    assert not elsewhere.live(tokens["access_token"])
    assert page_of(elsewhere.refresh(tokens["refresh_token"])) == "level_too_low"
