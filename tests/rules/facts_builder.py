"""An app that passes every gate of every door, ready to use, and `but` to change one thing about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from gatebridge.rules import access
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import App, Dialect, Installation
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, Epochs, Grant
from gatebridge.rules.network import Range, parse_range
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Assignment, PermissionSet, Profile, Standing, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.verdict import Finding

Value = TypeVar("Value")

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
BEFORE = NOW - timedelta(days=30)

ORG = Org(
    id="00D000000000001",
    name="Acme",
    kind=OrgKind.PRODUCTION,
    host="acme.example",
    issuer="https://acme.example",
    epoch=1,
    created_at=BEFORE,
)
APP = App(
    id="0H4000000000001",
    org_id=ORG.id,
    label="Nightly Sync",
    api_name="Nightly_Sync",
    consumer_key="key-of-nightly-sync",
    dialect=Dialect.STANDARD,
    contact_email="ops@acme.example",
    owner_id="005000000000009",
    epoch=2,
    created_at=BEFORE,
)
SETTINGS = AppSettings(app_id=APP.id, flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api", "id"))
INSTALLATION = Installation(id="0HI000000000001", org_id=ORG.id, app_id=APP.id, epoch=3, installed_at=BEFORE)
SERVICE_PROFILE = Profile(
    id="00e000000000001",
    org_id=ORG.id,
    name="Service",
    description="",
    permissions=frozenset({Permission.API_ENABLED}),
    created_at=BEFORE,
)
SYNC_SET = PermissionSet(
    id="0PS000000000001",
    org_id=ORG.id,
    label="Sync Users",
    api_name="Sync_Users",
    description="",
    permissions=frozenset(),
    created_at=BEFORE,
)
USER = User(
    id="005000000000001",
    org_id=ORG.id,
    username="sync@acme.example",
    email="ops@acme.example",
    first_name="Nightly",
    last_name="Sync",
    profile_id=SERVICE_PROFILE.id,
    state=UserState.ACTIVE,
    frozen=False,
    epoch=4,
    created_at=BEFORE,
)
GRANT = Grant(
    id="0GR000000000001",
    org_id=ORG.id,
    app_id=APP.id,
    installation_id=INSTALLATION.id,
    user_id=USER.id,
    flow=Flow.CLIENT_CREDENTIALS,
    epoch=5,
    created_at=BEFORE,
)
POLICIES = AppPolicies(installation_id=INSTALLATION.id, run_as_user_id=USER.id)

# The user is approved for the app through the profile alone, no network rule applies, and nothing has ended.
FACTS = Facts(
    now=NOW,
    org=ORG,
    app=APP,
    settings=SETTINGS,
    installation=INSTALLATION,
    policies=POLICIES,
    permits=(Assignment(SERVICE_PROFILE.id),),
    standing=Standing(USER, SERVICE_PROFILE),
    grant=GRANT,
)
# What is known when a request names no client and no token that exists.
BARE_FACTS = Facts(NOW, ORG)

OFFICE = ip_address("192.0.2.10")
ELSEWHERE = ip_address("198.51.100.7")
PROOF = ClientProof(method=ClientAuthMethod.SECRET_BASIC, secret_id="0SK000000000001")

# The app asks for a token, for all that it may have.
ASKING = Attempt(Door.TOKEN, OFFICE, client=PROOF, flow=Flow.CLIENT_CREDENTIALS)
# The app asks about a token, or revokes one.
CALLING = Attempt(Door.CALLER, OFFICE, client=PROOF)

TOKEN = AccessToken(
    id="0Ya000000000001",
    org_id=ORG.id,
    grant_id=GRANT.id,
    app_id=APP.id,
    installation_id=INSTALLATION.id,
    user_id=USER.id,
    flow=Flow.CLIENT_CREDENTIALS,
    format=TokenFormat.OPAQUE,
    scopes=("api", "id"),
    audience=ORG.issuer,
    issued_at=NOW - timedelta(minutes=10),
    expires_at=NOW + timedelta(minutes=110),
    epochs=Epochs(org=1, app=2, installation=3, user=4, grant=5),
    address=str(OFFICE),
)
# Somebody asks whether the app's live token is good.
ASKED_ABOUT = Attempt(Door.INTROSPECT, OFFICE, token=TOKEN)
# The app presents its live token to our own API.
PRESENTING = Attempt(Door.API, OFFICE, token=TOKEN, scope_needed="api")

AT_EVERY_DOOR = {attempt.door: attempt for attempt in (ASKING, CALLING, ASKED_ABOUT, PRESENTING)}


def but(value: Value, where: str = "", /, **changes: object) -> Value:
    """The same value with something changed in it, perhaps deep inside: `but(FACTS, "standing.user", frozen=True)`."""
    if where:
        here, _, further = where.partition(".")
        changes = {here: but(getattr(value, here), further, **changes)}
    changed: Value = replace(cast(Any, value), **changes)
    return changed


def approved(*permits: Assignment, holding: Assignment | None = None) -> Facts:
    """The facts where the app may be used through `permits`, by a user to whom the permission set is perhaps assigned."""
    sets = ((SYNC_SET, holding),) if holding is not None else ()
    return but(but(FACTS, permits=permits), "standing", sets=sets)


def ranges(*texts: str) -> tuple[Range, ...]:
    """The ranges that `texts` spell. Raises ValueError where one spells none."""
    found = [parse_range(text) for text in texts]
    if None in found:
        raise ValueError(f"not all of these are ranges: {texts}")
    return tuple(each for each in found if each is not None)


def finding(gate: Gate, facts: Facts, attempt: Attempt) -> Finding:
    """What this one gate says, whatever the others say."""
    return next(each for each in access.decide(facts, attempt).findings if each.gate is gate)


def answer(facts: Facts, attempt: Attempt) -> str:
    """The whole decision in a word: `yes`, or the code of the reason why not."""
    reason = access.decide(facts, attempt).reason
    return reason.code if reason is not None else "yes"
