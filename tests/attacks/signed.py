"""Everywhere that a signed token is taken, and the tools of whoever forges one: any header, any claims, any signature."""

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwa, jwk
from tests.oauth.client_keys import ASSERTION_TYPE, ClientKey, client_key
from tests.oauth.flows.job import Job
from tests.oauth.flows.visits import Asking, enrol, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.storage import signing_keys

USERINFO = "/services/oauth2/userinfo"

_numbers = itertools.count(1)
_models = {model.name: model for model in jwa.JWS_ALGORITHMS}


def part(value: object) -> str:
    """One segment of a compact token; bytes and texts as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: object, claims: object, alg: str, key: jwk.Key) -> str:
    """A token with a true signature of this algorithm and key over any header and claims whatever."""
    covered = f"{part(header)}.{part(claims)}"
    return f"{covered}.{part(_models[alg].sign(covered.encode(), key))}"


def hmac_signed(header: object, claims: object, alg: str, secret: bytes) -> str:
    """The same with a secret that somebody took for one, too short or too public as it may be."""
    import hashlib
    import hmac

    covered = f"{part(header)}.{part(claims)}"
    return f"{covered}.{part(hmac.digest(secret, covered.encode(), getattr(hashlib, f'sha{alg[2:]}')))}"


@dataclass(frozen=True)
class Slot:
    """One place where a signed token is taken. `taken` presents a token and says whether it was believed."""

    name: str
    alg: str
    key: jwk.Key = field(repr=False)  # which signs the genuine ones
    kid: str | None
    typ: str | None
    claims: Callable[[], dict[str, Any]] = field(repr=False)
    taken: Callable[[str], bool] = field(repr=False)
    required: tuple[str, ...]  # the claims without which none is taken
    dated: bool = True  # whether its own end is what counts; of what is recorded, the record's is

    @property
    def header(self) -> dict[str, Any]:
        named = {"alg": self.alg, "kid": self.kid, "typ": self.typ}
        return {name: value for name, value in named.items() if value is not None}

    def genuine(self, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
        """What its holder presents, with something said otherwise; a claim of None is left out."""
        return signed(self.header | dict(header or {}), self.changed(**changed), self.alg, self.key)

    def changed(self, **changed: Any) -> dict[str, Any]:
        return {name: value for name, value in (self.claims() | changed).items() if value is not None}

    @property
    def public(self) -> dict[str, Any]:
        """The public key, which everybody knows."""
        return dict(self.key.as_dict(private=False))

    def believed(self, tokens: Mapping[str, str]) -> list[str]:
        """Which of these were taken, by name."""
        return [name for name, token in tokens.items() if self.taken(token)]


SLOTS = ("client assertion", "assertion", "introspected", "userinfo", "admin API", "id_token_hint")


def slots(acme: Tenant) -> dict[str, Slot]:
    """Every slot of this org. Refusals are checked for being what the standards name, so a fault of ours is never taken for one."""
    return _of_clients(acme) | _of_the_org(acme)


def _of_clients(acme: Tenant) -> dict[str, Slot]:
    key = client_key("RS256", 11, clock=acme.standing.clock)
    keyed, job = acme.app("Keyed", key=key), Job(acme, "Signing Job", 12)

    def own() -> dict[str, Any]:
        said = {"iss": keyed.consumer_key, "sub": keyed.consumer_key, "aud": acme.org.issuer}
        return said | {"exp": key.now + 60, "jti": f"mine-{next(_numbers)}"}

    def proves(token: str) -> bool:
        answer = keyed.ask(client_assertion_type=ASSERTION_TYPE, client_assertion=token)
        assert answer.status_code == 200 or (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
        return answer.status_code == 200

    def speaks_for(token: str) -> bool:
        answer = job.present(token)
        refused = ("invalid_grant", "unauthorized_client")  # the second where its issuer has another flow
        assert answer.status_code == 200 or (answer.status_code == 400 and answer.json()["error"] in refused), answer.text
        return answer.status_code == 200

    wanted = ("iss", "sub", "aud", "exp", "jti")
    return {
        "client assertion": Slot("client assertion", "RS256", key.key, None, None, own, proves, wanted),
        "assertion": Slot("assertion", job.key.alg, job.key.key, None, None, job.claims, speaks_for, wanted),
    }


def _of_the_org(acme: Tenant) -> dict[str, Slot]:
    portal = _administering(acme)
    tokens = portal.portal.signed_in(scopes=("openid", "setup_api"))
    with acme.standing.database.snapshot() as tx:
        signing = acme.standing.house.keyring.key_for(signing_keys.published(tx, acme.org.id), "ES256", tx.now)
    key, ben = jwk.ECKey.import_key(signing.private), enrol(acme, "ben")  # type: ignore[arg-type]
    with acme.standing.database.transaction() as tx:
        assign_permission_set(tx, acme.admin, AssignPermissionSet(ben.id, acme.approved.id))
    browser = portal.browser()
    code = portal.arrived(sign_in(browser, browser.open(portal.url(scope="openid")), ben))["code"]
    hint = _read(portal.portal.redeem(code).json()["id_token"])
    access = _read(tokens["access_token"])

    def asked_about(token: str) -> bool:
        answer = portal.portal.guard.introspect(token)
        assert answer.status_code == 200
        assert answer.json()["active"] or answer.json() == {"active": False}
        return bool(answer.json()["active"])

    def bearer(path: str, token: str) -> bool:
        answer = acme.door.get(acme.org.issuer + path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 401) or (answer.status_code, _error(answer.text)) == (400, "invalid_request"), answer.text
        return answer.status_code == 200

    def hinted(token: str) -> bool:
        answer = portal.arrived(browser.open(portal.url(scope="openid", prompt="none", id_token_hint=token)))
        assert "code" in answer or answer["error"] in ("login_required", "invalid_request"), answer
        return "code" in answer

    def slot(name: str, typ: str, claims: dict[str, Any], taken: Callable[[str], bool], required: tuple[str, ...]) -> Slot:
        return Slot(name, "ES256", key, signing.kid, typ, claims.copy, taken, required, dated=False)

    of_tokens = ("iss", "jti")
    return {
        "introspected": slot("introspected", "at+jwt", access, asked_about, of_tokens),
        "userinfo": slot("userinfo", "at+jwt", access, lambda token: bearer(USERINFO, token), of_tokens),
        "admin API": slot("admin API", "at+jwt", access, lambda token: bearer("/api/v1/me", token), of_tokens),
        "id_token_hint": slot("id_token_hint", "JWT", hint, hinted, ("iss", "sub")),
    }


def _administering(acme: Tenant) -> Asking:
    from tests.oauth.flows.portal import make_portal

    scopes = ("openid", "api", "setup_api")
    portal = make_portal(acme, "Console", scopes=scopes, flows=frozenset({Flow.WEB_SERVER}), access_token_format=TokenFormat.JWT)
    portal.policies(may_administer=True)
    return Asking(portal)


def _read(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _error(text: str) -> str:
    body = json.loads(text)
    return str(body.get("error") or ("invalid_request" if str(body.get("reason", "")).startswith("bearer_") else ""))


def forger() -> ClientKey:
    """A key pair that nobody here has registered."""
    return client_key("ES256", 99)
