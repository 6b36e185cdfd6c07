"""The UserInfo endpoint (OpenID Connect Core section 5.3): what a live access token may know of its user."""

from gatebridge.oauth import claims, identity_door
from gatebridge.oauth.outcome import Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.apps import Dialect
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.scopes import implied
from gatebridge.storage.facts import FactsReader

PATH = "/services/oauth2/userinfo"
EVENT = "userinfo"


def decide(reader: FactsReader, request: OAuthRequest) -> Outcome:
    """The claims that the scopes of the token ask for, and those that the app asked for one by one."""
    admitted = identity_door.admit(reader, request, EVENT, _accepted)
    if isinstance(admitted, Outcome):
        return admitted
    standing = admitted.facts.standing
    custom = reader.custom_permissions(admitted.org, standing) if standing is not None else ()
    scopes, org = admitted.verdict.scopes, admitted.org
    exercised = claims.exercised(implied(scopes, org.custom_scopes), org, admitted.admitted_by)
    return admitted.answered(request, claims.userinfo(admitted.facts, scopes, custom), exercised)


def _accepted(dialect: Dialect, _: AccessToken) -> tuple[str, ...]:
    """Without `openid` there is no UserInfo (standards AZ-16, UI-05); Salesforce lets every scope in that tells who somebody is."""
    return identity_door.KINDS if dialect is Dialect.SALESFORCE else ("openid",)
