"""Users ask: to be let into an app that an admin approves people for, or that an app be installed. Nobody needs a right to ask.

One open request for each app and user; who asks again only says it anew. After a no, nobody is asked for a while.
"""

from dataclasses import dataclass

from gatebridge.records.change import Target, record_change
from gatebridge.rules.access_requests import AccessRequest, RequestKind, RequestState, words_problem
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App
from gatebridge.rules.asks import whom
from gatebridge.rules.events import Event
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.verdict import State
from gatebridge.setup import app_rights, request_mails
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.my_apps import myself
from gatebridge.storage import access_requests, apps, facts, installations, orgs
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AskForAccess:
    """Let me into an app that is in use here. `scopes` and `flow` are those of the attempt that was refused."""

    app_id: str
    words: str
    scopes: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True)
class AskForApp:
    """Install an app of another org, of which somebody gave me the consumer key."""

    consumer_key: str
    words: str


def ask_for_access(tx: Tx, actor: Actor, command: AskForAccess) -> AccessRequest:
    """Raises Refused: what nobody needs to ask for, and what was refused lately, is `state_conflict`."""
    org, standing, words = _asker(tx, actor, command.words)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    known = Facts(
        now=tx.now,
        org=org,
        app=app,
        installation=installation,
        policies=installations.policies_of(tx, org.id, installation.id),
        permits=tuple(installations.permits_of(tx, org.id, installation.id)),
        standing=standing,
    )
    found = whom.permitted(known, Attempt(Door.AUTHORIZE, None))
    if found is not None and found.state is State.PASSED:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="You may use this app already; go back to it and begin again.")
    wanted = Wanted(org.id, RequestKind.USER, app.id, standing.user.id, command.scopes, command.flow, actor.address, words)
    return _opened(tx, actor, org, app, standing, wanted)


def ask_for_app(tx: Tx, actor: Actor, command: AskForApp) -> AccessRequest:
    """Raises Refused: `record_not_found` for a key of no app, `state_conflict` for one that is installed, blocked or was refused lately."""
    org, standing, words = _asker(tx, actor, command.words)
    app = apps.by_consumer_key(tx, command.consumer_key)
    if app is None or app.deleted_at is not None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    installation = installations.by_app(tx, org.id, app.id)
    if installation is not None and installation.blocked_at is not None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="An admin has blocked this app here.")
    if installation is not None and installation.in_use(tx.now):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is installed already; go back to it and begin again.")
    wanted = Wanted(org.id, RequestKind.APP, app.id, standing.user.id, address=actor.address, words=words)
    return _opened(tx, actor, org, app, standing, wanted)


def _asker(tx: Tx, actor: Actor, words: str) -> tuple[Org, Standing, str]:
    user_id, words = myself(actor), words.strip()
    problem = words_problem(words)
    if problem is not None:
        refuse_invalid([FieldProblem("words", problem)])
    org, standing = orgs.by_id(tx, actor.org_id), facts.standing(tx, actor.org_id, user_id)
    if org is None or standing is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return org, standing, words


def _opened(tx: Tx, actor: Actor, org: Org, app: App, standing: Standing, wanted: Wanted) -> AccessRequest:
    before = access_requests.latest(tx, org.id, wanted.kind, app.id, wanted.user_id)
    again_from = before.asked_again_from if before is not None else None
    if before is not None and again_from is not None and tx.now < again_from:
        why = f": {before.reason.rstrip('.')}" if before.reason else ""
        detail = f"An admin has refused this{why}. You can ask again from {again_from:%Y-%m-%d}."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"asked_again_from": again_from.isoformat()})
    is_new = access_requests.count_up(tx, wanted)
    request = access_requests.latest(tx, org.id, wanted.kind, app.id, wanted.user_id)
    assert request is not None  # noqa: S101 - was opened or counted above
    # Whoever asks twice says it anew and tells nobody twice; an attempt that was only counted was told to nobody.
    if is_new or (before is not None and before.state is RequestState.OPEN and not before.words):
        target = Target("access_request", request.id, app.label)
        record_change(tx, actor, Event.ACCESS_REQUEST_OPENED, target, None, {"app": app.label, "user": standing.user.name})
        request_mails.tell_deciders(tx, org, app, standing.user, request)
    return request
