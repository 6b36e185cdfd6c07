"""Everything that one app can hold of one user, given out before a change, and what comes of using each thing after it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.oauth.browser import Browser, Page
from tests.oauth.client_keys import ClientKey, client_key
from tests.oauth.flows.devices import HERE, Panel, allow
from tests.oauth.flows.portal import CALLBACK, Portal
from tests.oauth.flows.visits import Asking, approve, enrol, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.people import User
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.edit_policies import EditPolicies, edit_policies

USERINFO = "/services/oauth2/userinfo"
EVERY_FLOW = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.DEVICE, Flow.JWT_BEARER, Flow.CLIENT_CREDENTIALS})
SCOPES = ("api", "id", "openid", "refresh_token", "setup_api")

Wire = tuple[Any, ...]


@dataclass(frozen=True)
class Used:
    """What came of using something: the reason that the receipt and the line of the history name, and what the wire said."""

    reason: str | None
    wire: Wire


@dataclass(frozen=True)
class Everything:
    """An app with every flow, the user for whom it acts in all of them, and what it holds of that user."""

    acme: Tenant
    asking: Asking
    user: User
    browser: Browser = field(repr=False)
    key: ClientKey = field(repr=False)
    code: str = field(repr=False)
    device_code: str = field(repr=False)  # its user has approved it
    tokens: Mapping[str, Any] = field(repr=False)
    own_token: str = field(repr=False)
    assertion: str = field(repr=False)
    changed: dict[str, str] = field(default_factory=dict)  # what a request says otherwise than it should

    @property
    def portal(self) -> Portal:
        return self.asking.portal

    @property
    def app_id(self) -> str:
        return self.portal.app.id

    @property
    def actor(self) -> Actor:
        """The user, who changes what is the own."""
        return Actor(ActorKind.USER, self.acme.org.id, self.user.username, frozenset(), user_id=self.user.id)

    def use(self, holder: str) -> Used:
        """Use one of the things that were given out, as its holder does."""
        return HOLDERS[holder](self)

    def signed_anew(self) -> dict[str, str]:
        """A request with an assertion of this moment."""
        return {"grant_type": GRANT_TYPE, "assertion": _signed(self.acme, self.portal, self.key, "jti-2"), "scope": "api"}

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def recorded(self, answer: httpx.Response | Page) -> str | None:
        """The reason of the line to which an answer points; the receipt must have the finding of that reason. None: nothing was refused."""
        said = answer.headers.get("X-Gatebridge-Receipt")
        if said is None:
            return None
        receipt_id = parse(said, Prefix.RECEIPT)
        (line,) = [line for line in self.acme.history() if line.id == receipt_id]
        if line.reason is not None:
            receipt = json.loads(line.receipt) if isinstance(line.receipt, str) else line.receipt
            refusing = [finding for finding in receipt["findings"] if finding.get("reason") == line.reason]
            assert {finding["state"] for finding in refusing} == {"refused"}, "the receipt shows the gate that refused"
        reason: str | None = line.reason
        return reason

    def told(self, answer: httpx.Response) -> Used:
        """What a client is told at the token endpoint: code and page in the standard dialect, code and text in the other."""
        if answer.status_code == 200:
            return Used(None, ("given",))
        body = answer.json()
        page = str(body["error_uri"]).partition("?")[0].rpartition("/")[2]
        return Used(self.recorded(answer), (answer.status_code, body["error"], page, body["error_description"]))


def _request(held: Everything) -> Used:
    page = held.browser.open(held.asking.url(**{name: value or None for name, value in held.changed.items()}))
    reason = held.recorded(page)
    if page.went_to is None:
        refused = page.text.partition('data-reason="')[2].partition('"')[0]
        return Used(reason, ("a page of ours", refused or page.url.partition("?")[0].rpartition("/")[2]))
    if "code" in page.answer:
        return Used(reason, ("given",))
    return Used(reason, ("sent back", page.answer["error"], page.answer["error_uri"].partition("?")[0].rpartition("/")[2],
                         page.answer["error_description"]))  # fmt: skip


def _introspected(token: str) -> Callable[[Everything], Used]:
    def use(held: Everything) -> Used:
        answer = held.portal.guard.introspect(held.own_token if token == "own" else held.tokens["access_token"])
        body = answer.json()
        assert answer.status_code == 200
        return Used(None, ("given",)) if body["active"] else Used(held.recorded(answer), ("inactive", body == {"active": False}))

    return use


def _userinfo(held: Everything) -> Used:
    answer = held.acme.door.get(held.acme.org.issuer + USERINFO, headers=held.bearer())
    if answer.status_code == 200:
        return Used(None, ("given",))
    challenge = answer.headers.get("www-authenticate", "")
    said = challenge.partition('error="')[2].partition('"')[0] or answer.text
    return Used(held.recorded(answer), (answer.status_code, said))


def _api(held: Everything) -> Used:
    answer = held.portal.app.me(held.tokens["access_token"])
    if answer.status_code == 200:
        return Used(None, ("given",))
    body = answer.json()
    (line,) = [line for line in held.acme.history() if line.id == parse(body["operation_id"])]
    reason: str = line.reason
    return Used(reason, (answer.status_code, body["reason"]))


# What can be held, by how it is used. The last four are live tokens.
HOLDERS: Mapping[str, Callable[[Everything], Used]] = {
    "request": _request,
    "code": lambda held: held.told(held.portal.redeem(held.code, held.changed)),
    "device code": lambda held: held.told(Panel(held.portal, HERE).poll(held.device_code, **held.changed)),
    "refresh token": lambda held: held.told(held.portal.refresh(held.tokens["refresh_token"], held.changed)),
    "assertion": lambda held: held.told(
        held.portal.app.ask({"grant_type": GRANT_TYPE, "assertion": held.assertion, "scope": "api"} | held.changed)
    ),
    "client": lambda held: held.told(held.portal.app.token({"scope": "api"} | held.changed)),
    "token asked about": _introspected("user"),
    "own token asked about": _introspected("own"),
    "token at userinfo": _userinfo,
    "token at the API": _api,
}


def _signed(acme: Tenant, portal: Portal, key: ClientKey, jti: str) -> str:
    claims = {"iss": portal.app.consumer_key, "sub": portal.user.username, "aud": acme.org.issuer}
    return key.sign(claims | {"exp": key.now + 120, "iat": key.now, "jti": jti})


def everything(acme: Tenant, dialect: Dialect, *, self_authorized: bool = False) -> Everything:
    """Give out everything there is, each thing good at this moment, and let five seconds pass."""
    dora, key = enrol(acme, "dora"), client_key(clock=acme.standing.clock)
    said: dict[str, Any] = {"flows": EVERY_FLOW, "scopes": SCOPES, "callbacks": (CALLBACK,), "dialect": dialect}
    allow(acme)
    client = acme.app("Workbench", **said)
    guard = acme.app("Orders API", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    with acme.standing.database.transaction() as tx:
        add_certificate(tx, acme.admin, AddCertificate(client.id, "Key", key.upload))
        assign_permission_set(tx, acme.admin, AssignPermissionSet(dora.id, acme.approved.id))
        permitted = PermittedUsers.SELF_AUTHORIZE if self_authorized else PermittedUsers.ADMIN_APPROVED
        edit_policies(tx, acme.admin, EditPolicies(client.id, permitted, run_as_user_id=dora.id, may_administer=True))
    asking = Asking(Portal(acme, client, dora, guard, client.credentials))
    browser = asking.browser()
    page = sign_in(browser, browser.open(asking.url()), dora)
    first = asking.arrived(approve(browser, page) if self_authorized else page)["code"]
    tokens = asking.portal.redeem(first)
    assert tokens.status_code == 200, tokens.text
    held = Everything(
        acme=acme,
        asking=asking,
        user=dora,
        browser=browser,
        key=key,
        code=asking.arrived(browser.open(asking.url()))["code"],
        device_code=Panel(asking.portal, HERE).approved(dora),
        tokens=tokens.json(),
        own_token=client.access_token(scope="api"),
        assertion=_signed(acme, asking.portal, key, "jti-1"),
    )
    acme.standing.clock.advance(seconds=5)
    return held
