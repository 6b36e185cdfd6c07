"""One live value of every kind that the product hands out, all of one org."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oauth.browser import Browser
from tests.oauth.client_keys import client_key
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import VERIFIER, Portal, make_portal
from tests.oauth.flows.visits import Asking, chooser
from tests.oauth.tenants import Client, Tenant
from tests.signin.people import Person, make_person
from tests.signin.second_factors import with_app

from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.ids import long
from gatebridge.setup.invite_users import InviteUser, invite_user
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.reset_password import ForgotPassword, forgot_password

USERINFO = "/services/oauth2/userinfo"
CONSENT = "/services/oauth2/consent"
DEVICE = "/services/oauth2/device"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
SESSION, BROWSER = "__Host-gb_session", "__Host-gb_browser"
SCOPES = ("openid", "id", "api", "setup_api", "refresh_token")


@dataclass
class Hoard:
    """Everything that somebody could have stolen of one org, and whom it belongs to."""

    acme: Tenant
    portal: Portal  # an app of the web server flow with opaque tokens, which may administer
    signed: Portal  # one whose access tokens are JWTs
    keyed: Client  # one that proves itself by a key
    job: Job
    device: Client  # one that people connect by a code
    ben: Person  # signed in at a browser
    waiting: Browser  # a browser in which a request waits for its user
    values: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        return self.acme.door.post(self.acme.org.issuer + path, form)

    def bearer(self, path: str, value: str) -> bool:
        # A header takes what it can carry; whatever else is presented there is encoded by nobody.
        answer = self.acme.door.get(self.acme.org.issuer + path, headers={"Authorization": f"Bearer {value}"})
        assert answer.status_code < 500
        return answer.status_code == 200

    def browser(self, cookies: Mapping[str, str]) -> Browser:
        found = Browser(self.acme.door, self.acme.org.issuer)
        found.cookies = dict(cookies)
        return found

    def form_of(self, path: str, form_id: str, browser: Browser | None = None) -> dict[str, str]:
        """A form with which nothing is wrong yet."""
        return dict((browser or self.waiting).open(path).forms[form_id].fields)


def make_hoard(acme: Tenant) -> Hoard:
    flows = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.CLIENT_CREDENTIALS, Flow.USER_AGENT})
    portal = make_portal(acme, "Portal", scopes=SCOPES, flows=flows)
    portal.policies(may_administer=True)
    signed = make_portal(acme, "Signed", scopes=SCOPES, access_token_format=TokenFormat.JWT)
    signed.policies(may_administer=True)
    keyed = acme.app("Keyed", key=client_key("ES256", 21, clock=acme.standing.clock))
    device = chooser(acme, "Lamp", flows=frozenset({Flow.DEVICE}), scopes=("openid", "api")).portal.app
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(device_flow=True, user_agent_flow=True))
    ben = make_person(acme, "ben")
    ben.submits()
    waiting = Browser(acme.door, acme.org.issuer)
    held = Hoard(acme, portal, signed, keyed, Job(acme, "Job", 22), device, ben, waiting)
    held.values = _values(held)
    return held


def _values(held: Hoard) -> dict[str, str]:
    acme, portal = held.acme, held.portal
    page = held.waiting.open(Asking(portal).url())
    form = page.forms["signin"].fields
    tokens, signed = portal.signed_in(scopes=SCOPES), held.signed.signed_in(scopes=SCOPES)
    cautious = make_person(acme, "cleo")
    with_app(cautious)
    step = cautious.submits().forms["code-form"].fields["step"]
    begun = held.post(DEVICE, held.device.credentials).json()
    found = {
        "consumer key": portal.app.consumer_key,
        "consumer secret": portal.app.secret,
        "authorization code": portal.code(),
        "refresh token": tokens["refresh_token"],
        "access token": tokens["access_token"],
        "JWT access token": signed["access_token"],
        "ID token": _hint(held),
        "client assertion": held.keyed.credentials["client_assertion"],
        "assertion": held.job.key.sign(held.job.claims()),
        "session cookie": held.ben.browser.cookies[SESSION],
        "browser cookie": held.waiting.cookies[BROWSER],
        "form token": form["form_token"],
        "interaction": form["interaction"],
        "passkey challenge": page.forms["passkey"].fields["challenge"],
        "second step": step,
        "password reset": _token_of(_forgot(held)),
        "invitation": _token_of(_invited(held)),
        "device code": begun["device_code"],
        "user code": begun["user_code"],
        "user id": long(acme.runner.id),
        "session id": signed_sid(signed["id_token"]),
        "verifier": VERIFIER,
    }
    assert len(set(found.values())) == len(found)
    return found


def _hint(held: Hoard) -> str:
    """An ID token of the user at the browser, which the portal may give as a hint."""
    from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set

    with held.acme.standing.database.transaction() as tx:
        assign_permission_set(tx, held.acme.admin, AssignPermissionSet(held.ben.user.id, held.acme.approved.id))
    asking = Asking(held.portal)
    code = asking.arrived(held.ben.browser.open(asking.url()))["code"]
    return str(held.portal.redeem(code).json()["id_token"])


def signed_sid(id_token: str) -> str:
    from gatebridge.crypto import signing

    return str(signing.peek(id_token).claims["sid"])


def _forgot(held: Hoard) -> Person:
    forgetful = make_person(held.acme, "dora")
    with forgetful.database.transaction() as tx:
        forgot_password(tx, held.acme.org, ForgotPassword(forgetful.username))
    return forgetful


def _invited(held: Hoard) -> Person:
    acme = held.acme
    with acme.standing.database.transaction() as tx:
        said = InviteUser(f"ines@{acme.org.host}", f"ines.{acme.org.id}@mail.example", acme.profile.id, "Ines")
        user = invite_user(tx, acme.admin, said).user
    return Person(acme, user, Browser(acme.door, acme.org.issuer))


def _token_of(person: Person) -> str:
    return parse_qs(urlsplit(person.link()).query)["token"][0]
