"""What a decision about access is made of: the recorded facts, and one attempt with the proofs that came with it."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import AccessToken, Epochs, Grant
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, Standing
from gatebridge.rules.reasons.reason import Compared, Reason


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
    grant: Grant | None = None  # the live grant from which the token hangs or would hang

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
