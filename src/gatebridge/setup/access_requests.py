"""What an admin decides about a request: approve it, until a day or once, refuse it, or block the app.

Each request is decided once. Of two admins who press at the same moment one wins, and the other is told who that was.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.records.change import Target, permit, record_change
from gatebridge.rules.access_requests import ONCE, RequestKind, RequestState, end_problem
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.apps import Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, request_mails
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.install_app import InstallApp, answer_all, install_app
from gatebridge.setup.rights import refuse_own
from gatebridge.storage import access_requests, installations, names, orgs, permission_sets
from gatebridge.storage.access_requests import Decision, ListedRequest
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class ApproveRequest:
    """Install the app, or let the user into it. A user's approval has an end; of an app None means until it is uninstalled.

    `set_id` is the permission set that the user gets, one that may use the app already; None: the only one that does.
    """

    request_id: str
    until: datetime | None = None
    set_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApproveOnce:
    """The same for the next 24 hours."""

    request_id: str
    set_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefuseRequest:
    """Say no, and why. The same is asked of nobody again for 30 days."""

    request_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Say no to the app itself, whoever comes with it, until somebody unblocks it."""

    request_id: str
    reason: str


def approve_request(tx: Tx, actor: Actor, command: ApproveRequest) -> ListedRequest:
    """Raises Refused: for who may not, for a request that was decided before, and where there is nothing to give the user."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    found = _open(tx, actor, command.request_id)
    of_user = found.request.kind is RequestKind.USER
    problem = end_problem(command.until, tx.now, needed=of_user)
    if problem is not None:
        refuse_invalid([FieldProblem("until", problem)])
    given = _given(tx, actor, found, command) if of_user else None
    until = given.expires_at if given is not None else command.until
    _decide(tx, actor, found, Decision(RequestState.APPROVED, actor.id, app_rights.given_reason(command.reason), until))
    if given is not None:
        _let_in(tx, actor, found, given)
    else:
        _install(tx, actor, found, until)
    return _told(tx, actor, found, Event.ACCESS_REQUEST_APPROVED, {"until": until} if until is not None else {})


def approve_once(tx: Tx, actor: Actor, command: ApproveOnce) -> ListedRequest:
    """Raises Refused, as approving does."""
    return approve_request(tx, actor, ApproveRequest(command.request_id, tx.now + ONCE, command.set_id, command.reason))


def refuse_request(tx: Tx, actor: Actor, command: RefuseRequest) -> ListedRequest:
    """Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    found, reason = _open(tx, actor, command.request_id), app_rights.written_reason(command.reason)
    _decide(tx, actor, found, Decision(RequestState.REFUSED, actor.id, reason))
    return _told(tx, actor, found, Event.ACCESS_REQUEST_REFUSED)


def block_request(tx: Tx, actor: Actor, command: BlockRequest) -> ListedRequest:
    """Raises Refused. Every other open request for the app is answered by it too."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    found, reason = _open(tx, actor, command.request_id), app_rights.written_reason(command.reason)
    request = found.request
    if request.kind is not RequestKind.APP:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="The app is in use here. Refuse the user, or block the app itself.")
    decision = Decision(RequestState.BLOCKED, actor.id, reason)
    _decide(tx, actor, found, decision)
    if installations.by_app(tx, actor.org_id, request.app_id) is None:
        # A block must be written somewhere: the app is known here from now on, and not installed.
        never = Installation(tx.new_id(Prefix.INSTALLATION), actor.org_id, request.app_id, 0, tx.now, uninstalled_at=tx.now)
        installations.insert(tx, never, AppPolicies(never.id))
    block_app(tx, actor, BlockApp(request.app_id, reason))
    answer_all(tx, actor, request.app_id, found.app, decision)
    return _told(tx, actor, found, Event.ACCESS_REQUEST_BLOCKED)


def permitted_sets(tx: Tx, org_id: str, app_id: str) -> list[Assignment]:
    """The permission sets that may use an app now, each with the end of that. Profiles are not among them: nobody is moved to another."""
    installation = installations.by_app(tx, org_id, app_id)
    permits = installations.permits_of(tx, org_id, installation.id) if installation is not None else []
    return [each for each in permits if each.holder_id.startswith(Prefix.PERMISSION_SET) and each.holds(tx.now)]


def _open(tx: Tx, actor: Actor, request_id: str) -> ListedRequest:
    found = access_requests.by_id(tx, actor.org_id, request_id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if found.request.state is not RequestState.OPEN:
        raise _decided_before(found)
    access_requests.hold(tx, actor.org_id, found.request.app_id)  # in one order for all: see install_app
    return found


def _decide(tx: Tx, actor: Actor, found: ListedRequest, decision: Decision) -> None:
    """The one step of which only one admin's can succeed; what follows from it comes after."""
    if not access_requests.decide(tx, actor.org_id, found.request.id, decision):
        now = access_requests.by_id(tx, actor.org_id, found.request.id)
        raise _decided_before(now or found)


def _decided_before(found: ListedRequest) -> Refused:
    request = found.request
    when = f"{request.decided_at:%Y-%m-%d %H:%M} UTC" if request.decided_at is not None else "this moment"
    detail = f"{found.decided_by or 'Somebody'} has {request.state} this request, at {when}."
    return Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"state": request.state})


def _given(tx: Tx, actor: Actor, found: ListedRequest, command: ApproveRequest) -> Assignment:
    """The permission set that the user gets, and until when: no longer than the set itself may use the app. Raises Refused."""
    app_rights.in_use(tx, actor, found.request.app_id)
    sets = {each.holder_id: each for each in permitted_sets(tx, actor.org_id, found.request.app_id)}
    if not sets:
        detail = "No permission set may use this app; assign one to it first, then approve."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)
    chosen = sets.get(command.set_id) if command.set_id is not None else next(iter(sets.values())) if len(sets) == 1 else None
    if chosen is None:
        said = names.of_holders(tx, actor.org_id, list(sets))
        choice = ", ".join(f"{said.get(each, each)} ({long(each)})" for each in sets)
        refuse_invalid([FieldProblem("set_id", f"Choose a permission set that may use the app: {choice}.")])
    assert chosen is not None  # noqa: S101 - refused above
    ends = [moment for moment in (command.until, chosen.expires_at) if moment is not None]
    return Assignment(chosen.holder_id, min(ends))


def _let_in(tx: Tx, actor: Actor, found: ListedRequest, given: Assignment) -> None:
    """Assign the set, unless the user holds it for longer: an approval never takes anything away. Raises Refused."""
    user_id = found.request.user_id or ""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    refuse_own(actor, user_id)
    held = permission_sets.assignment(tx, actor.org_id, user_id, given.holder_id)
    if held is None or not held.outlasts(given):
        assign_permission_set(tx, actor, AssignPermissionSet(user_id, given.holder_id, given.expires_at))


def _install(tx: Tx, actor: Actor, found: ListedRequest, until: datetime | None) -> None:
    installation = installations.by_app(tx, actor.org_id, found.request.app_id)
    if installation is None or not installation.in_use(tx.now):
        install_app(tx, actor, InstallApp(found.consumer_key, until))


def _told(tx: Tx, actor: Actor, found: ListedRequest, event: Event, more: dict[str, object] | None = None) -> ListedRequest:
    """The request as it stands now, with its audit line written and its user told."""
    now = access_requests.by_id(tx, actor.org_id, found.request.id)
    org = orgs.by_id(tx, actor.org_id)
    assert now is not None  # noqa: S101 - was decided above
    assert org is not None  # noqa: S101 - every actor is of an org
    request = now.request
    after = {"state": request.state, "user": now.user or None} | (more or {})
    record_change(
        tx,
        actor,
        event,
        Target("access_request", request.id, now.app),
        {"state": RequestState.OPEN, "user": now.user or None},
        after,
        reason=request.reason,
    )
    request_mails.tell_asker(tx, org, now.app, request)
    return replace(now, request=request)
