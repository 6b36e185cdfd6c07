"""Answer for an exposure of an app: accept it with a reason and until a date, or take the acceptance back.

An acceptance opens nothing and closes nothing by itself. It says who meant it, and at its end the house closes the exposure
(`setup/end_loosenings.py`). Whoever accepts an exposure again gives it a new reason and a new end.
"""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.monitoring import exposures as found_exposures
from gatebridge.records.change import permit, record_change
from gatebridge.rules import exposures, loosenings
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.exposures import Exposure
from gatebridge.rules.ids import Prefix
from gatebridge.rules.loosenings import Loosening, Outcome
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import refuse_invalid, stale
from gatebridge.storage import loosenings as stored
from gatebridge.storage import orgs
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AcceptExposure:
    """`exposure` is the code of one that the app has now."""

    app_id: str
    exposure: str
    reason: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawLoosening:
    """Answer for an exposure no more; the setting stays as it is."""

    app_id: str
    loosening_id: str


def accept_exposure(tx: Tx, actor: Actor, command: AcceptExposure) -> Loosening:
    """Answer for an exposure of an app in the actor's org. An earlier acceptance of it is replaced. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, _ = app_rights.in_use(tx, actor, command.app_id)
    exposure = exposure_of(tx, actor.org_id, app.id, command.exposure)
    refuse_invalid(_problems(tx, command, exposure))
    reason = app_rights.written_reason(command.reason)
    former = next((each for each in stored.open_of(tx, actor.org_id, [app.id]) if each.exposure == command.exposure), None)
    if former is not None:
        stored.close(tx, actor.org_id, former.id, Outcome.REPLACED)
    loosening = Loosening(
        id=tx.new_id(Prefix.LOOSENING),
        org_id=actor.org_id,
        app_id=app.id,
        exposure=command.exposure,
        value=exposure.value if exposure is not None else "",
        reason=reason,
        ends_at=command.ends_at,
        created_at=tx.now,
        created_by=actor.id,
    )
    if not stored.insert(tx, loosening):
        raise stale()
    before = told(former) if former is not None else {}
    record_change(tx, actor, Event.LOOSENING_ACCEPTED, app_rights.target(app), before, told(loosening), reason=reason)
    return loosening


def withdraw_loosening(tx: Tx, actor: Actor, command: WithdrawLoosening) -> None:
    """Answer for an exposure no more: it stands, and is shown as one that nobody accepts. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, _ = app_rights.installed(tx, actor, command.app_id)
    loosening = stored.by_id(tx, actor.org_id, command.loosening_id)
    if loosening is None or loosening.app_id != app.id:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not stored.close(tx, actor.org_id, loosening.id, Outcome.WITHDRAWN):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This acceptance has ended before.")
    record_change(tx, actor, Event.LOOSENING_DROPPED, app_rights.target(app), told(loosening), {"exposure": loosening.exposure})


def exposure_of(tx: Tx, org_id: str, app_id: str, code: str) -> Exposure | None:
    """The exposure of this kind that an app of the org has now."""
    org = orgs.by_id(tx, org_id)
    found = found_exposures.of_app(tx, org, app_id) if org is not None else None
    return found.of(code) if found is not None else None


def told(loosening: Loosening) -> dict[str, object]:
    """What the audit trail keeps of a loosening."""
    return {"exposure": loosening.exposure, "setting": loosening.value, "why": loosening.reason, "accepted_until": loosening.ends_at}


def _problems(tx: Tx, command: AcceptExposure, exposure: Exposure | None) -> list[FieldProblem]:
    problems = []
    if command.exposure == exposures.ACCEPTED_BY_POLICY:
        sentence = "This one is accepted in the policies, by refresh_exception_reason and refresh_exception_until."
        problems.append(FieldProblem("exposure", sentence))
    elif exposure is None:
        problems.append(FieldProblem("exposure", "The app has no such exposure now; read them at /api/v1/apps/{id}/exposures."))
    end = loosenings.end_problem(command.ends_at, tx.now)
    return problems + ([FieldProblem("ends_at", end)] if end is not None else [])
