"""The identity URL (protocol file 6.5): the `id` of every token answer, which tells in Salesforce's shape who the user is.

Whoever has `api` may also ask about other users of the org. What setup shows to admins alone, it shows to them alone here as well.
"""

from datetime import datetime

from gatebridge.oauth import claims, identity_door, identity_urls
from gatebridge.oauth.identity_door import Admitted
from gatebridge.oauth.outcome import Outcome
from gatebridge.oauth.request import OAuthRequest
from gatebridge.oauth.subjects import identity_url
from gatebridge.rules import attributes
from gatebridge.rules.apps import Dialect
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.ids import Prefix, long, parse
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import identity as reasons
from gatebridge.rules.scopes import IDENTITY, implied
from gatebridge.storage import people
from gatebridge.storage.facts import FactsReader

PATH = "/id/{org}/{user}"
EVENT = "identity"
ROOT = "user"  # what the document is called as XML

# Who may see the contact details of other people in setup.
SEES_OTHERS = frozenset({Permission.VIEW_SETUP, Permission.MANAGE_USERS})


def decide(reader: FactsReader, request: OAuthRequest, *, org_text: str, user_text: str) -> Outcome:
    """The document of the user whom the address names, each id in 15 or 18 characters."""
    user_id = parse(user_text, Prefix.USER)

    def accepted(_: Dialect, token: AccessToken) -> tuple[str, ...]:
        return identity_door.KINDS if user_id in (token.user_id, None) else ("api",)

    admitted = identity_door.admit(reader, request, EVENT, accepted)
    if isinstance(admitted, Outcome):
        return admitted
    if admitted.dialect is Dialect.SALESFORCE and (request.query.get("callback") or request.parameters.get("callback")):
        # To other apps it is a parameter like any that nobody knows, and no page can run what they are answered.
        return admitted.refused(request, reasons.IDENTITY_CALLBACK_REFUSED)
    org_id = parse(org_text, Prefix.ORG)
    if org_id is not None and org_id != admitted.org.id:
        return admitted.refused(request, reasons.IDENTITY_OF_OTHER_ORG)
    user = people.by_id(reader.tx, admitted.org.id, user_id) if org_id is not None and user_id is not None else None
    if user is None:
        return admitted.refused(request, reasons.IDENTITY_UNKNOWN)
    version = identity_urls.version_asked(request.query.get("version") or request.parameters.get("version"))
    return admitted.answered(request, _document(reader, admitted, user, version), _exercised(admitted, user), root=ROOT)


def _document(reader: FactsReader, admitted: Admitted, user: User, version: str) -> dict[str, object]:
    facts, asks = admitted.facts, admitted.facts.standing
    if asks is None:
        raise ValueError("A live token was judged without its user")
    own = user.id == asks.user.id
    told = _told(admitted, asks.permissions(facts.now), own=own)
    body = _about(admitted.org, user, version) | {"asserted_user": own, "is_app_installed": facts.installation is not None}
    body |= _person(user, facts.now, told) | _contact(user, told)
    if own:
        body |= _own(reader, admitted, asks, told)
    return body


def _own(reader: FactsReader, admitted: Admitted, asks: Standing, told: frozenset[str]) -> dict[str, object]:
    """What is told of nobody but the token's own user: these are about the user and the app together."""
    body: dict[str, object] = {**attributes.claims(admitted.org, asks, told)}
    if "custom_permissions" in told:
        body["custom_permissions"] = dict.fromkeys(reader.custom_permissions(admitted.org, asks), True)
    written = claims.custom_attributes(admitted.facts, asks, told)
    return body | ({"custom_attributes": written} if written else {})


def _exercised(admitted: Admitted, user: User) -> tuple[str, ...]:
    """Of which scopes the answer makes use: all that tell of the token's own user; of another one, `api`."""
    if user.id != admitted.token.user_id:
        return (admitted.admitted_by,)
    held = implied(admitted.verdict.scopes, admitted.org.custom_scopes)
    return claims.exercised(held, admitted.org, admitted.admitted_by)


def _told(admitted: Admitted, rights: frozenset[Permission], *, own: bool) -> frozenset[str]:
    told = claims.told_by(admitted.verdict.scopes, admitted.org, Dialect.SALESFORCE)
    return told if own or rights & SEES_OTHERS else told - (IDENTITY - {"profile"})


def _about(org: Org, user: User, version: str) -> dict[str, object]:
    """What is told to everybody who gets the document. Every member is there always: clients do not look whether it is."""
    return {
        "id": identity_url(org, user.id),
        "user_id": long(user.id),
        "organization_id": long(org.id),
        "photos": identity_urls.photos(org),
        "urls": identity_urls.urls(org, user.id, version),
        "active": claims.active(user),
        "user_type": "STANDARD",
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "last_modified_date": _salesforce_time(claims.changed_at(user)),
    }


def _person(user: User, now: datetime, told: frozenset[str]) -> dict[str, object]:
    said: dict[str, object] = {
        "username": user.username,
        "nick_name": claims.nickname(user),
        "display_name": user.name,
        "first_name": user.first_name or None,
        "last_name": user.last_name or None,
        "timezone": user.timezone,
        "locale": user.locale,
        "language": user.locale,
        "utcOffset": claims.utc_offset(user, now),
    }
    return said if "profile" in told else dict.fromkeys(said)


def _contact(user: User, told: frozenset[str]) -> dict[str, object]:
    email: dict[str, object] = {"email": user.email, "email_verified": user.email_verified_at is not None}
    address: dict[str, object] = {
        "addr_street": user.street or None,
        "addr_city": user.city or None,
        "addr_state": user.region or None,
        "addr_country": user.country or None,
        "addr_zip": user.postal_code or None,
    }
    phone: dict[str, object] = {"mobile_phone": user.phone or None, "mobile_phone_verified": False}
    by_scope = {"email": email, "address": address, "phone": phone}
    return {name: value if scope in told else None for scope, part in by_scope.items() for name, value in part.items()}


def _salesforce_time(moment: datetime) -> str:
    """As Salesforce writes a time: milliseconds, and the zone without a colon."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"
