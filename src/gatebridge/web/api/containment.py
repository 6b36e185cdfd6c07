"""Containing an app for an incident: what that would end and how far the app reached, and the act."""

from datetime import UTC

from fastapi import APIRouter
from pydantic import Field

from gatebridge.monitoring import app_reach
from gatebridge.rules.ids import Prefix
from gatebridge.setup import contain_app as containing
from gatebridge.setup.contain_app import ContainApp
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.revoke import RadiusShown
from gatebridge.web.api.shapes import Id, Moment, Shown, WithReason

router = APIRouter(prefix="/apps", tags=["Revoking"])


class UserReached(Shown):
    """Somebody who used the app in 30 days, or in whose name a job did."""

    user_id: Id
    name: str
    number: int
    last_at: Moment


class AddressReached(Shown):
    """From where the app came in 30 days."""

    address: str
    number: int
    refused: int
    last_at: Moment


class ReachShown(Shown):
    """How far an app reaches: what would end now, and what the last 30 days say (among the newest 5,000 lines of the login history)."""

    live: RadiusShown
    users: list[UserReached] = Field(description="The first of them, the latest in front.")
    user_number: int
    addresses: list[AddressReached] = Field(description="The first of them, the busiest in front.")
    address_number: int
    scopes: dict[str, int] = Field(description="How many tokens were given each.")


class CredentialNamed(Shown):
    """A secret or certificate by its name."""

    id: Id
    name: str


class ContainmentShown(Shown):
    """What containing the app would come to, as it stands now."""

    reach: ReachShown
    secrets: list[CredentialNamed] = Field(description="The live ones, which would end. Empty for an app of another org.")
    certificates: list[CredentialNamed]
    tells: list[str] = Field(description="The addresses that would get a mail.")


class Containment(WithReason):
    """What is done beside the hold."""

    end_credentials: bool = Field(True, description="End its live secrets and certificates too, where the app is this org's.")
    tell: bool = Field(True, description="Tell its owners, who else manages apps, and its contact, by mail.")


class ContainedShown(Shown):
    """What it came to. `ended` is what was alive until then."""

    app_id: Id
    ended: RadiusShown
    secrets: list[str] = Field(description="The names of those that ended.")
    certificates: list[str]
    told: list[str] = Field(description="The addresses to which a mail goes.")


@router.get("/{app_id}/containment", summary="Ask what containing an app would end")
def get_containment(desk: AtDesk, app_id: str) -> ContainmentShown:
    """How far the app reaches, which of its secrets and certificates would end, and who would be told. Changes nothing. Needs
    *Manage Connected Apps*."""
    app = record_id(app_id, Prefix.APP)
    with desk.reading() as visit:
        found = containing.containable(visit.tx, visit.actor, app)
        return ContainmentShown(
            reach=ReachShown.model_validate(app_reach.of_app(visit.tx, visit.actor, app, UTC)),
            secrets=[CredentialNamed.model_validate(each) for each in found.secrets],
            certificates=[CredentialNamed.model_validate(each) for each in found.certificates],
            tells=list(found.told),
        )


@router.post("/{app_id}/contain", summary="Contain an app")
def post_contain(desk: AtDesk, app_id: str, body: Containment) -> ContainedShown:
    """Hold the app, for an incident: end everything that it has in this org, refuse it until it is unblocked, end its secrets and
    certificates, and tell who has to know. Needs *Manage Connected Apps* and a reason; to end its credentials, *Rotate Consumer
    Credentials* and a recent sign-in."""
    command = ContainApp(record_id(app_id, Prefix.APP), body.reason, body.end_credentials, body.tell)
    with desk.writing() as visit:
        return ContainedShown.model_validate(containing.contain_app(visit.tx, visit.actor, command))
