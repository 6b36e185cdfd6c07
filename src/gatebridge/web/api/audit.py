"""The setup audit trail."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from gatebridge.monitoring import audit_history, audit_trail
from gatebridge.monitoring.audit_heads import HeadsUnreadable
from gatebridge.monitoring.audit_trail import AuditFilter
from gatebridge.records.change import permit
from gatebridge.rules.audit import Change, sentence
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import GivenId, GivenMoment, Id, Moment, Shown

router = APIRouter(tags=["Audit trail"])


class ChangeShown(Shown):
    """One field that was changed. Of a secret neither value is kept."""

    field: str
    before: Any
    after: Any
    sentence: str


class AuditLineShown(Shown):
    """Who changed what, and when."""

    id: Id
    sequence: int
    at: Moment
    event: str
    actor_kind: str
    actor_id: Id | None
    actor: str
    actor_app_id: Id | None
    address: str
    operation_id: Id
    target_kind: str
    target_id: Id
    target: str
    changes: list[ChangeShown]
    reason: str


class VerificationShown(Shown):
    """What came of checking the chain. Only `intact` is good news."""

    state: Literal["intact", "tampered", "could_not_check"]
    checked: int
    first_bad: int | None
    words: str


class HistoryVerificationShown(Shown):
    """What came of holding the seals on the login history against its lines. Only `intact` is good news, about what was looked at."""

    state: Literal["intact", "tampered", "could_not_check"]
    seals: int
    lines: int
    first_bad: int | None = Field(description="The number of the line of the trail whose seal does not fit.")
    words: str
    go_on: int | None = Field(description="Where older seals may be left: ask again with it as `older_than`.")


def _shown(line: AuditLine) -> AuditLineShown:
    changes = [Change(str(each["field"]), each["before"], each["after"]) for each in line.changes]
    return AuditLineShown(
        id=line.id,
        sequence=line.sequence,
        at=line.at,
        event=line.event,
        actor_kind=line.actor_kind,
        actor_id=line.actor_id,
        actor=line.actor_name,
        actor_app_id=line.actor_app_id,
        address=line.address,
        operation_id=line.operation_id,
        target_kind=line.target_kind,
        target_id=line.target_id,
        target=line.target_name,
        changes=[ChangeShown(field=each.field, before=each.before, after=each.after, sentence=sentence(each)) for each in changes],
        reason=line.reason,
    )


@router.get("/audit", summary="List changes")
def list_audit(
    desk: AtDesk,
    target_id: Annotated[GivenId | None, Query(description="Changes of this record only.")] = None,
    actor_id: Annotated[GivenId | None, Query(description="Changes by this user only.")] = None,
    event: Annotated[str | None, Query(max_length=64, description="Changes of this kind only, such as `setup:app:created`.")] = None,
    since: Annotated[GivenMoment | None, Query(description="Not before this time.")] = None,
    until: Annotated[GivenMoment | None, Query(description="Before this time.")] = None,
    seals: Annotated[bool, Query(description="Also the lines that seal an hour of the login history, which are no changes.")] = False,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[AuditLineShown]:
    """Who changed what, newest first. Needs *View Audit Trail*."""
    wanted = AuditFilter(target_id, actor_id, event, since, until, seals=seals)
    with desk.reading() as visit:
        return page_of(
            desk,
            visit,
            {"list": "audit", "filter": repr(wanted)},
            limit,
            cursor,
            lambda after, count: audit_trail.page(visit.tx, visit.actor, wanted, behind=int(after) if after else None, limit=count),
            lambda line: str(line.sequence),
            _shown,
        )


@router.get("/audit/{line_id}", summary="Read one change")
def get_audit_line(desk: AtDesk, line_id: str) -> AuditLineShown:
    """One line of the trail. Needs *View Audit Trail*."""
    with desk.reading() as visit:
        return _shown(audit_trail.by_id(visit.tx, visit.actor, record_id(line_id, Prefix.AUDIT)))


@router.post("/audit/verify", summary="Verify the chain")
def verify_audit(desk: AtDesk) -> VerificationShown:
    """Recompute the whole chain of the org and compare it with the heads outside the database. Changes nothing.
    Needs *View Audit Trail*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)  # before the heads are read, which are many
    try:
        # Read before the snapshot begins: a head that came later would look like a line that is gone.
        heads = list(desk.house.outside_heads())
    except (OSError, HeadsUnreadable):
        heads = None
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)
        if heads is None:
            words = "The heads outside the database cannot be read, so a tail that was cut off would not be seen."
            return VerificationShown(state="could_not_check", checked=0, first_bad=None, words=words)
        found = audit_trail.verify(visit.tx, visit.org.id, desk.house.keys, heads)
        return VerificationShown.model_validate(found)


@router.post("/audit/verify-history", summary="Verify the login history")
def verify_history(
    desk: AtDesk, older_than: Annotated[int | None, Query(ge=1, description="Only the seals before this one (`go_on`).")] = None
) -> HistoryVerificationShown:
    """Digest the newest login history anew and hold it against the seals in the chain, some 20,000 lines at once. What was removed because
    its time was over is not missed. Whether the chain is whole, *Verify the chain* says. Changes nothing. Needs *View Audit Trail*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)
        found = audit_history.verify(visit.tx, visit.org.id, desk.house.keys, go_on=older_than)
        return HistoryVerificationShown.model_validate(found)
