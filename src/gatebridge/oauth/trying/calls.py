"""What the app sends in each step of a run, made from its real settings, and what is made wrong in one that is to be refused."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import quote, quote_plus, urlencode

from gatebridge.crypto import secrets, signing
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth import authorize, device_authorization, introspect, token, userinfo
from gatebridge.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from gatebridge.oauth.flows import device, jwt_bearer
from gatebridge.oauth.trying import callback
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App
from gatebridge.rules.orgs import Org
from gatebridge.rules.scopes import render
from gatebridge.rules.tries import NO_SUCH_SCOPE, Kept, Step, Try, Wrong
from gatebridge.storage.tx import Tx

ASSERTION_LIFE = timedelta(minutes=2)
ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the app sends it; or, with `opened`, the address to which it sends a person's browser.

    `parameters` are the form of a POST, and else the query. `basic` is key and secret of the header, `bearer` its token. `signed` are the
    claims of the JWTs among the parameters, by name.
    """

    method: str
    address: str
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    bearer: str = field(default="", repr=False)
    signed: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    opened: bool = False

    @property
    def url(self) -> str:
        """The address, with the query where it has one."""
        if self.method == "POST" or not self.parameters:
            return self.address
        return f"{self.address}?{urlencode(self.parameters, quote_via=quote)}"

    @property
    def body(self) -> bytes:
        return urlencode(self.parameters).encode() if self.method == "POST" else b""

    @property
    def authorization(self) -> str | None:
        """The Authorization header: Basic with both parts form-encoded first (RFC 6749 section 2.3.1), or Bearer (RFC 6750)."""
        if self.basic is not None:
            pair = ":".join(quote_plus(part) for part in self.basic)
            return "Basic " + base64.b64encode(pair.encode()).decode()
        return f"Bearer {self.bearer}" if self.bearer else None


@dataclass(frozen=True, slots=True)
class Trying:
    """Everything that a step of a run is made of."""

    org: Org
    app: App
    settings: AppSettings
    run: Try
    kept: Kept

    def at(self, path: str) -> str:
        return self.org.issuer + path


def call_of(tx: Tx, trying: Trying) -> Call:
    """The request of the step that comes next. Raises ValueError where none does."""
    step = trying.kept.next
    if step is Step.AUTHORIZATION:
        return _authorization(trying)
    if step is Step.DEVICE:
        said = [*_scope(trying, fails_here=True), (device_authorization.MATCH_NUMBER, "true")]
        return _proven(tx, trying, Call("POST", trying.at(device_authorization.PATH), tuple(said)))
    if step is Step.TOKEN:
        return _token(tx, trying)
    if step is Step.REFRESH:
        return _refresh(tx, trying)
    if step is Step.USERINFO:
        return Call("GET", trying.at(userinfo.PATH), bearer=trying.kept.access_token)
    if step is Step.INTROSPECTION:
        return _proven(tx, trying, Call("POST", trying.at(introspect.PATH), (("token", trying.kept.access_token),)))
    raise ValueError("A request was asked for of a run that is done")


def _authorization(trying: Trying) -> Call:
    kept, legacy = trying.kept, trying.run.flow is Flow.USER_AGENT
    scope = _scope(trying, fails_here=True)
    who = "openid" in (scope[0][1].split() if scope else trying.settings.scopes)  # a request that names no scope wants all
    said = [
        ("response_type", ("token id_token" if who else "token") if legacy else "code"),
        ("client_id", trying.app.consumer_key),
        ("redirect_uri", callback.address(trying.org)),
        *scope,
        ("state", kept.state),
    ]
    if not legacy:
        said += [("code_challenge", challenge(kept.verifier)), ("code_challenge_method", "S256")]
    if who:
        said.append(("nonce", kept.nonce))
    return Call("GET", trying.at(authorize.PATH), tuple(said), opened=True)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return _text(hashlib.sha256(verifier.encode()).digest())


def _token(tx: Tx, trying: Trying) -> Call:
    kept, flow = trying.kept, trying.run.flow
    call = Call("POST", trying.at(token.PATH))
    if flow is Flow.CLIENT_CREDENTIALS:
        said = [("grant_type", "client_credentials"), *_scope(trying, fails_here=True)]
        return _proven(tx, trying, replace(call, parameters=tuple(said)), fails_here=True)
    if flow is Flow.JWT_BEARER:
        return _bearer(tx, trying, call)
    if Step.DEVICE in kept.steps:
        wrong = kept.wrong is Wrong.DEVICE_CODE
        said = [("grant_type", device.GRANT_TYPE), ("device_code", secrets.new(Kind.DEVICE_CODE, tx.random) if wrong else kept.device_code)]
        return _proven(tx, trying, replace(call, parameters=tuple(said)), fails_here=flow is Flow.DEVICE)
    verifier = _new_text(tx) if kept.wrong is Wrong.VERIFIER else kept.verifier
    said = [
        ("grant_type", "authorization_code"),
        ("code", (kept.answer or {}).get("code", "")),
        ("redirect_uri", callback.address(trying.org)),
        ("code_verifier", verifier),
    ]
    return _proven(tx, trying, replace(call, parameters=tuple(said)), fails_here=flow is Flow.WEB_SERVER)


def _bearer(tx: Tx, trying: Trying, call: Call) -> Call:
    """RFC 7523 section 2.1: the app signs that it acts for this user; that proves the app as well."""
    now = int(tx.now.timestamp())
    claims = _claims(tx, trying, trying.kept.username) | {"iat": now}
    assertion = signing.sign(_key(trying, wrong=trying.kept.wrong is Wrong.KEY), "JWT", claims)
    said = [("grant_type", jwt_bearer.GRANT_TYPE), ("assertion", assertion), *_scope(trying, fails_here=True)]
    return replace(call, parameters=tuple(said), signed={"assertion": claims})


def _refresh(tx: Tx, trying: Trying) -> Call:
    kept = trying.kept
    value = secrets.new(Kind.REFRESH_TOKEN, tx.random) if kept.wrong is Wrong.TOKEN else kept.refresh_token
    said = [("grant_type", "refresh_token"), ("refresh_token", value)]
    if kept.wrong is Wrong.SCOPE:
        said.append(("scope", NO_SUCH_SCOPE))
    return _proven(tx, trying, Call("POST", trying.at(token.PATH), tuple(said)), fails_here=True)


def _scope(trying: Trying, *, fails_here: bool) -> list[tuple[str, str]]:
    """The parameter `scope`, where the request names any."""
    kept = trying.kept
    # A refresh is to fail where it narrows, and until then its user approves what the app really asks for.
    fails = fails_here and kept.wrong is Wrong.SCOPE and trying.run.flow is not Flow.REFRESH_TOKEN
    named = (*(kept.scopes or ()), NO_SUCH_SCOPE) if fails else kept.scopes
    return [("scope", render(named))] if named is not None else []


def _proven(tx: Tx, trying: Trying, call: Call, *, fails_here: bool = False) -> Call:
    """The request with what the app proves itself with: the first of its methods, or its name alone."""
    kept, key, methods = trying.kept, trying.app.consumer_key, trying.settings.auth_methods
    if kept.secret:
        secret = secrets.new(Kind.CONSUMER_SECRET, tx.random) if fails_here and kept.wrong is Wrong.SECRET else kept.secret
        if ClientAuthMethod.SECRET_BASIC in methods:
            return replace(call, basic=(key, secret))
        return replace(call, parameters=(*call.parameters, ("client_id", key), ("client_secret", secret)))
    if ClientAuthMethod.PRIVATE_KEY_JWT in methods:
        claims = _claims(tx, trying, key)
        signed_by = _key(trying, wrong=fails_here and kept.wrong is Wrong.KEY)
        assertion = signing.sign(signed_by, "client-authentication+jwt", claims)
        proof = (("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion))
        return replace(call, parameters=(*call.parameters, *proof), signed={**call.signed, "client_assertion": claims})
    return replace(call, parameters=(*call.parameters, ("client_id", key)))


def _claims(tx: Tx, trying: Trying, subject: str) -> dict[str, object]:
    expires = int((tx.now + ASSERTION_LIFE).timestamp())
    return {"iss": trying.app.consumer_key, "sub": subject, "aud": trying.org.issuer, "exp": expires, "jti": _new_text(tx)}


def _key(trying: Trying, *, wrong: bool) -> signing.SigningKey:
    """The key of the run, or one that nobody has registered, under the same name."""
    kept = trying.kept
    private = signing.new_key(ALGORITHM, kept.kid)[1] if wrong else base64.b64decode(kept.key)
    return signing.SigningKey.load(kept.kid, ALGORITHM, private)


def _new_text(tx: Tx) -> str:
    return _text(tx.random(32))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
