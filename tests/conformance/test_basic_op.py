"""What the plans Basic OP and Form Post OP of the OpenID certification ask of a server, module by module, under the modules' names.

The two plans have the same modules; in the second each answer comes by a form that the browser posts. Where a module waits, the clock of
the house moves; where it needs pages removed from a browser, there is a new browser.
"""

import base64
import json

import pytest
from tests.conformance.relying_party import Person, RelyingParty
from tests.conformance.running import RunningHouse
from tests.oauth.flows.portal import VERIFIER, challenge_of

PROFILE = {"name", "given_name", "family_name", "preferred_username", "zoneinfo", "locale", "updated_at"}
EMAIL = {"email", "email_verified"}
ADDRESS = {"address"}
PHONE = {"phone_number", "phone_number_verified"}
OF_EVERY_ID_TOKEN = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}


@pytest.fixture(params=["basic", "form_post"])
def rp(request: pytest.FixtureRequest, first: RelyingParty) -> RelyingParty:
    """The first client, which is answered as the plan has it."""
    return first.with_(response_mode="form_post") if request.param == "form_post" else first


def test_oidcc_server(rp: RelyingParty, person: Person) -> None:
    tokens = rp.signs_in(person)
    assert tokens.header["alg"] == "RS256"
    assert tokens.header["kid"]
    assert {"auth_time", "acr", "amr"} <= set(tokens.claims)
    assert rp.userinfo(tokens)["sub"] == tokens.claims["sub"]


def test_oidcc_response_type_missing(rp: RelyingParty, person: Person) -> None:
    visit, said = rp.asks(person, response_type=None)
    assert rp.error(visit, said) in ("invalid_request", "unsupported_response_type")


def test_oidcc_userinfo_get(rp: RelyingParty, person: Person) -> None:
    rp.userinfo(rp.signs_in(person), "get")


def test_oidcc_userinfo_post_header(rp: RelyingParty, person: Person) -> None:
    rp.userinfo(rp.signs_in(person), "post header")


def test_oidcc_userinfo_post_body(rp: RelyingParty, person: Person) -> None:
    rp.userinfo(rp.signs_in(person), "post body")


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(rp: RelyingParty, person: Person) -> None:
    assert "nonce" not in rp.signs_in(person, nonce=None).claims


def told_for(rp: RelyingParty, person: Person, scope: str) -> set[str]:
    """What userinfo tells for this scope; the ID token of a code flow must tell none of it (OpenID Connect Core section 5.4)."""
    tokens = rp.signs_in(person, scope=scope)
    assert set(tokens.claims) <= OF_EVERY_ID_TOKEN
    told = rp.userinfo(tokens)
    if "email_verified" in told:
        assert told["email_verified"] is True
    if "updated_at" in told:
        assert type(told["updated_at"]) is int
    if "address" in told:
        assert told["address"]["country"] == person.user.country
    return set(told) - {"sub"}


def test_oidcc_scope_profile(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "openid profile") == PROFILE


def test_oidcc_scope_email(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "openid email") == EMAIL


def test_oidcc_scope_address(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "openid address") == ADDRESS


def test_oidcc_scope_phone(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "openid phone") == PHONE


def test_oidcc_scope_all(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "openid profile email address phone") == PROFILE | EMAIL | ADDRESS | PHONE


def test_oidcc_ensure_other_scope_order_succeeds(rp: RelyingParty, person: Person) -> None:
    assert told_for(rp, person, "email openid") == EMAIL


def test_oidcc_display_page(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, display="page")


def test_oidcc_display_popup(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, display="popup")


def test_oidcc_prompt_login(house: RunningHouse, rp: RelyingParty, person: Person) -> None:
    before = rp.signs_in(person)
    house.clock.wait(seconds=1)
    visit, said = rp.asks(person, prompt="login")
    assert visit.asked == ["signin"]  # once, and again next time
    after = rp.checked(rp.redeem(rp.checked_code(visit, said)), nonce=said["nonce"])
    assert after.claims["sub"] == before.claims["sub"]
    assert after.claims["auth_time"] > before.claims["auth_time"]
    assert rp.asks(person, prompt="login")[0].asked == ["signin"]


def test_oidcc_prompt_none_not_logged_in(rp: RelyingParty, person: Person) -> None:
    visit, said = rp.asks(person, prompt="none")
    assert visit.asked == []
    assert rp.error(visit, said) in ("login_required", "interaction_required")


def test_oidcc_prompt_none_logged_in(rp: RelyingParty, person: Person) -> None:
    before = rp.signs_in(person)
    visit, said = rp.asks(person, prompt="none")
    assert visit.asked == []
    after = rp.checked(rp.redeem(rp.checked_code(visit, said)), nonce=said["nonce"])
    assert (after.claims["sub"], after.claims["auth_time"]) == (before.claims["sub"], before.claims["auth_time"])


def test_oidcc_max_age_1(house: RunningHouse, rp: RelyingParty, person: Person) -> None:
    before = rp.signs_in(person)
    house.clock.wait(seconds=2)
    visit, said = rp.asks(person, max_age="1")
    assert visit.asked == ["signin"]
    after = rp.checked(rp.redeem(rp.checked_code(visit, said)), nonce=said["nonce"])
    assert after.claims["auth_time"] > before.claims["auth_time"]
    assert after.claims["iat"] - after.claims["auth_time"] < 2


def test_oidcc_max_age_10000(house: RunningHouse, rp: RelyingParty, person: Person) -> None:
    before = rp.signs_in(person)
    house.clock.wait(seconds=2)
    visit, said = rp.asks(person, max_age="10000")
    assert visit.asked == []
    after = rp.checked(rp.redeem(rp.checked_code(visit, said)), nonce=said["nonce"])
    assert (after.claims["sub"], after.claims["auth_time"]) == (before.claims["sub"], before.claims["auth_time"])


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, extra="foobar")


def test_oidcc_id_token_hint(rp: RelyingParty, person: Person) -> None:
    before = rp.signs_in(person)
    visit, said = rp.asks(person, prompt="none", id_token_hint=before.id_token)
    assert visit.asked == []
    after = rp.checked(rp.redeem(rp.checked_code(visit, said)), nonce=said["nonce"])
    assert after.claims["sub"] == before.claims["sub"]


def test_oidcc_login_hint(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, login_hint=person.user.username)


def test_oidcc_ui_locales(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, ui_locales="se")


def test_oidcc_claims_locales(rp: RelyingParty, person: Person) -> None:
    assert rp.signs_in(person, claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(rp: RelyingParty, person: Person) -> None:
    known = rp.metadata["acr_values_supported"]
    for wanted in (" ".join(known), "urn:nobody:knows:1 urn:nobody:knows:2"):
        assert rp.signs_in(person, acr_values=wanted).claims["acr"] in known


def test_oidcc_codereuse(rp: RelyingParty, person: Person) -> None:
    code = rp.code(person)
    assert rp.redeem(code).status_code == 200
    again = rp.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_oidcc_codereuse_30seconds(house: RunningHouse, rp: RelyingParty, person: Person) -> None:
    visit, said = rp.asks(person)
    code = rp.checked_code(visit, said)
    tokens = rp.checked(rp.redeem(code), nonce=said["nonce"])
    assert rp.userinfo(tokens)
    house.clock.wait(seconds=30)
    again = rp.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert rp.ask_userinfo(tokens.access).status_code == 401  # what the first use had bought has ended


@pytest.mark.parametrize("changed", ["{}/more", "{}?added=1", "{}/", "https://elsewhere.example/callback"])
def test_oidcc_ensure_registered_redirect_uri(rp: RelyingParty, person: Person, changed: str) -> None:
    visit, _ = rp.asks(person, redirect_uri=changed.format(rp.callback))
    visit.refused_here()


def test_oidcc_ensure_post_request_succeeds(rp: RelyingParty, person: Person) -> None:
    said = rp.parameters()
    code = rp.checked_code(person.post(str(rp.metadata["authorization_endpoint"]), said), said)
    assert rp.checked(rp.redeem(code), nonce=said["nonce"])


def test_oidcc_server_client_secret_post(rp: RelyingParty, second: RelyingParty, person: Person) -> None:
    in_the_body = second.with_(**rp.usual)
    assert in_the_body.signs_in(person)


def unsigned(parameters: dict[str, str]) -> str:
    """A request object that nobody signed (RFC 9101)."""
    parts = ({"alg": "none"}, parameters)
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + "."


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(rp: RelyingParty, person: Person) -> None:
    assert rp.metadata["request_parameter_supported"] is False
    visit, said = rp.asks(person, request=unsigned(rp.parameters()))
    assert visit.asked == []
    assert rp.error(visit, said) == "request_not_supported"


def test_oidcc_ensure_request_object_with_redirect_uri(rp: RelyingParty, person: Person) -> None:
    inside = rp.parameters(redirect_uri=f"{rp.callback}?inside=1")
    visit, said = rp.asks(person, request=unsigned(inside))
    assert rp.error(visit, said) == "request_not_supported"
    assert "inside=1" not in (visit.went_to or "")


def test_oidcc_claims_essential(rp: RelyingParty, person: Person) -> None:
    assert rp.metadata["claims_parameter_supported"] is True
    tokens = rp.signs_in(person, claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    told = rp.userinfo(tokens)
    assert told["name"] == person.user.name
    assert set(told) == {"sub", "name"}


def test_oidcc_refresh_token(house: RunningHouse, rp: RelyingParty, second: RelyingParty, person: Person) -> None:
    assert "refresh_token" in rp.metadata["grant_types_supported"]
    assert "offline_access" in rp.metadata["scopes_supported"]
    tokens = rp.signs_in(person, scope="openid offline_access", prompt="consent")
    house.clock.wait(seconds=1)
    again = rp.checked(rp.refreshed(tokens.refresh), nonce=None, refresh=True)
    assert again.access != tokens.access
    kept = ("iss", "sub", "aud", "auth_time")
    assert {name: again.claims[name] for name in kept} == {name: tokens.claims[name] for name in kept}
    assert again.claims["iat"] > tokens.claims["iat"]
    assert rp.userinfo(again)
    newest = str(again.body.get("refresh_token", tokens.refresh))
    stolen = second.refreshed(newest)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert rp.refreshed(newest).status_code == 200  # the thief's try has done no harm


def test_oidcc_ensure_request_with_valid_pkce_succeeds(rp: RelyingParty, person: Person) -> None:
    pkce = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    code = rp.code(person, **pkce)
    assert rp.redeem(code, code_verifier=VERIFIER).status_code == 200
    code = rp.code(person, **pkce)
    assert rp.redeem(code).json()["error"] == "invalid_grant"
