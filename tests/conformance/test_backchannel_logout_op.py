"""What the plan Back-Channel Logout OP of the OpenID certification asks of a server: the client hears of it, whoever ends the session."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.conformance.conftest import relying_party
from tests.conformance.hearing import Hearing, hearing
from tests.conformance.relying_party import Person, RelyingParty, Tokens
from tests.conformance.running import RunningHouse

from gatebridge.setup.stop_users import FreezeUser, freeze_user

AFTERWARDS = "https://rp.example/signed-out"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
def ear() -> Iterator[Hearing]:
    with hearing() as found:
        yield found


@pytest.fixture(scope="module")
def rp(house: RunningHouse, ear: Hearing) -> RelyingParty:
    return relying_party(house, post_logout_redirect_uris=(AFTERWARDS,), backchannel_logout_uri=ear.url)


@pytest.fixture
def tokens(rp: RelyingParty, person: Person) -> Tokens:
    return rp.signs_in(person)


def verified(rp: RelyingParty, tokens: Tokens, form: dict[str, str]) -> dict[str, Any]:
    """The claims of a logout token, checked as Back-Channel Logout sections 2.4 and 2.6 say."""
    assert set(form) == {"logout_token"}
    published = KeySet.import_key_set(rp.house.http.get(str(rp.metadata["jwks_uri"])).json())
    decoded = jwt.decode(form["logout_token"], published, algorithms=[str(tokens.header["alg"])])
    claims: dict[str, Any] = decoded.claims
    assert decoded.header["typ"] == "logout+jwt"
    assert (claims["iss"], claims["aud"]) == (rp.house.issuer, rp.app.client_id)
    assert (claims["sub"], claims["sid"]) == (tokens.claims["sub"], tokens.claims["sid"])
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    return claims


def test_oidcc_backchannel_logout_discovery_endpoint_verification(rp: RelyingParty) -> None:
    assert rp.metadata["backchannel_logout_supported"] is True
    assert rp.metadata["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(rp: RelyingParty, person: Person, tokens: Tokens, ear: Hearing) -> None:
    said = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": AFTERWARDS, "state": "s"}
    visit = person.visit(f"{rp.metadata['end_session_endpoint']}?{urlencode(said)}")
    assert visit.went_to == f"{AFTERWARDS}?state=s"
    verified(rp, tokens, ear.next())
    assert ear.nothing_more()


def by_the_admin(rp: RelyingParty, person: Person) -> None:
    with rp.house.database.transaction() as tx:
        freeze_user(tx, rp.house.admin, FreezeUser(person.user.id, "A drill."))


def by_oneself(rp: RelyingParty, person: Person) -> None:
    visit = person.visit(str(rp.metadata["end_session_endpoint"]))
    assert visit.asked == ["logout"]


@pytest.mark.parametrize("end", [by_the_admin, by_oneself], ids=["frozen", "signed out"])
def test_oidcc_backchannel_logout_whoever_ends_the_session(
    rp: RelyingParty, person: Person, tokens: Tokens, ear: Hearing, end: Callable[[RelyingParty, Person], None]
) -> None:
    """Beyond the plan: freezing and signing out without a client are told as well (BC-02)."""
    end(rp, person)
    first = verified(rp, tokens, ear.next())
    assert first["sid"] == tokens.claims["sid"]


def test_std_SE_01_the_sid_is_neither_the_cookie_nor_the_same_for_two_sessions(
    house: RunningHouse, rp: RelyingParty, person: Person, tokens: Tokens
) -> None:
    other = rp.signs_in(Person(house.browser(), person.user))
    assert tokens.claims["sid"] != other.claims["sid"]
    assert not [value for value in person.browser.cookies.values() if tokens.claims["sid"] in value or value in tokens.claims["sid"]]
