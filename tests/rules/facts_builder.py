"""An app that passes every gate of every door, ready to use, and `but` to change one thing about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from gatebridge.rules import access
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.approvals import Approval
from gatebridge.rules.apps import App, Dialect, Installation
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Approving, AssertionProof, Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AccessToken, Approved, AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Range, parse_range
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import Assignment, PermissionSet, Profile, Standing, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.sessions import Session
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

# The app asks for a token for itself, for all that it may have.
ASKING = Attempt(Door.TOKEN, OFFICE, client=PROOF, flow=Flow.CLIENT_CREDENTIALS)
# The app asks about a token, or revokes one.
CALLING = Attempt(Door.CALLER, OFFICE, client=PROOF)
REVOKING = Attempt(Door.REVOKE, OFFICE, client=PROOF)

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


CALLBACK = "https://portal.example/callback"
OTHER_CALLBACK = "https://portal.example/other"
CHALLENGE = "c" * 43

SESSION = Session(
    id="0Ak000000000001",
    org_id=ORG.id,
    user_id=USER.id,
    level=Level.STANDARD,
    methods=("pwd",),
    authenticated_at=NOW - timedelta(minutes=20),
    created_at=NOW - timedelta(minutes=20),
    last_seen_at=NOW - timedelta(minutes=1),
    org_epoch=ORG.epoch,
    user_epoch=USER.epoch,
)
APPROVAL = Approval(
    id="0AP000000000001",
    org_id=ORG.id,
    installation_id=INSTALLATION.id,
    user_id=USER.id,
    scopes=frozenset({"api", "id", "openid", "refresh_token"}),
    callbacks=frozenset({CALLBACK}),
    created_at=BEFORE,
    renewed_at=BEFORE,
)
FAMILY = replace(
    GRANT,
    id="0GR000000000002",
    flow=Flow.WEB_SERVER,
    created_at=NOW - timedelta(days=20),
    scopes=("api", "id", "openid", "refresh_token"),
    last_used_at=NOW - timedelta(days=1),
)

# An app for people: each user is approved for it through a permission set, and so it may act in every way that an app can.
PEOPLE = Facts(
    now=NOW,
    org=ORG,
    app=APP,
    settings=AppSettings(
        app_id=APP.id,
        flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.JWT_BEARER}),
        scopes=("api", "id", "openid", "refresh_token"),
        callbacks=(CALLBACK, OTHER_CALLBACK),
    ),
    installation=INSTALLATION,
    policies=AppPolicies(installation_id=INSTALLATION.id),
    permits=(Assignment(SYNC_SET.id),),
    standing=Standing(USER, SERVICE_PROFILE, ((SYNC_SET, Assignment(SYNC_SET.id)),)),
    session=SESSION,
    approval=APPROVAL,
)
# The same, once a code was redeemed: there is a grant, and its refresh family lives.
HELD = replace(PEOPLE, grant=FAMILY)

# A browser brings a request of the app; the user, who has signed in, has not been asked anything.
AUTHORIZING = Attempt(
    Door.AUTHORIZE,
    OFFICE,
    client=ClientProof(method=ClientAuthMethod.NONE),
    flow=Flow.WEB_SERVER,
    callback=CallbackProof(uri=CALLBACK),
    challenge=CHALLENGE,
    approving=Approving(),
)
CODE = AuthorizationCode(
    id="0AC000000000001",
    org_id=ORG.id,
    app_id=APP.id,
    installation_id=INSTALLATION.id,
    user_id=USER.id,
    session_id=SESSION.id,
    callback=CALLBACK,
    callback_sent=True,
    challenge=CHALLENGE,
    nonce=None,
    scopes=("api", "id", "openid", "refresh_token"),
    level=Level.STANDARD,
    methods=("pwd",),
    authenticated_at=SESSION.authenticated_at,
    tells_auth_time=False,
    epochs=Epochs(org=1, app=2, installation=3, user=4, grant=0),
    issued_at=NOW - timedelta(seconds=5),
    expires_at=NOW + timedelta(seconds=55),
)
# The app redeems the code, with the verifier that belongs to it.
REDEEMING = Attempt(Door.CODE, OFFICE, client=PROOF, flow=Flow.WEB_SERVER, callback=CallbackProof(uri=CALLBACK), code=CODE)
REFRESH = RefreshToken(
    org_id=ORG.id,
    grant_id=FAMILY.id,
    app_id=APP.id,
    installation_id=INSTALLATION.id,
    user_id=USER.id,
    generation=3,
    issued_at=NOW - timedelta(days=1),
    epochs=Epochs(org=1, app=2, installation=3, user=4, grant=5),
)
# The app presents the newest refresh token of its family.
REFRESHING = Attempt(Door.REFRESH, OFFICE, client=PROOF, flow=Flow.REFRESH_TOKEN, refresh=REFRESH, rotates=True)
# The app presents an assertion that it has just signed, and which names the user.
ASSERTING = Attempt(
    Door.ASSERTION,
    OFFICE,
    flow=Flow.JWT_BEARER,
    assertion=AssertionProof(certificate_id="0P1000000000001", signed_at=NOW - timedelta(seconds=10)),
)
# The app asks who its user is, with the token that a code or a refresh token has bought.
IDENTIFYING = Attempt(
    Door.IDENTITY,
    OFFICE,
    token=replace(TOKEN, grant_id=FAMILY.id, flow=Flow.WEB_SERVER, scopes=("api", "id", "openid")),
    scope_needed="id",
)

# The same app at a device, in an org that allows the flow.
PANEL = replace(
    PEOPLE,
    org=replace(ORG, settings=replace(ORG.settings, device_flow=True)),
    settings=replace(PEOPLE.settings or SETTINGS, flows=frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})),
)
WAITING_DEVICE = DeviceCode(
    id="0DC000000000001",
    org_id=ORG.id,
    app_id=APP.id,
    installation_id=INSTALLATION.id,
    scopes=("api", "id", "openid", "refresh_token"),
    epochs=Epochs(org=1, app=2, installation=3, user=0, grant=0),
    created_at=NOW - timedelta(minutes=1),
    expires_at=NOW + timedelta(minutes=9),
    interval_seconds=5,
    address=str(OFFICE),
    session_id=SESSION.id,
)
APPROVED_DEVICE = replace(
    WAITING_DEVICE,
    epochs=Epochs(org=1, app=2, installation=3, user=4, grant=0),
    user_id=USER.id,
    approved=Approved(WAITING_DEVICE.scopes, SESSION.id, Level.STANDARD, ("pwd",), SESSION.authenticated_at),
    decided_at=NOW - timedelta(seconds=3),
)
# The device asks for its codes; its user, who has just said yes, decides; the device asks what was decided.
STARTING = Attempt(Door.DEVICE_START, OFFICE, client=PROOF, flow=Flow.DEVICE)
CONNECTING = Attempt(
    Door.CONNECT,
    OFFICE,
    flow=Flow.DEVICE,
    scopes_asked=WAITING_DEVICE.scopes,
    device=WAITING_DEVICE,
    approving=Approving(ask_consent=True, approved=True),
)
POLLING = Attempt(Door.DEVICE, OFFICE, client=PROOF, flow=Flow.DEVICE, scopes_asked=APPROVED_DEVICE.scopes, device=APPROVED_DEVICE)

# For each door the facts and the attempt that pass all of its gates.
PASSING = {
    attempt.door: (facts, attempt)
    for facts, attempts in (
        (FACTS, (ASKING, CALLING, REVOKING, ASKED_ABOUT, PRESENTING)),
        (PEOPLE, (AUTHORIZING, REDEEMING, ASSERTING)),
        (HELD, (REFRESHING, IDENTIFYING)),
        (PANEL, (STARTING, CONNECTING, POLLING)),
    )
    for attempt in attempts
}


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
