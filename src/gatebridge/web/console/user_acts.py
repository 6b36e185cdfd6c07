"""What is done to a user in one go, each on a page of its own that says who is hit: freezing, deactivating, ending sessions and factors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring.live_sessions import live_sessions
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup import manage_users
from gatebridge.setup.end_sessions import ENDS_SESSIONS, EndSessionsOfUser, end_sessions_of_user
from gatebridge.setup.manage_factors import RemoveFactors, factors_of_user, remove_factors
from gatebridge.setup.my_apps import apps_of_user
from gatebridge.setup.reset_password import SendPasswordLink, send_password_link
from gatebridge.setup.stop_users import (
    ActivateUser,
    DeactivateUser,
    FreezeUser,
    UnfreezeUser,
    activate_user,
    deactivate_user,
    freeze_user,
    unfreeze_user,
)
from gatebridge.web import told
from gatebridge.web.api.users import READS
from gatebridge.web.console import forms, sessions, user, users
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import YES, Form
from gatebridge.web.console.users import PLACE
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

FEW = 10
LABELS = {"end_grants": "Also end everything that apps have of the user", "reason": "Why", "typed_name": "Type the username to go on"}
MANAGES = (Permission.MANAGE_USERS,)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done to a user. `fields` are those of the form beside the reason."""

    word: str
    title: str  # in front of the user's name
    lede: str
    button: str
    does: Callable[[Visit, str, str], object]  # the user's id and the reason
    needs: tuple[Permission, ...] = MANAGES
    fields: tuple[str, ...] = ()
    must_say_why: bool = False
    weighty: bool = False  # wants a recent sign-in
    kind: str = "danger"
    hits: bool = True
    chosen: Mapping[str, str] = field(default_factory=dict)
    choice: str = ""


def _ends(visit: Visit) -> bool:
    return visit.fields.get("end_grants") == YES


def _deactivate(visit: Visit, user_id: str, reason: str) -> None:
    if forms.text(visit.fields, "typed_name") != user.found(visit).user.username:
        raise forms.wrong("typed_name", "This is not the username. Type it as it stands above, upper and lower case too.")
    deactivate_user(visit.tx, visit.actor, DeactivateUser(user_id, reason))


ACTS = (
    Act(
        "freeze",
        "Freeze",
        "For an emergency: every session ends at once and nothing new is let in. All else stays as it is, until somebody unfreezes.",
        "Freeze",
        lambda visit, user_id, reason: freeze_user(visit.tx, visit.actor, FreezeUser(user_id, reason, _ends(visit))),
        fields=("end_grants",),
        must_say_why=True,
        chosen={"end_grants": YES},
        choice="If not, it rests while the user is frozen, and goes on afterwards.",
    ),
    Act(
        "unfreeze",
        "Unfreeze",
        "The user may sign in again, with the rights it has. What was ended stays ended.",
        "Unfreeze",
        lambda visit, user_id, reason: unfreeze_user(visit.tx, visit.actor, UnfreezeUser(user_id, reason)),
        kind="main",
        hits=False,
    ),
    Act(
        "deactivate",
        "Deactivate",
        "For who leaves: the user cannot sign in any more, and everything that was obtained so far ends for good.",
        "Deactivate",
        _deactivate,
        fields=("typed_name",),
        must_say_why=True,
    ),
    Act(
        "activate",
        "Activate",
        "The user may sign in again, with the rights it had. What was ended stays ended.",
        "Activate",
        lambda visit, user_id, reason: activate_user(visit.tx, visit.actor, ActivateUser(user_id, reason)),
        kind="main",
        hits=False,
    ),
    Act(
        "password-link",
        "Send a password link to",
        "The link works once, within an hour. The password of now works until a new one is chosen; every session ends then. Where somebody "
        "else may know it, freeze the user first.",
        "Send the link",
        lambda visit, user_id, reason: send_password_link(visit.tx, visit.actor, SendPasswordLink(user_id, reason)),
        kind="main",
        hits=False,
    ),
    Act(
        "end",
        "End the sessions of",
        "The user is signed out in every browser, and can sign in anew.",
        "End them",
        lambda visit, user_id, reason: end_sessions_of_user(visit.tx, visit.actor, EndSessionsOfUser(user_id, reason, _ends(visit))),
        needs=ENDS_SESSIONS,
        fields=("end_grants",),
        weighty=True,
        choice="Then say why. If not, what apps have goes on.",
    ),
    Act(
        "remove-factors",
        "Remove the second factors of",
        "For a device that was lost. Every factor, the recovery codes and the activated browsers go, every session ends, and a mail tells "
        "the user. Where a policy wants a second factor, the next sign-in sets one up.",
        "Remove them",
        lambda visit, user_id, reason: remove_factors(visit.tx, visit.actor, RemoveFactors(user_id, None, reason)),
        weighty=True,
    ),
)


def routes(house: House) -> list[Route]:
    found = []
    for act in ACTS:
        path = f"{user.PATH}/{act.word}"
        found += [
            shows(house, PLACE, path, partial(show, act)),
            acts(house, PLACE, path, partial(do, act), partial(again, act)),
        ]
    return found


def show(act: Act, visit: Visit) -> Shown:
    """Who is hit, and why: asked before it is done."""
    _let_in(act, visit)
    return _form(act, visit, Form(_labels(act), act.chosen))


def do(act: Act, visit: Visit) -> RedirectResponse:
    """Do it."""
    permit(visit.actor, *act.needs)
    user_id = visit.id_in_path("user_id", Prefix.USER)
    act.does(visit, user_id, forms.text(visit.fields, "reason"))
    onward = users.address_of(user_id, act.word) if visit.actor.permissions.intersection(READS) else sessions.PLACE.path
    return RedirectResponse(onward, SEE_OTHER)


def again(act: Act, visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(_labels(act), {}), visit.fields, refused)
    return _form(act, visit, form) if form is not None else None


def _let_in(act: Act, visit: Visit) -> None:
    permit(visit.actor, *act.needs)
    if act.weighty:
        signed_in_lately(visit.tx, visit.actor)


def _labels(act: Act) -> dict[str, str]:
    return {name: words for name, words in LABELS.items() if name == "reason" or name in act.fields}


def _form(act: Act, visit: Visit, form: Form) -> Shown:
    it = manage_users.found(visit.tx, visit.actor, visit.id_in_path("user_id", Prefix.USER)).user
    address = users.address_of(it.id)
    values = {"act": act, "form": form, "user_shown": it, "here": f"{address}/{act.word}", "back": address, "told": told}
    return Shown("users/act.html", values | _hit(act, visit, it), user.crumbs(it, act.button), form.status)


def _hit(act: Act, visit: Visit, it: User) -> dict[str, object]:
    """What there is to lose, as far as the visitor may see it."""
    may = visit.actor.permissions
    if not act.hits:
        return {"sessions": None, "apps": None, "factors": None, "owned": []}
    return {
        "sessions": live_sessions(visit.tx, visit.actor, after=None, limit=FEW, user_id=it.id) if may.intersection(ENDS_SESSIONS) else None,
        "apps": apps_of_user(visit.tx, visit.actor, it.id) if act.word != "remove-factors" and may & user.SEES_APPS else None,
        "factors": factors_of_user(visit.tx, visit.actor, it.id) if act.word == "remove-factors" else None,
        "owned": user.owned_by(visit, it) if act.word in ("freeze", "deactivate") else [],
    }
