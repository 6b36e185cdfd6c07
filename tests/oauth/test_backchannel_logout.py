"""Back-channel logout: whatever ends a session, the apps that signed their user in by it hear of it, and nobody waits for them."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.errors import JoseError
from tests.oauth.flows.visits import Asking, enrol, sign_in
from tests.oauth.leaving import Post, Visit, carry, confirmed, decoded, listener, told, visit, waiting
from tests.oauth.tenants import Tenant

import gatebridge
from gatebridge.delivery.courier import Round
from gatebridge.oauth.end_session import PATH
from gatebridge.records import logouts
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.ids import long
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.end_sessions import EndSession, EndSessionsOfUser, end_session, end_sessions_of_user
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.my_account import (
    ChangeMyPassword,
    EndMyOtherSessions,
    EndMySession,
    change_my_password,
    end_my_other_sessions,
    end_my_session,
)
from gatebridge.setup.my_apps import EndMyApp, end_my_app
from gatebridge.setup.revoke import (
    RevokeApp,
    RevokeGrant,
    RevokeToken,
    RevokeUser,
    RevokeUserOfApp,
    revoke_app,
    revoke_grant,
    revoke_token,
    revoke_user,
    revoke_user_of_app,
)
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.signin import sessions
from gatebridge.storage import facts, grants
from gatebridge.storage import sessions as stored
from gatebridge.storage.tx import Tx

REASON = "Somebody lost a laptop."


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return listener(acme)


@pytest.fixture
def ben(app: Asking) -> Visit:
    """A user who has signed in to the app."""
    return visit(app)


def myself(ben: Visit) -> Actor:
    return Actor(ActorKind.USER, ben.user.org_id, ben.user.name, frozenset(), user_id=ben.user.id)


def session_id(tx: Tx, ben: Visit) -> str:
    return stored.live_of_user(tx, ben.user.org_id, ben.user.id)[0].id


def grant_id(tx: Tx, ben: Visit) -> str:
    return grants.live_of_user(tx, ben.user.org_id, ben.user.id)[0].id


def in_tx(act: Callable[[Tx, Visit], object]) -> Callable[[Visit], None]:
    def done(ben: Visit) -> None:
        with ben.app.acme.standing.database.transaction() as tx:
            act(tx, ben)

    return done


def at_the_page(ben: Visit) -> None:
    ben.browser.submit(ben.browser.open("/me"), "signout")


def another_user_signs_in_at_this_browser(ben: Visit) -> None:
    zoe = enrol(ben.app.acme, "zoe")
    page = ben.browser.open(ben.app.url(prompt="login", scope="openid api"))
    sign_in(ben.browser, page, zoe)


def makes_room(tx: Tx, ben: Visit) -> None:
    acme = ben.app.acme
    edited = edit_org(tx, acme.admin, EditOrg(max_sessions_per_user=1))
    standing = facts.standing(tx, acme.org.id, ben.user.id)
    assert standing is not None
    sessions.begin(tx, getattr(edited, "org", edited), standing, methods=("pwd",), address="", user_agent="")


def turns_up_elsewhere(ben: Visit) -> None:
    acme = ben.app.acme
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(lock_sessions_to_address=True))
    ben.browser.address = "203.0.113.77"
    ben.browser.open("/me")
    ben.browser.open(ben.app.url(scope="openid api"))


def new_password(tx: Tx, ben: Visit) -> None:
    hashed = "$argon2id$" + "x"
    change_my_password(tx, myself(ben), ChangeMyPassword(hashed))


ADMIN = {
    "an admin ends the session": lambda tx, ben: end_session(tx, ben.app.acme.admin, EndSession(session_id(tx, ben))),
    "an admin ends all of the user": lambda tx, ben: end_sessions_of_user(tx, ben.app.acme.admin, EndSessionsOfUser(ben.user.id)),
    "the user is frozen": lambda tx, ben: freeze_user(tx, ben.app.acme.admin, FreezeUser(ben.user.id, REASON)),
    "the user is frozen and apps keep what they have": lambda tx, ben: freeze_user(
        tx, ben.app.acme.admin, FreezeUser(ben.user.id, REASON, end_grants=False)
    ),
    "the user is deactivated": lambda tx, ben: deactivate_user(tx, ben.app.acme.admin, DeactivateUser(ben.user.id, REASON)),
    "everything of the user is revoked": lambda tx, ben: revoke_user(tx, ben.app.acme.admin, RevokeUser(ben.user.id, REASON)),
    "the user's grant is revoked": lambda tx, ben: revoke_grant(tx, ben.app.acme.admin, RevokeGrant(grant_id(tx, ben))),
    "the app is revoked for the user": lambda tx, ben: revoke_user_of_app(
        tx, ben.app.acme.admin, RevokeUserOfApp(ben.app.portal.app.id, ben.user.id)
    ),
    "the user ends the session elsewhere": lambda tx, ben: end_my_session(tx, myself(ben), EndMySession(session_id(tx, ben))),
    "the user ends all other sessions": lambda tx, ben: end_my_other_sessions(tx, myself(ben), EndMyOtherSessions()),
    "the user ends the app": lambda tx, ben: end_my_app(tx, myself(ben), EndMyApp(ben.app.portal.app.id)),
    "the user has a new password": new_password,
    "the session makes room": makes_room,
}
ENDS: dict[str, Callable[[Visit], object]] = {
    "the user signs out": at_the_page,
    "an app signs the user out": lambda ben: ben.leave(),
    "the user says so when asked": lambda ben: confirmed(ben.browser, ben.browser.open(PATH)),
    "somebody else signs in at this browser": another_user_signs_in_at_this_browser,
    "the session turns up at another address": turns_up_elsewhere,
    **{name: in_tx(act) for name, act in ADMIN.items()},
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS.keys())
def test_std_BC_01_RV_06_X_SE_04_whatever_ends_a_session_its_app_hears_of_it_once(ben: Visit, ends: Callable[[Visit], object]) -> None:
    sid = ben.claims["sid"]
    assert told(ben.app.acme) == []
    ends(ben)
    assert told(ben.app.acme) == [(ben.app.portal.app.id, ben.user.id)]
    post = Post()
    assert carry(ben.app.acme, post) == Round(sent=1)
    (token,) = post.tokens
    claims = decoded(ben.app.acme, token).claims
    assert (claims["sid"], claims["sub"]) == (sid, long(ben.user.id))


OF_THE_APP: dict[str, Callable[[Tx, Visit], object]] = {
    "revoked": lambda tx, ben: revoke_app(tx, ben.app.acme.admin, RevokeApp(ben.app.portal.app.id, REASON)),
    "blocked": lambda tx, ben: block_app(tx, ben.app.acme.admin, BlockApp(ben.app.portal.app.id, REASON)),
    "uninstalled": lambda tx, ben: uninstall_app(tx, ben.app.acme.admin, UninstallApp(ben.app.portal.app.id, REASON)),
    "deleted": lambda tx, ben: delete_app(tx, ben.app.acme.admin, DeleteApp(ben.app.portal.app.id, "Photo_Printer", REASON)),
}


@pytest.mark.parametrize("ends", OF_THE_APP.values(), ids=OF_THE_APP.keys())
def test_std_RV_06_an_app_that_loses_everything_hears_of_each_of_its_users(ben: Visit, ends: Callable[[Tx, Visit], object]) -> None:
    acme, zoe = ben.app.acme, visit(ben.app, enrol(ben.app.acme, "zoe"))
    other = visit(listener(acme, "Poster Press"), ben.user, ben.browser)
    signed_out = visit(ben.app, enrol(acme, "kim"))
    signed_out.leave()
    carry(acme, Post())
    in_tx(ends)(ben)
    assert [entry.kind for entry in waiting(acme)] == [logouts.OF_APP_KIND], "a revoke costs the same, however many users there are"
    assert carry(acme, Post()) == Round(sent=1)
    assert sorted(told(acme)) == sorted([(ben.app.portal.app.id, ben.user.id), (ben.app.portal.app.id, zoe.user.id)])
    post = Post()
    carry(acme, post)
    assert {decoded(acme, token).claims["sid"] for token in post.tokens} == {ben.claims["sid"], zoe.claims["sid"]}
    assert other.signed_in  # the sessions themselves go on


def test_an_app_of_another_org_hears_of_the_sessions_here(acme: Tenant, rival: Tenant) -> None:
    theirs = listener(rival, "Their Printer")
    installed = acme.install(theirs.portal.app)
    portal = replace(theirs.portal, acme=acme, app=installed)
    with acme.standing.database.transaction() as tx:
        acme.open_for_use(tx, installed.id, permitted_users="self_authorize")
    here, post = visit(Asking(portal)), Post()
    here.leave()
    carry(acme, post)
    assert decoded(acme, post.tokens[0]).claims["aud"] == installed.consumer_key
    with pytest.raises((JoseError, ValueError)):
        decoded(rival, post.tokens[0])
    assert told(rival) == []


def test_what_runs_out_by_itself_is_not_announced(ben: Visit) -> None:
    ben.app.acme.standing.clock.advance(hours=25)
    assert not ben.signed_in
    assert told(ben.app.acme) == []


def test_the_end_of_one_access_token_is_no_end_of_a_session(ben: Visit) -> None:
    acme = ben.app.acme
    token_id = next(line.id for line in reversed(acme.history()) if line.event == "token")
    with acme.standing.database.transaction() as tx:
        revoke_token(tx, acme.admin, RevokeToken(token_id))
    assert told(acme) == []


def test_what_is_ended_twice_is_told_once(ben: Visit) -> None:
    in_tx(ADMIN["an admin ends the session"])(ben)
    in_tx(ADMIN["an admin ends all of the user"])(ben)
    in_tx(ADMIN["the user is frozen"])(ben)
    assert len(told(ben.app.acme)) == 1


def test_nobody_but_the_room_of_signing_in_ends_a_session() -> None:
    """Whoever ended one in the storage would forget to tell the apps."""
    source = Path(gatebridge.__file__).parent
    enders = {"end", "end_of_user"}
    found = set()
    for module in source.rglob("*.py"):
        text = module.read_text()
        if "sessions" not in text or not any(f".{name}(" in text for name in enders):
            continue
        tree = ast.parse(text)
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "gatebridge.storage"
            for alias in node.names
            if alias.name == "sessions"
        }
        found |= {
            module.relative_to(source).as_posix()
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in enders and isinstance(node.value, ast.Name) and node.value.id in names
        }
    assert found == {"signin/sessions.py"}
