"""Ending what one user gave to an app, each on a page of its own: a token, a grant, everything that the app has of the user.

For everything that an app has of anybody see `app_stop`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.grants import AccessToken, Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import revoke as verbs
from gatebridge.setup.revoke import RevokeGrant, RevokeToken, RevokeUserOfApp
from gatebridge.storage import grants, live_tokens, names, tokens
from gatebridge.storage.names import NamedApp
from gatebridge.web.console import app_tabs, forms, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("usage")
HISTORY = places.named("login-history")
USER = f"{PLACE.path}/{{app_id}}/users/{{user_id}}/revoke"
GRANT = f"{PLACE.path}/grants/{{grant_id}}/revoke"
TOKEN = f"{HISTORY.path}/{{receipt_id}}/revoke"
FEW = 10
LABELS = {"reason": "Why"}
SAID = {
    "token": "The token is ended. Nobody accepts it any more.",
    "grant": "The grant is ended, with every token that hung from it.",
    "user": "Everything that the app had of this user is ended.",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """What is about to end: of which app and which user, and what hangs from it."""

    app: NamedApp
    user_id: str
    user: str
    grants: tuple[Grant, ...] = ()
    tokens: tuple[AccessToken, ...] = ()
    token: AccessToken | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def usage(self) -> str:
        """The page of OAuth Usage of the app."""
        return f"{PLACE.path}/{ids.long(self.app.id)}"


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three: how it is found, and how it ends."""

    word: str
    path: str
    title: str
    ledes: tuple[str, ...]
    button: str
    found: Callable[[Visit], Hit]
    does: Callable[[Visit, str], object]


def revokes(actor: Actor, app: NamedApp) -> bool:
    """Whether the actor may end what this app has of others, so that a page offers it; the verbs ask for themselves."""
    owns = app.owned_by(actor.org_id, actor.user_id) and Permission.REGISTER_CONNECTED_APPS in actor.permissions
    return owns or Permission.MANAGE_CONNECTED_APPS in actor.permissions


def address_of_token(visit: Visit, receipt_id: str) -> str:
    """Where the token ends that was given out with this receipt; empty where there is none that lives, or the reader may not end it."""
    token = tokens.by_id(visit.tx, visit.org.id, receipt_id)
    if token is None or token.ended_at is not None or token.expires_at <= visit.tx.now:
        return ""
    app = names.of_apps(visit.tx, visit.org.id, [token.app_id]).get(token.app_id)
    return f"{HISTORY.path}/{ids.long(token.id)}/revoke" if app is not None and revokes(visit.actor, app) else ""


def routes(house: House) -> list[Route]:
    found = []
    for kind in KINDS:
        place = HISTORY if kind.word == "token" else PLACE
        found += [
            shows(house, place, kind.path, partial(show, kind)),
            acts(house, place, kind.path, partial(do, kind), partial(again, kind)),
        ]
    return found


def show(kind: Kind, visit: Visit) -> Shown:
    """Who is hit, and why: asked before it is done."""
    signed_in_lately(visit.tx, visit.actor)
    return _form(kind, visit, Form(LABELS, {}))


def do(kind: Kind, visit: Visit) -> RedirectResponse:
    """End it. What had ended before is told as ended."""
    hit = kind.found(visit)
    kind.does(visit, forms.text(visit.fields, "reason"))
    if kind.word == "token" and hit.token is not None:
        return RedirectResponse(f"{HISTORY.path}/{ids.long(hit.token.id)}", SEE_OTHER)
    return RedirectResponse(f"{hit.usage}?said={kind.word}", SEE_OTHER)


def again(kind: Kind, visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(kind, visit, form) if form is not None else None


def _form(kind: Kind, visit: Visit, form: Form) -> Shown:
    hit = kind.found(visit)
    app_id, user_id = ids.long(hit.app.id), ids.long(hit.user_id)
    wider = []
    if kind.word == "token" and hit.grants:
        wider.append(("The whole grant", f"{PLACE.path}/grants/{ids.long(hit.grants[0].id)}/revoke"))
    if Permission.MANAGE_CONNECTED_APPS in visit.actor.permissions:
        if kind.word != "user":
            wider.append((f"Everything that {hit.app.label} has of {hit.user}", f"{PLACE.path}/{app_id}/users/{user_id}/revoke"))
        wider.append((f"Everything that {hit.app.label} has of anybody", app_tabs.address(hit.app.id, "/revoke")))
    place = HISTORY if kind.word == "token" else PLACE
    back = f"{HISTORY.path}/{ids.long(hit.token.id)}" if hit.token is not None else hit.usage
    values = {"kind": kind, "hit": hit, "form": form, "flows": FLOWS, "wider": wider, "action": visit.request.url.path, "back": back}
    over = "Receipt" if hit.token is not None else hit.app.label
    # The owner of the app comes by the app, where the records of all apps are not open.
    way = (place.name, place.path) if place.opens(visit.actor.permissions) else (hit.app.label, app_tabs.address(hit.app.id))
    return Shown("app/revoke.html", values, (way, (over, back), (kind.button, "")), form.status)


def _app(visit: Visit, app_id: str) -> NamedApp:
    """The app, for who may end what it has. Raises Refused."""
    app = names.of_apps(visit.tx, visit.org.id, [app_id]).get(app_id)
    if app is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not revokes(visit.actor, app):
        permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    return app


def _named(visit: Visit, user_id: str) -> str:
    return names.of_users(visit.tx, visit.org.id, [user_id]).get(user_id, "")


def _of_user(visit: Visit) -> Hit:
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    user_id = visit.id_in_path("user_id", Prefix.USER)
    app = _app(visit, visit.id_in_path("app_id", Prefix.APP))
    name = _named(visit, user_id)
    if not name or app.installation_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    live = tuple(grants.live_of_user(visit.tx, visit.org.id, user_id, app.installation_id))
    alive = live_tokens.count(visit.tx, visit.org.id, app_id=app.id, user_id=user_id)
    return Hit(app, user_id, name, live, values={"alive": alive})


def _of_grant(visit: Visit) -> Hit:
    grant = grants.by_id(visit.tx, visit.org.id, visit.id_in_path("grant_id", Prefix.GRANT))
    if grant is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    app = _app(visit, grant.app_id)
    alive = live_tokens.count(visit.tx, visit.org.id, app_id=app.id, user_id=grant.user_id, grant_id=grant.id)
    listed = tuple(live_tokens.of_grant(visit.tx, visit.org.id, grant, FEW))
    return Hit(app, grant.user_id, _named(visit, grant.user_id), (grant,), listed, values={"alive": alive})


def _of_token(visit: Visit) -> Hit:
    token = tokens.by_id(visit.tx, visit.org.id, visit.id_in_path("receipt_id", Prefix.RECEIPT))
    if token is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    app = _app(visit, token.app_id)
    grant = grants.by_id(visit.tx, visit.org.id, token.grant_id)
    return Hit(app, token.user_id, _named(visit, token.user_id), (grant,) if grant is not None else (), token=token)


KINDS = (
    Kind(
        "user",
        USER,
        "Revoke what the app has of",
        ("Every grant that the user gave to this app ends, with every token that hangs from it.", "The app may ask the user anew."),
        "Revoke",
        _of_user,
        lambda visit, reason: verbs.revoke_user_of_app(
            visit.tx,
            visit.actor,
            RevokeUserOfApp(visit.id_in_path("app_id", Prefix.APP), visit.id_in_path("user_id", Prefix.USER), reason),
        ),
    ),
    Kind(
        "grant",
        GRANT,
        "Revoke a grant of",
        ("It ends with every token that hangs from it, its refresh token too. Other grants of the user live on.",),
        "Revoke",
        _of_grant,
        lambda visit, reason: verbs.revoke_grant(visit.tx, visit.actor, RevokeGrant(visit.id_in_path("grant_id", Prefix.GRANT), reason)),
    ),
    Kind(
        "token",
        TOKEN,
        "Revoke a token of",
        ("This one access token ends. Where there is a refresh token, the app can get another at once: then end the grant.",),
        "Revoke",
        _of_token,
        lambda visit, reason: verbs.revoke_token(
            visit.tx, visit.actor, RevokeToken(visit.id_in_path("receipt_id", Prefix.RECEIPT), reason)
        ),
    ),
)
