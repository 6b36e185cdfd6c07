"""What each claim of discovery means over the wire, tried: what is named works, and what is not named is refused (MD-05)."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwk
from tests.conformance.conftest import relying_party
from tests.conformance.running import Registered
from tests.conformance.truth import Truth
from tests.oauth.client_keys import ClientKey, assertion_form, client_key
from tests.oauth.door import basic
from tests.oauth.flows.portal import VERIFIER, challenge_of

from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.edit_policies import EditPolicies, edit_policies

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = (
    *("authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", DEVICE, "password"),
    *("implicit", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:saml2-bearer"),
    *("urn:openid:params:grant-type:ciba", "Authorization_Code"),
)
RESPONSE_TYPES = (
    "code",
    "token",
    "id_token",
    "id_token token",
    "token id_token",
    "code id_token",
    "code token",
    "code id_token token",
    "none",
)


# --- Endpoints -----------------------------------------------------------------------------------------------------------------


def issuer(truth: Truth, said: Any) -> None:
    assert said == truth.house.issuer == truth.rp.signs_in(truth.somebody()).claims["iss"]


def token_endpoint(truth: Truth, said: Any) -> None:
    assert truth.post(said, {}, basic(truth.robot.client_id, truth.robot.secret)).json()["access_token"]


def introspection_endpoint(truth: Truth, said: Any) -> None:
    own = basic(truth.robot.client_id, truth.robot.secret)
    token = truth.post(truth.rp.metadata["token_endpoint"], {}, own).json()["access_token"]
    assert truth.post(said, {"token": token}, own).json()["active"] is True


def revocation_endpoint(truth: Truth, said: Any) -> None:
    own = basic(truth.robot.client_id, truth.robot.secret)
    token = truth.post(truth.rp.metadata["token_endpoint"], {}, own).json()["access_token"]
    assert truth.post(said, {"token": token}, own).status_code == 200
    assert truth.post(truth.rp.metadata["introspection_endpoint"], {"token": token}, own).json() == {"active": False}


def read(truth: Truth, said: Any) -> None:
    assert truth.house.http.get(said).status_code == 200


def signs_in(truth: Truth, said: Any) -> None:
    """Of the endpoints that a whole sign-in goes through."""
    assert said in (truth.rp.metadata["authorization_endpoint"], truth.rp.metadata["userinfo_endpoint"])
    assert truth.rp.userinfo(truth.rp.signs_in(truth.somebody()))


def end_session_endpoint(truth: Truth, said: Any) -> None:
    person = truth.somebody()
    truth.rp.signs_in(person)
    assert person.visit(said).asked == ["logout"]
    assert truth.rp.error(*truth.rp.asks(person, prompt="none")) == "login_required"


def device_authorization_endpoint(truth: Truth, said: Any) -> None:
    lamp = truth.house.app("Lamp", flows=frozenset({Flow.DEVICE}), scopes=("openid",), callbacks=())
    begun = truth.post(said, {"scope": "openid"}, basic(lamp.client_id, lamp.secret)).json()
    assert truth.house.http.get(begun["verification_uri"]).status_code in (200, 303)


# --- How clients prove themselves ------------------------------------------------------------------------------------------------


def keyed(truth: Truth, alg: str) -> tuple[Registered, ClientKey]:
    key = (
        ClientKey(alg, jwk.ECKey.generate_key(CURVES[alg]), truth.house.clock)
        if alg in CURVES
        else client_key(alg, clock=truth.house.clock)
    )
    app = truth.house.app("Keyed", run_as=truth.house.person("robot"), flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",),
                          auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}), callbacks=())  # fmt: skip
    with truth.house.database.transaction() as tx:
        add_certificate(tx, truth.house.admin, AddCertificate(app.id, "Key", key.upload))
    return app, key


def methods_at(name: str) -> "Callable[[Truth, Any], None]":
    def proven(truth: Truth, said: Any) -> None:
        endpoint = str(truth.rp.metadata[name])
        for method in said:
            if method == "private_key_jwt":
                app, key = keyed(truth, "ES256")
                answer = truth.post(endpoint, assertion_form(key, app.client_id, truth.house.issuer))
            elif method == "none":
                public = truth.house.app("Public", auth_methods=frozenset({ClientAuthMethod.NONE}), scopes=("openid",))
                answer = truth.post(endpoint, {"client_id": public.client_id, "grant_type": "refresh_token", "refresh_token": "x"})
                assert answer.status_code == 200 or answer.json()["error"] == "invalid_grant"
                continue
            else:
                form = {"client_id": truth.robot.client_id, "client_secret": truth.robot.secret}
                by_header = method == "client_secret_basic"
                answer = truth.post(endpoint, {} if by_header else form, basic(*form.values()) if by_header else None)
            assert answer.status_code == 200, method
        assert truth.post(endpoint, {"client_id": truth.robot.client_id}).status_code == 401

    return proven


def algorithms_at(name: str) -> "Callable[[Truth, Any], None]":
    def proven(truth: Truth, said: Any) -> None:
        endpoint = str(truth.rp.metadata[name])
        assert not [alg for alg in said if alg == "none" or alg.startswith("HS")]
        for alg in said:
            app, key = keyed(truth, alg)
            assert truth.post(endpoint, assertion_form(key, app.client_id, truth.house.issuer)).status_code == 200, alg

    return proven


# --- What may be asked -----------------------------------------------------------------------------------------------------------


def grant_types(truth: Truth, said: Any) -> None:
    assert set(said) <= set(GRANT_TYPES)
    # The implicit grant is none of the token endpoint's; `response_types_supported` is where it is tried.
    assert ("implicit" in said) == ("token" in truth.rp.metadata["response_types_supported"])
    for grant_type in GRANT_TYPES:
        if grant_type == "implicit":
            continue
        error = truth.rp.token({"grant_type": grant_type, "username": "x", "password": "x"}).json()["error"]
        assert (error == "unsupported_grant_type") == (grant_type not in said), grant_type


def response_types(truth: Truth, said: Any) -> None:
    named = {frozenset(each.split(" ")) for each in said}
    assert named <= {frozenset(each.split(" ")) for each in RESPONSE_TYPES}
    for each in RESPONSE_TYPES:
        visit, asked = truth.rp.asks(truth.somebody(), prompt="none", response_type=each)
        told = visit.answer or {}
        works = told.get("error") == "login_required"
        assert works == (frozenset(each.split(" ")) in named), (each, told, asked)


def response_modes(truth: Truth, said: Any) -> None:
    for mode in ("query", "fragment", "form_post", "query.jwt", "form_post.jwt", "web_message"):
        visit, asked = truth.rp.asks(truth.somebody(), response_mode=mode)
        if mode not in said:
            assert truth.rp.error(visit, asked) == "invalid_request"
            continue
        assert (visit.posted is not None) == (mode == "form_post")
        assert ("#" in (visit.went_to or "")) == (mode == "fragment")
        assert truth.rp.checked_code(visit, asked)


def scopes(truth: Truth, said: Any) -> None:
    all_of_them = relying_party(truth.house, scopes=tuple(name for name in said if name != "offline_access"), full_scope_reason="A drill.")
    with truth.house.database.transaction() as tx:
        edit_policies(tx, truth.house.admin, EditPolicies(all_of_them.app.id, may_administer=True))
    for scope in said:
        assert truth.silently(all_of_them, scope=scope) == "login_required", scope
    assert truth.silently(all_of_them, scope="nonsense") == "invalid_scope"


def challenge_methods(truth: Truth, said: Any) -> None:
    assert said == ["S256"]
    code = truth.rp.code(truth.somebody(), code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")
    assert truth.rp.redeem(code, code_verifier=VERIFIER).status_code == 200
    assert truth.silently(truth.rp, code_challenge=VERIFIER, code_challenge_method="plain") == "invalid_request"


def prompts(truth: Truth, said: Any) -> None:
    for prompt in said:
        visit, asked = truth.rp.asks(truth.somebody(), prompt=prompt)
        assert truth.rp.error(visit, asked) == "login_required" if prompt == "none" else truth.rp.checked_code(visit, asked)


def levels(truth: Truth, said: Any) -> None:
    for level in said:
        assert truth.rp.signs_in(truth.somebody(), acr_values=level).claims["acr"] in said


def not_taken(parameter: str, error: str) -> "Callable[[Truth, Any], None]":
    def proven(truth: Truth, said: Any) -> None:
        assert said is False
        assert truth.silently(truth.rp, **{parameter: "https://rp.example/object"}) == error

    return proven


def claims_parameter(truth: Truth, said: Any) -> None:
    assert said is True
    tokens = truth.rp.signs_in(truth.somebody(), claims=json.dumps({"userinfo": {"email": None}}))
    assert set(truth.rp.userinfo(tokens)) == {"sub", "email"}


# --- What is told ----------------------------------------------------------------------------------------------------------------


def names_the_issuer(truth: Truth, said: Any) -> None:
    assert said is True
    assert truth.rp.code(truth.somebody())  # which compares it


def subjects(truth: Truth, said: Any) -> None:
    assert said == ["public"]
    person = truth.somebody()
    assert truth.rp.signs_in(person).claims["sub"] == relying_party(truth.house).signs_in(person).claims["sub"]


def id_token_algorithms(truth: Truth, said: Any) -> None:
    for algorithm in said:
        assert relying_party(truth.house, signing_algorithm=algorithm).signs_in(truth.somebody()).header["alg"] == algorithm


def claim_types(truth: Truth, said: Any) -> None:
    assert said == ["normal"]
    assert not {"_claim_names", "_claim_sources"} & set(truth.rp.userinfo(truth.rp.signs_in(truth.somebody())))


def claims(truth: Truth, said: Any) -> None:
    scopes = ("openid", "id", "custom_permissions", "api", "refresh_token")
    attributed = relying_party(truth.house, custom_attributes=(("badge", '"blue"'),))
    salesforce = relying_party(truth.house, dialect=Dialect.SALESFORCE, scopes=scopes)
    told: set[str] = set()
    for rp, scope in ((attributed, "openid profile email address phone"), (salesforce, "openid id api custom_permissions")):
        tokens = rp.signs_in(truth.somebody(), scope=scope)
        told |= set(tokens.claims) | set(rp.userinfo(tokens))
    assert set(said) - told <= {"custom_permissions"}  # nobody here holds one


def logout_tokens(truth: Truth, said: Any) -> None:
    """That they come, and what is in them, is told by test_backchannel_logout_op."""
    assert said is True
    assert truth.rp.signs_in(truth.somebody()).claims["sid"]


def command_line(truth: Truth, said: Any) -> None:
    asked = truth.rp.parameters(client_id=said, redirect_uri="http://127.0.0.1:50123/callback", scope=None,
                                code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")  # fmt: skip
    assert truth.somebody().browser.open(truth.rp.url(asked)).forms["signin"]


PROOFS: Mapping[str, Callable[[Truth, Any], None]] = {
    "issuer": issuer,
    "token_endpoint": token_endpoint,
    "introspection_endpoint": introspection_endpoint,
    "revocation_endpoint": revocation_endpoint,
    "authorization_endpoint": signs_in,
    "userinfo_endpoint": signs_in,
    "end_session_endpoint": end_session_endpoint,
    "device_authorization_endpoint": device_authorization_endpoint,
    "jwks_uri": read,
    "service_documentation": read,
    **{f"{each}_auth_methods_supported": methods_at(each) for each in ("token_endpoint", "introspection_endpoint", "revocation_endpoint")},
    **{
        f"{each}_auth_signing_alg_values_supported": algorithms_at(each)
        for each in ("token_endpoint", "introspection_endpoint", "revocation_endpoint")
    },
    "grant_types_supported": grant_types,
    "response_types_supported": response_types,
    "response_modes_supported": response_modes,
    "scopes_supported": scopes,
    "code_challenge_methods_supported": challenge_methods,
    "prompt_values_supported": prompts,
    "acr_values_supported": levels,
    "request_parameter_supported": not_taken("request", "request_not_supported"),
    "request_uri_parameter_supported": not_taken("request_uri", "request_uri_not_supported"),
    "claims_parameter_supported": claims_parameter,
    "authorization_response_iss_parameter_supported": names_the_issuer,
    "subject_types_supported": subjects,
    "id_token_signing_alg_values_supported": id_token_algorithms,
    "claim_types_supported": claim_types,
    "claims_supported": claims,
    "backchannel_logout_supported": logout_tokens,
    "backchannel_logout_session_supported": logout_tokens,
    "gatebridge_cli_client_id": command_line,
}
