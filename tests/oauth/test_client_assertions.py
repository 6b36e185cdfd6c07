"""private_key_jwt: assertions that a JOSE library of the client's own makes, and every way in which one is not believed."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.oauth.client_keys import ASSERTION_TYPE, NOON, assertion_form, claims_for, client_key
from tests.oauth.conftest import HouseMaker
from tests.oauth.door import basic
from tests.oauth.tenants import FEED, INTROSPECT, REVOKE, TOKEN, Client, Tenant, make_tenant

from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.setup.add_certificate import RetireCertificate, retire_certificate
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.storage import credentials


@pytest.fixture
def keyed(acme: Tenant) -> Client:
    return acme.app("Keyed", key=client_key(clock=acme.standing.clock))


def said(app: Client, header: dict[str, Any] | None = None, /, **changed: Any) -> dict[str, str]:
    """A fresh assertion of the app for its own org, with something changed."""
    assert app.key is not None
    audience = changed.pop("aud", app.issuer)
    return assertion_form(app.key, app.consumer_key, audience, header, **changed)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # by the client's library, which prefers the newer name
@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])
def test_std_CA_08_an_app_proves_itself_with_its_key(acme: Tenant, alg: str) -> None:
    app = acme.app("Keyed", key=client_key(alg, clock=acme.standing.clock))
    answer = app.token()
    line = acme.receipt(answer)
    assert (answer.status_code, line.auth_method) == (200, "private_key_jwt")
    assert line.credential_id.startswith("0P1")
    assert "signature" not in answer.json()  # no secret was presented that it could be made with


def test_the_key_may_be_named_by_its_fingerprint_or_not_at_all(acme: Tenant, keyed: Client) -> None:
    with acme.standing.database.snapshot() as tx:
        (certificate,) = credentials.certificates_of(tx, acme.org.id, keyed.id)
    assert keyed.ask(said(keyed, {"kid": certificate.fingerprint})).status_code == 200
    assert keyed.ask(said(keyed)).status_code == 200
    unknown = keyed.ask(said(keyed, {"kid": "../../etc/passwd"}))
    assert acme.true_cause(unknown) == "assertion_key_unknown"


def test_std_CA_08_a_key_that_was_uploaded_for_one_algorithm_checks_that_one_alone(acme: Tenant) -> None:
    key = client_key("PS256", clock=acme.standing.clock)
    pinned = json.dumps(json.loads(key.upload) | {"alg": "RS256"}).encode()
    app = acme.app("Pinned", key=replace(key, uploaded=pinned))
    assert acme.true_cause(app.token()) == "assertion_algorithm_refused"
    assert app.ask(assertion_form(replace(key, alg="RS256"), app.consumer_key, app.issuer)).status_code == 200


@pytest.mark.parametrize("typ", ["client-authentication+jwt", "JWT", "application/client-authentication+jwt"])
def test_std_CA_10_an_assertion_may_say_what_it_is(keyed: Client, typ: str) -> None:
    assert keyed.ask(said(keyed, {"typ": typ})).status_code == 200


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", ""])
def test_std_CA_10_a_jwt_made_for_something_else_is_refused(acme: Tenant, keyed: Client, typ: str) -> None:
    answer = keyed.ask(said(keyed, {"typ": typ}))
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", "assertion_typ_wrong")


AUDIENCES = [
    pytest.param(lambda issuer: [issuer], id="a list of the issuer alone"),
    pytest.param(lambda issuer: [issuer, "https://evil.example"], id="a list with somebody else"),
    pytest.param(lambda issuer: issuer + TOKEN, id="the token endpoint"),
    pytest.param(lambda issuer: issuer + "/", id="a slash at the end"),
    pytest.param(lambda issuer: issuer.upper(), id="upper case"),
    pytest.param(lambda issuer: issuer + ".evil.example", id="the issuer as a beginning"),
    pytest.param(lambda issuer: "https://evil.example", id="somebody else"),
    pytest.param(lambda issuer: None, id="nobody"),
]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_X_CA_07_std_CA_09_the_audience_is_exactly_the_issuer(acme: Tenant, keyed: Client, audience: Any) -> None:
    answer = keyed.ask(said(keyed, aud=audience(keyed.issuer)))
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", "assertion_audience_wrong")


def test_std_CA_09_a_legacy_app_may_also_name_the_endpoint_that_it_calls(acme: Tenant, keyed: Client) -> None:
    with acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(keyed.id, legacy_audience=True))
    assert keyed.ask(said(keyed, aud=keyed.issuer + TOKEN)).status_code == 200
    assert keyed.ask(said(keyed, aud=[keyed.issuer + TOKEN])).status_code == 401
    assert keyed.ask(said(keyed, aud=keyed.issuer + REVOKE)).status_code == 401


CLAIMS = [
    pytest.param({"sub": None}, "assertion_subject_wrong", id="no subject, as in a request object"),
    pytest.param({"sub": "somebody"}, "assertion_subject_wrong", id="another subject"),
    pytest.param({"exp": None}, "assertion_expired", id="no end"),
    pytest.param({"exp": str(NOON + 60)}, "assertion_expired", id="an end as text"),
    pytest.param({"exp": -60}, "assertion_expired", id="sixty seconds after its end"),
    pytest.param({"exp": 301}, "assertion_too_long_lived", id="more than five minutes ahead"),
    pytest.param({"exp": 300_000}, "assertion_too_long_lived", id="an end in milliseconds"),
    pytest.param({"iat": 61}, "assertion_not_yet_valid", id="issued more than a minute ahead"),
    pytest.param({"nbf": 61}, "assertion_not_yet_valid", id="valid only in more than a minute"),
    pytest.param({"iat": "now"}, "assertion_not_yet_valid", id="issued at a word"),
    pytest.param({"jti": None}, "assertion_jti_missing", id="no jti"),
    pytest.param({"jti": 7}, "assertion_jti_missing", id="a number for jti"),
    pytest.param({"jti": "j" * 257}, "assertion_jti_missing", id="a jti without end"),
    pytest.param({"iss": None}, "assertion_issuer_wrong", id="no issuer"),
    pytest.param({"iss": "gbk_nobody", "sub": "gbk_nobody"}, "client_unknown", id="an unknown client"),
]


@pytest.mark.parametrize(("changed", "cause"), CLAIMS)
def test_std_CA_08_std_CA_12_each_claim_is_checked(acme: Tenant, keyed: Client, changed: dict[str, Any], cause: str) -> None:
    now = int(acme.standing.clock.now.timestamp())
    moments = {name: now + value for name, value in changed.items() if name in ("exp", "iat", "nbf") and isinstance(value, int)}
    answer = keyed.ask(said(keyed, **(changed | moments)))
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", cause)


TOLERATED = [
    pytest.param({"exp": -59}, id="fifty-nine seconds after its end"),
    pytest.param({"exp": 300}, id="five minutes ahead"),
    pytest.param({"iat": 60, "nbf": 60}, id="a clock that is a minute ahead"),
]


@pytest.mark.parametrize("changed", TOLERATED)
def test_std_CA_12_clocks_may_differ_by_a_minute(acme: Tenant, keyed: Client, changed: dict[str, int]) -> None:
    acme.standing.clock.now = acme.standing.clock.now.replace(microsecond=0)
    now = int(acme.standing.clock.now.timestamp())
    assert keyed.ask(said(keyed, **{name: now + value for name, value in changed.items()})).status_code == 200


def _unsigned(app: Client, alg: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    assert app.key is not None
    return f"{part({'alg': alg})}.{part(claims_for(app.consumer_key, app.issuer, app.key.now))}."


@pytest.mark.parametrize("alg", ["none", "None", "", "HS256", None])
def test_X_TK_01_X_TK_02_no_header_talks_the_signature_away(acme: Tenant, keyed: Client, alg: object) -> None:
    answer = keyed.ask(client_assertion_type=ASSERTION_TYPE, client_assertion=_unsigned(keyed, alg))
    assert (answer.status_code, acme.true_cause(answer)) == (401, "assertion_algorithm_refused")


def test_the_assertion_type_must_be_the_one_of_the_rfc(acme: Tenant, keyed: Client) -> None:
    assertion = said(keyed)["client_assertion"]
    for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
        answer = keyed.ask(client_assertion_type=kind, client_assertion=assertion)
        assert acme.true_cause(answer) == "assertion_type_unknown"


def test_X_CA_03_a_decoy_assertion_beside_a_good_secret_satisfies_nobody(acme: Tenant) -> None:
    key = client_key(clock=acme.standing.clock)
    app = acme.app("Both", auth_methods=frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST}))
    decoy = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": _unsigned(replace(app, key=key), "none")}
    answer = app.ask(decoy, headers=basic(app.consumer_key, app.secret))
    assert (answer.status_code, acme.true_cause(answer)) == (400, "client_methods_several")


def test_std_CA_14_one_of_several_certificates_is_enough_and_a_retired_one_is_not(acme: Tenant, keyed: Client) -> None:
    with acme.standing.database.transaction() as tx:
        (certificate,) = credentials.certificates_of(tx, acme.org.id, keyed.id)
        retire_certificate(tx, acme.admin, RetireCertificate(keyed.id, certificate.id))
    answer = keyed.token()
    assert (answer.status_code, acme.true_cause(answer)) == (401, "certificate_retired")


# --- Once only -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE, FEED])
def test_X_CA_05_std_CA_11_an_assertion_buys_one_answer_at_every_endpoint(acme: Tenant, keyed: Client, path: str) -> None:
    form = {"grant_type": "client_credentials", "token": "unknown"} | said(keyed)
    first, second = keyed.post(path, form), keyed.post(path, form)
    assert first.status_code == 200
    assert (second.status_code, second.json()["error"], acme.true_cause(second)) == (401, "invalid_client", "assertion_replayed")


def test_X_CA_05_an_assertion_used_at_one_endpoint_is_used_at_the_others(acme: Tenant, keyed: Client) -> None:
    form = {"grant_type": "client_credentials", "token": "unknown"} | said(keyed)
    assert keyed.post(REVOKE, form).status_code == 200
    assert acme.true_cause(keyed.post(TOKEN, form)) == "assertion_replayed"


def test_X_CA_05_std_SC_13_a_replay_is_known_on_the_other_node_and_after_a_restart(own_house: HouseMaker) -> None:
    first, second = own_house(), own_house()
    acme = make_tenant(first)
    app = acme.app("Keyed", key=client_key(clock=first.clock))
    form = said(app)
    assert app.ask(form).status_code == 200
    assert acme.true_cause(app.at(second).ask(form)) == "assertion_replayed"
    first.house.turnstile.stop(10)
    assert acme.true_cause(app.at(own_house()).ask(form)) == "assertion_replayed"


def test_X_CA_05_a_replay_is_known_inside_the_skew_window_and_expired_after_it(acme: Tenant, keyed: Client) -> None:
    clock = acme.standing.clock
    clock.now = clock.now.replace(microsecond=0)
    form = said(keyed)  # ends in sixty seconds
    assert keyed.ask(form).status_code == 200
    clock.advance(seconds=119)
    assert acme.true_cause(keyed.ask(form)) == "assertion_replayed"
    clock.advance(seconds=1)
    assert acme.true_cause(keyed.ask(form)) == "assertion_expired"


def test_X_CA_06_a_forgery_does_not_use_up_the_genuine_assertion(acme: Tenant, keyed: Client) -> None:
    thief = replace(keyed, key=client_key(number=2, clock=acme.standing.clock))
    forged, genuine = said(thief, jti="the same"), said(keyed, jti="the same")
    assert acme.true_cause(keyed.ask(forged)) == "assertion_signature_wrong"
    assert keyed.ask(genuine).status_code == 200


def test_X_CA_06_one_clients_jti_is_not_another_clients(acme: Tenant, keyed: Client) -> None:
    other = acme.app("Other", key=client_key(number=2, clock=acme.standing.clock))
    assert keyed.ask(said(keyed, jti="the same")).status_code == 200
    assert other.ask(said(other, jti="the same")).status_code == 200


def test_X_CA_06_a_refused_request_leaves_its_assertion_unused(acme: Tenant, keyed: Client) -> None:
    form = said(keyed)
    assert keyed.ask(form, scope="bogus").status_code == 400
    assert keyed.ask(form).status_code == 200
