"""Who is told that a session has ended, as the rows say it: on both databases."""

import pytest
import sqlalchemy as sa
from tests.oauth.flows.visits import Asking, chooser, enrol, sign_in
from tests.oauth.leaving import SCOPE, Post, Visit, carry, confirmed, decoded, listener, logout_url, told, visit
from tests.oauth.tenants import Tenant

from gatebridge.delivery.courier import Round
from gatebridge.records import logouts
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.setup.end_sessions import EndSessionsOfUser, end_sessions_of_user
from gatebridge.setup.revoke import RevokeApp, RevokeGrant, RevokeUser, revoke_app, revoke_grant, revoke_user
from gatebridge.signin import sessions
from gatebridge.storage import facts, grants, orgs
from gatebridge.storage import sessions as stored


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return listener(acme)


@pytest.fixture
def ben(app: Asking) -> Visit:
    """A user who has signed in to the app."""
    return visit(app)


def signs_out(ben: Visit) -> None:
    ben.browser.submit(ben.browser.open("/me"), "signout")


def test_many_users_of_an_app_are_told_of_in_chunks(ben: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logouts, "CHUNK", 2)
    acme = ben.app.acme
    users = {ben.user.id, *(visit(ben.app, enrol(acme, f"user{number}")).user.id for number in range(4))}
    visit(ben.app, ben.user, ben.browser)
    with acme.standing.database.transaction() as tx:
        revoke_app(tx, acme.admin, RevokeApp(ben.app.portal.app.id, "A vendor was breached."))
    heard: list[str] = []
    for _ in range(8):
        post = Post()
        if carry(acme, post) == Round():
            break
        heard += [str(decoded(acme, token).claims["sub"]) for token in post.tokens]
    assert set(heard) == {long(user) for user in users}
    assert len(heard) <= len(users) + 1  # where a chunk ends between two grants of one session it is told twice


def test_every_app_of_the_session_hears_and_no_other(ben: Visit) -> None:
    acme = ben.app.acme
    visit(ben.app, ben.user, ben.browser)  # once more in the same session
    poster = visit(listener(acme, "Poster Press"), ben.user, ben.browser)
    deaf = chooser(acme, "Deaf Reader")
    visit(deaf, ben.user, ben.browser)
    unasked = listener(acme, "Plain Reader")
    page = ben.browser.open(unasked.url(scope="api"))  # no openid, so no ID token
    unasked.portal.redeem(unasked.arrived(ben.browser.submit(page, "consent", decision="approve"))["code"])
    elsewhere = visit(listener(acme, "Other Browser"), ben.user)
    page = ben.browser.open(logout_url())
    assert "<bdi>Photo Printer</bdi>, <bdi>Poster Press</bdi>" in page.text
    confirmed(ben.browser, page)
    assert sorted(told(acme)) == sorted([(app.portal.app.id, ben.user.id) for app in (ben.app, poster.app)])
    assert elsewhere.signed_in


def test_who_proves_again_to_be_it_stays_signed_in_and_the_end_is_told_of_everything_since(ben: Visit) -> None:
    """The session that stands in the place of another answers for it: no app hears until the user has left (docs/decisions/0023)."""
    acme = ben.app.acme
    page = ben.browser.open(ben.app.url(prompt="login", scope=SCOPE))
    ben.app.arrived(sign_in(ben.browser, page, ben.user))
    assert told(acme) == []
    later = visit(listener(acme, "Poster Press"), ben.user, ben.browser)
    assert later.claims["sid"] != ben.claims["sid"]
    signs_out(ben)
    post = Post()
    carry(acme, post)
    assert {decoded(acme, token).claims["sid"] for token in post.tokens} == {ben.claims["sid"], later.claims["sid"]}


def test_all_sessions_of_a_user_are_told_of_with_what_they_continued(ben: Visit) -> None:
    acme = ben.app.acme
    page = ben.browser.open(ben.app.url(prompt="login", scope=SCOPE))
    ben.app.arrived(sign_in(ben.browser, page, ben.user))
    elsewhere, kept = visit(ben.app, ben.user), visit(ben.app, enrol(acme, "zoe"))
    with acme.standing.database.transaction() as tx:
        end_sessions_of_user(tx, acme.admin, EndSessionsOfUser(ben.user.id))
    post = Post()
    carry(acme, post)
    assert {decoded(acme, token).claims["sid"] for token in post.tokens} == {ben.claims["sid"], elsewhere.claims["sid"]}
    assert kept.signed_in


def test_the_end_of_a_grant_is_told_to_its_app_alone(ben: Visit) -> None:
    acme = ben.app.acme
    visit(listener(acme, "Poster Press"), ben.user, ben.browser)
    with acme.standing.database.transaction() as tx:
        first = grants.live_of_user(tx, acme.org.id, ben.user.id)[0]
        revoke_grant(tx, acme.admin, RevokeGrant(first.id))
    assert told(acme) == [(ben.app.portal.app.id, ben.user.id)]
    assert ben.signed_in


def test_a_device_goes_on_when_the_browser_is_signed_out_from_which_it_was_connected(ben: Visit) -> None:
    acme = ben.app.acme
    with acme.standing.database.transaction() as tx:
        (grant,) = grants.live_of_user(tx, acme.org.id, ben.user.id)
        tx.connection.execute(sa.update(grants.grants).where(grants.grants.c.id == grant.id).values(flow=Flow.DEVICE))
    signs_out(ben)
    assert told(acme) == []
    hears = [(ben.app.portal.app.id, ben.user.id)]
    with acme.standing.database.transaction() as tx:
        revoke_user(tx, acme.admin, RevokeUser(ben.user.id, "A drill."))
    assert told(acme) == hears
    with acme.standing.database.transaction() as tx:
        revoke_app(tx, acme.admin, RevokeApp(ben.app.portal.app.id, "A drill."))
    carry(acme, Post())
    assert told(acme) == hears
    carry(acme, Post())
    with acme.standing.database.transaction() as tx:
        revoke_grant(tx, acme.admin, RevokeGrant(grant.id))
    assert told(acme) == hears


def test_whoever_stays_signed_in_while_all_others_end_is_told_of_by_nobody(ben: Visit) -> None:
    """The user proves to be it once more and ends the other sessions, in one transaction: what the first one held goes on."""
    acme = ben.app.acme
    elsewhere = visit(ben.app, ben.user)
    with acme.standing.database.transaction() as tx:
        org, standing = orgs.by_id(tx, acme.org.id), facts.standing(tx, acme.org.id, ben.user.id)
        assert org is not None
        assert standing is not None
        here = stored.live_of_user(tx, org.id, ben.user.id)[-1]
        sessions.give_way(tx, here, ben.user.id, "proven once more")
        kept, _ = sessions.begin(tx, org, standing, methods=("pwd",), address="", user_agent="", continues=here)
        assert sessions.end_of_user(tx, org.id, ben.user.id, "new password", but=kept.id) == 1
    post = Post()
    carry(acme, post)
    assert [decoded(acme, token).claims["sid"] for token in post.tokens] == [elsewhere.claims["sid"]]
    with acme.standing.database.transaction() as tx:
        sessions.end(tx, acme.org.id, kept.id, "signed out")
    post = Post()
    carry(acme, post)
    assert [decoded(acme, token).claims["sid"] for token in post.tokens] == [ben.claims["sid"]]
