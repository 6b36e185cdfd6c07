"""JWT access tokens (RFC 9068), with what Salesforce's resource servers read where the app speaks that dialect."""

from gatebridge.crypto import signing
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.grants import AccessToken, Grant
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org
from gatebridge.rules.scopes import render

TYP = "at+jwt"


def make(token: AccessToken, grant: Grant, org: Org, app: App, key: signing.SigningKey) -> str:
    """The token as a signed JWT. `jti` is the id of its receipt, by which it is listed and revoked singly.

    Where somebody signed in for it, it says when and how surely, so that a resource server can ask for more (RFC 9470 section 6).
    """
    user = long(token.user_id)
    scope = render(token.scopes)
    issued = int(token.issued_at.timestamp())
    claims: dict[str, object] = {
        "iss": org.issuer,
        "aud": token.audience,
        "sub": user,
        "client_id": app.consumer_key,
        "scope": scope,
        "iat": issued,
        "exp": int(token.expires_at.timestamp()),
        "jti": long(token.id),
    }
    if grant.authenticated_at is not None:
        claims |= {"auth_time": int(grant.authenticated_at.timestamp()), "acr": grant.level.acr}
    if app.dialect is Dialect.SALESFORCE:
        # Salesforce's resource servers read `scp` as one string, and tell a user's token by the prefix of its subject.
        claims |= {"sub": f"uid:{user}", "scp": scope, "nbf": issued}
    return signing.sign(key, TYP, claims)
