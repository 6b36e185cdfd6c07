"""What a decision about access is made of: the recorded facts, and one attempt with the proofs that came with it."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.approvals import Approval
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import AccessToken, Approved, AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, Standing
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.rules.sessions import Session


@dataclass(frozen=True, slots=True)
class Facts:
    """What is recorded about everything that one attempt touches, read in one snapshot. None: there is no such record."""

    now: datetime
    org: Org
    app: App | None = None
    settings: AppSettings | None = None
    installation: Installation | None = None
    policies: AppPolicies | None = None
    permits: tuple[Assignment, ...] = ()  # the profiles and permission sets that may use the app here
    standing: Standing | None = None  # the user for whom the token acts or would act
    grant: Grant | None = None  # the grant from which the token hangs or would hang
    session: Session | None = None  # the browser session of a request for approval, or the one in which a code was approved
    approval: Approval | None = None  # what the user has approved of the app before

    def ended_at(self) -> datetime | None:
        """When everything of the org, the app, the installation or the user was ended last; None: never."""
        records = (self.org, self.app, self.installation, self.standing.user if self.standing else None)
        moments = (record.epoch_at for record in records if record is not None)
        return max((moment for moment in moments if moment is not None), default=None)

    def epochs(self) -> Epochs | None:
        """The epochs read with these facts, for a token that is decided on them. None where a record is missing."""
        if self.app is None or self.installation is None or self.standing is None:
            return None
        return Epochs(
            org=self.org.epoch,
            app=self.app.epoch,
            installation=self.installation.epoch,
            user=self.standing.user.epoch,
            grant=self.grant.epoch if self.grant else 0,
        )


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What came of authenticating the client. The comparing and verifying is done elsewhere; here it is a value."""

    method: ClientAuthMethod | None = None
    refused: Reason | None = None
    secret_id: str | None = None
    certificate_id: str | None = None
    compared: tuple[Compared, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackProof:
    """What came of comparing a redirect URI. `uri` is proven, byte for byte, or there is a mismatch, or none was sent."""

    uri: str | None = None
    mismatch: Mismatch | None = None
    refused: Reason | None = None  # it was missing where it must be sent, or could not be read
    sent: bool = True  # False: the request named none, and the app's only one was taken
    wanted: str = ""  # what was sent and is not registered, as the receipt shows it to the app's developer


@dataclass(frozen=True, slots=True)
class AssertionProof:
    """What came of verifying a JWT bearer assertion: its certificate, and the user whom it names, if the org has one."""

    refused: Reason | None = None
    certificate_id: str | None = None
    compared: tuple[Compared, ...] = ()
    signed_at: datetime | None = None  # by its own word; never later than that


@dataclass(frozen=True, slots=True)
class Approving:
    """How an authorization request wants the user asked, and what the user has said (OpenID Connect Core section 3.1.2.1)."""

    silent: bool = False  # prompt=none: nothing may be shown
    authenticated_since: datetime | None = None  # the credential check must not be older (prompt=login, max_age)
    level: Level = Level.STANDARD  # how sure the request wishes the sign-in to make us, where the user can do as it wishes (acr_values)
    ask_consent: bool = False  # prompt=consent: a remembered approval does not count
    approved: bool = False  # the user has just pressed Approve on our page
    denied: bool = False  # the user has just pressed Deny


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one request asks for, and the proofs that came with it."""

    door: Door
    address: Address | None
    client: ClientProof | None = None
    flow: Flow | None = None
    flow_refused: Reason | None = None  # no grant type, or one that nobody knows
    scopes_asked: tuple[str, ...] | None = None  # None: the parameter was not sent
    scopes_refused: Reason | None = None  # the parameter could not be read
    token: AccessToken | None = None
    scope_needed: str | None = None  # what the door demands of a live token
    request_refused: Reason | None = None  # a parameter of an authorization request that is wrong whatever the app may do
    callback: CallbackProof | None = None
    challenge: str | None = None  # code_challenge as sent with an authorization request
    pkce_refused: Reason | None = None  # what is wrong with the PKCE parameters by themselves, or the verifier did not match
    code: AuthorizationCode | None = None
    refresh: RefreshToken | None = None
    rotates: bool = False  # whether this refresh token will be exchanged for a successor
    assertion: AssertionProof | None = None
    device: DeviceCode | None = None
    proof_refused: Reason | None = None  # the code or refresh token is unknown, of another app, already used, ...
    proof_compared: tuple[Compared, ...] = ()
    approving: Approving | None = None
    used_from: Address | None = None  # at introspection, from where the resource server says that the token is being used

    @property
    def approved(self) -> Approved | None:
        """What a user said yes to at a browser, where a code of theirs stands for it."""
        if self.code is not None:
            return self.code.approved
        return self.device.approved if self.device is not None else None
