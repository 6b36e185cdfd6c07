"""Whether an app has been shown to work as it is set up now."""

from fastapi import APIRouter
from pydantic import Field

from gatebridge.monitoring import validation
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.validation import Proof, Validation, next_of
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.shapes import Id, Moment, Shown

router = APIRouter(tags=["Try it"])


class ProofShown(Shown):
    """One receipt that shows it."""

    receipt_id: Id
    at: Moment


class FlowValidationShown(Shown):
    """What the receipts show of one flow; null: nothing yet."""

    flow: Flow
    success: ProofShown | None
    refusal: ProofShown | None = Field(description="One that was meant: a run of Try it that expected it.")


class MissingShown(Shown):
    """What is to be shown next."""

    flow: Flow
    expect: str


class ValidationShown(Shown):
    """Validated: every flow of the app has a success and an intended refusal in its receipts since its settings were changed last."""

    app_id: Id
    validated: bool
    since: Moment = Field(description="When the settings were changed last.")
    flows: list[FlowValidationShown]
    missing: MissingShown | None = Field(description="What is to be tried next; null where nothing is missing, or no flow is enabled.")


@router.get("/apps/{app_id}/validation", summary="Read the validation of an app")
def get_validation(desk: AtDesk, app_id: str) -> ValidationShown:
    """Whether every flow of the app was shown to work, and to refuse, since its settings were changed last. Needs *View Setup*, or to be
    the owner."""
    with desk.reading() as visit:
        app = app_reading.own(visit.tx, visit.actor, record_id(app_id, Prefix.APP)).app
        return _shown(app.id, validation.of_app(visit.tx, app))


def _shown(app_id: str, found: Validation) -> ValidationShown:
    missing = next_of(found)
    return ValidationShown(
        app_id=app_id,
        validated=found.validated,
        since=found.since,
        flows=[FlowValidationShown(flow=each.flow, success=_proof(each.success), refusal=_proof(each.refusal)) for each in found.flows],
        missing=MissingShown(flow=missing[0], expect="refusal" if missing[1] else "success") if missing is not None else None,
    )


def _proof(proof: Proof | None) -> ProofShown | None:
    return ProofShown(receipt_id=proof.receipt_id, at=proof.at) if proof is not None else None
