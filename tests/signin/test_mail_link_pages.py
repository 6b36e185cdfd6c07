"""The links in our mails: a forgotten password, and an invitation."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.oauth.browser import Browser, Page
from tests.oauth.door import Door
from tests.oauth.flows.portal import make_portal
from tests.oauth.tenants import Tenant
from tests.signin.people import AGENT, PASSWORD, CountingHasher, Person, make_person, statements
from tests.signin.test_sign_in_pages import form_sent, page_of

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import UserState
from gatebridge.setup.invite_users import InviteAgain, InviteUser, invite_again, invite_user
from gatebridge.setup.manage_users import EditUser, SetPassword, edit_user, set_password
from gatebridge.setup.reset_password import SendPasswordLink, send_password_link
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import audit_trail
from gatebridge.web.app import make_app

NEW = "a mountain of quick sand"


def asks(person: Person, username: str | None = None, browser: Browser | None = None, **headers: str) -> httpx.Response:
    """Ask for a link, as anybody may."""
    at = browser or person.browser
    form = at.open("/forgot-password").forms["forgot"]
    return form_sent(at, form.action, form.fields | {"username": username or person.username}, **headers)


def chooses(browser: Browser, link: str, typed: str = NEW, repeat: str | None = None, *, keep_grants: bool = False) -> Page:
    """Open a link and set the password that is typed."""
    page = browser.open(link)
    form_id = "reset" if "reset" in page.forms else "invitation"
    fields = page.forms[form_id].fields | {"password": typed, "repeat": typed if repeat is None else repeat}
    if keep_grants:
        del fields["end_grants"]
    return browser.post(page.forms[form_id].action, fields)


def invited(tenant: Tenant, name: str = "ines") -> Person:
    with tenant.standing.database.transaction() as tx:
        said = InviteUser(f"{name}@{tenant.org.host}", f"{name}.{tenant.org.id}@mail.example", tenant.profile.id, "Inés")
        user = invite_user(tx, tenant.admin, said).user
    return Person(tenant, user, Browser(tenant.door, tenant.org.issuer))


def changes(person: Person, verb: Any, command: object) -> None:
    with person.database.transaction() as tx:
        actor: Actor = person.tenant.admin
        verb(tx, actor, command)


def test_a_user_who_forgot_the_password_chooses_a_new_one_by_mail(dana: Person) -> None:
    answer = asks(dana)
    assert (answer.status_code, answer.headers["location"]) == (303, "/forgot-password/sent")
    [mail] = dana.mails()
    assert dana.tenant.org.name in mail["subject"]
    page = chooses(dana.browser, dana.link())
    assert page.url.endswith("/signin?said=reset")
    assert "Your new password is set" in page.text
    assert not dana.is_signed_in()  # the link proves a mailbox; signing in is another thing
    dana.submits(NEW)
    assert dana.is_signed_in()


def test_an_admin_has_a_user_choose_a_new_password_and_the_old_one_works_until_then(dana: Person) -> None:
    asks(dana)
    older = dana.link()
    changes(dana, send_password_link, SendPasswordLink(dana.user.id, "It was on a note."))
    assert "an admin of" in dana.mails()[-1]["text"]
    assert is_dead(dana.browser, older)
    dana.submits()
    assert dana.is_signed_in()
    assert chooses(dana.browser, dana.link()).url.endswith("/signin?said=reset")
    assert not dana.is_signed_in()


def test_a_reset_is_written_down_and_verifies_the_address(dana: Person) -> None:
    asks(dana)
    assert dana.user.email_verified_at is None
    chooses(dana.browser, dana.link())
    with dana.database.snapshot() as tx:
        line = audit_trail.page(tx, dana.tenant.org.id, limit=1)[0]
    assert (line.event, line.actor_id, line.target_id) == (Event.USER_PASSWORD_RESET, dana.user.id, dana.user.id)
    assert {"field": "password", "before": None, "after": "set"} in line.changes
    assert NEW not in str(line)
    assert dana.now().email_verified_at == dana.tenant.standing.clock.now


def test_X_BF_01_X_BF_03_known_and_unknown_users_are_told_the_same(acme: Tenant, dana: Person) -> None:
    frozen, left, service = make_person(acme, frozen=True), make_person(acme, state=UserState.DEACTIVATED), make_person(acme, typed=None)
    names = [dana.username, "nobody@acme.example", frozen.username, left.username, service.username]
    told = [page_of(asks(dana, name), name) for name in names]
    assert len({str(page) for page in told}) == 1
    assert len(dana.mails()) == 1
    assert not [mail for person in (frozen, left, service) for mail in person.mails()]


class Watched:
    """The application, with the moment at which an answer goes out noted among the statements."""

    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self.app = app
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            self.seen.append(f"({message['type']})")
            await send(message)

        await self.app(scope, receive, noted)


def test_X_BF_03_the_answer_goes_out_before_anybody_is_looked_for(dana: Person) -> None:
    before, after = {}, {}
    with statements(dana.database) as seen:
        watched = Browser(Door(Watched(dana.tenant.door.app, seen), dana.tenant.door.loop), dana.tenant.org.issuer)
        form = watched.open("/forgot-password").forms["forgot"]
        for name in (dana.username, "nobody@acme.example"):
            seen.clear()
            form_sent(watched, form.action, form.fields | {"username": name})
            sent = seen.index("(http.response.body)")
            before[name], after[name] = seen[:sent], seen[sent + 1 :]
    assert before[dana.username] == before["nobody@acme.example"]
    assert not [statement for statement in before[dana.username] if "users" in statement or "outbox" in statement]
    assert [statement for statement in after[dana.username] if "outbox" in statement]
    assert len(dana.mails()) == 1


def test_a_mailbox_is_not_filled_by_whoever_knows_a_username(dana: Person) -> None:
    for spelling in (dana.username, dana.username, dana.username, dana.username):
        asks(dana, spelling, dana.another_browser("203.0.113.9"))
    assert len(dana.mails()) == 3
    dana.tenant.standing.clock.advance(minutes=15, seconds=1)
    asks(dana)
    assert len(dana.mails()) == 4


def test_X_RU_17_the_link_leads_to_the_configured_address_whatever_the_request_says(dana: Person) -> None:
    asks(dana, X_Forwarded_Host="elsewhere.example", Forwarded="host=elsewhere.example", X_Forwarded_Proto="http")
    [mail] = dana.mails()
    assert "elsewhere" not in mail["text"]
    assert f"{dana.tenant.org.issuer}/reset-password?token=gbp_" in mail["text"]


def is_dead(browser: Browser, link: str) -> bool:
    """The page of the link says no more than that it does not work."""
    page = browser.open(link)
    if page.status == 200:
        return False
    assert page.status == 400
    assert 'data-reason="mail_link_dead"' in page.text
    assert not {"reset", "invitation"} & set(page.forms)
    return True


def test_X_SE_09_a_reset_link_works_once(dana: Person) -> None:
    asks(dana)
    link = dana.link()
    form = dana.browser.open(link).forms["reset"]
    typed = form.fields | {"password": NEW, "repeat": NEW}
    assert form_sent(dana.browser, form.action, typed).status_code == 303
    again = form_sent(dana.browser, form.action, typed | {"password": PASSWORD, "repeat": PASSWORD})
    assert again.status_code == 400
    assert 'data-reason="mail_link_dead"' in again.text
    assert is_dead(dana.browser, link)
    assert (dana.mails()[-1]["subject"], "chosen anew" in dana.mails()[-1]["text"]) == (f"A new password at {dana.tenant.org.name}", True)
    dana.submits(NEW)
    assert dana.is_signed_in()


def test_looking_at_a_link_does_not_use_it_up(dana: Person) -> None:
    asks(dana)
    for _ in range(3):
        assert not is_dead(dana.another_browser(), dana.link())


def test_X_SE_09_a_reset_link_lives_for_an_hour(dana: Person) -> None:
    asks(dana)
    dana.tenant.standing.clock.advance(minutes=59, seconds=59)
    assert not is_dead(dana.browser, dana.link())
    dana.tenant.standing.clock.advance(seconds=1)
    assert is_dead(dana.browser, dana.link())


def test_X_SE_09_a_newer_link_takes_the_place_of_the_older_one(dana: Person) -> None:
    asks(dana)
    older = dana.link()
    asks(dana)
    assert is_dead(dana.browser, older)
    assert not is_dead(dana.browser, dana.link())


@pytest.mark.parametrize("change", ["password", "address", "freeze"])
def test_X_SE_09_a_reset_link_dies_with_what_it_was_bound_to(dana: Person, change: str) -> None:
    asks(dana)
    if change == "password":
        changes(dana, set_password, SetPassword(dana.user.id, dana.tenant.standing.house.hasher.hash("yet another one")))
    elif change == "address":
        changes(dana, edit_user, EditUser(dana.user.id, email="moved@mail.example"))
    else:
        changes(dana, freeze_user, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    link = dana.link()
    assert is_dead(dana.browser, link)


def test_X_SE_09_a_link_serves_its_own_purpose_in_its_own_org(dana: Person, acme: Tenant, rival: Tenant) -> None:
    asks(dana)
    reset, invitation = dana.link(), invited(acme).link()
    token_of = {"reset": reset.partition("=")[2], "invitation": invitation.partition("=")[2]}
    assert is_dead(dana.browser, f"/invitation?token={token_of['reset']}")
    assert is_dead(dana.browser, f"/reset-password?token={token_of['invitation']}")
    assert is_dead(Browser(rival.door, rival.org.issuer), reset)
    assert is_dead(Browser(rival.door, rival.org.issuer), invitation)


def test_a_password_is_hashed_only_for_who_holds_a_link(dana: Person) -> None:
    hasher = CountingHasher(dana.tenant.standing.house.hasher)
    app = make_app(replace(dana.tenant.standing.house, hasher=hasher))
    browser = Browser(Door(app, dana.tenant.door.loop), dana.tenant.org.issuer)
    token = browser.open("/forgot-password").forms["forgot"].fields["form_token"]
    for path in ("/reset-password", "/invitation"):
        typed = {"form_token": token, "token": "gbp_none", "password": NEW, "repeat": NEW}
        assert form_sent(browser, path, typed).status_code == 400
    assert hasher.hashed == 0


PROBLEMS = {
    "short": ("short", "at least 8 characters"),
    "missing": ("", "at least 8 characters"),
    "too long": ("x" * 1025, "too long"),
    "too long in bytes": ("é" * 513, "too long"),
    "common": ("Password123", "tried first"),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_password_that_may_not_be_is_told_at_its_field(dana: Person, kind: str) -> None:
    asks(dana)
    typed, said = PROBLEMS[kind]
    page = chooses(dana.browser, dana.link(), typed)
    assert page.status == 400
    assert 'id="password-problem"' in page.text
    assert said in page.text
    assert page.forms["reset"].fields["password"] == page.forms["reset"].fields["repeat"] == ""
    assert not typed or f'"{typed}"' not in page.text
    assert not is_dead(dana.browser, dana.link())  # nothing was used up
    assert chooses(dana.browser, dana.link()).status == 200


def test_a_password_is_neither_the_username_nor_the_address(dana: Person) -> None:
    asks(dana)
    for typed in (dana.username.upper(), dana.user.email, dana.user.email.partition("@")[0]):
        page = chooses(dana.browser, dana.link(), typed)
        assert "other than your username" in page.text


def test_two_that_differ_are_told_at_the_second_field_and_a_tick_stays_as_it_was(dana: Person) -> None:
    asks(dana)
    page = chooses(dana.browser, dana.link(), NEW, NEW + "!", keep_grants=True)
    assert page.status == 400
    assert 'id="repeat-problem"' in page.text
    assert "end_grants" not in page.forms["reset"].fields


def test_X_SE_04_a_reset_signs_every_browser_out_and_lifts_the_lock(dana: Person) -> None:
    laptop = dana.another_browser()
    dana.submits_only(laptop)
    dana.wrong(10)
    asks(dana)
    chooses(dana.browser, dana.link())
    assert not dana.is_signed_in(laptop)
    assert dana.live_sessions() == 0
    dana.submits(NEW)
    assert dana.is_signed_in()


def test_whoever_else_was_signed_in_at_the_browser_is_so_no_more(acme: Tenant, dana: Person) -> None:
    sam = make_person(acme, "sam")
    sam.submits_only(dana.browser)
    asks(dana, browser=dana.another_browser())
    chooses(dana.browser, dana.link())
    assert dana.session() is None
    assert sam.live_sessions() == 0


@pytest.mark.parametrize("keep", [False, True], ids=["ends the grants", "keeps the grants"])
def test_X_RT_10_a_reset_ends_what_apps_have_unless_the_user_says_otherwise(acme: Tenant, keep: bool) -> None:
    dana = person_of_portal(acme)
    portal = make_portal(acme)
    got = portal.signed_in()
    asks(dana)
    page = dana.browser.open(dana.link())
    assert '<ul class="door-apps" id="apps"><li><bdi>Portal</bdi></li></ul>' in page.text
    chooses(dana.browser, dana.link(), keep_grants=keep)
    assert portal.live(got["access_token"]) is keep
    refreshed = portal.refresh(got["refresh_token"])
    assert refreshed.status_code == (200 if keep else 400)
    with acme.standing.database.snapshot() as tx:
        line = audit_trail.page(tx, acme.org.id, limit=1)[0]
    assert bool([change for change in line.changes if change["field"] == "live_grants"]) is not keep


@pytest.mark.parametrize("keep", [False, True], ids=["ends the grants", "keeps the grants"])
def test_X_RT_10_an_admin_who_sets_a_password_ends_what_apps_have_unless_told_otherwise(acme: Tenant, keep: bool) -> None:
    dana = person_of_portal(acme)
    portal = make_portal(acme)
    got = portal.signed_in()
    changes(dana, set_password, SetPassword(dana.user.id, acme.standing.house.hasher.hash(NEW), end_grants=not keep))
    assert portal.live(got["access_token"]) is keep
    assert portal.refresh(got["refresh_token"]).status_code == (200 if keep else 400)


def person_of_portal(acme: Tenant) -> Person:
    """The user of the stories of the portal, who has a password here."""
    changes_of = Person(acme, acme.runner, Browser(acme.door, acme.org.issuer))
    changes(changes_of, edit_user, EditUser(acme.runner.id, email=f"runner.{acme.org.id}@mail.example"))
    changes(changes_of, set_password, SetPassword(acme.runner.id, acme.standing.house.hasher.hash(PASSWORD), end_grants=False))
    return replace(changes_of, user=changes_of.now())


def test_an_invited_person_chooses_a_password_and_signs_in(acme: Tenant) -> None:
    ines = invited(acme)
    page = ines.browser.open(ines.link())
    assert (page.status, ines.now().state) == (200, UserState.INVITED)  # looking accepts nothing
    assert ines.username in page.text
    page = chooses(ines.browser, ines.link())
    assert page.url.endswith("/signin?said=welcome")
    accepted = ines.now()
    assert (accepted.state, accepted.email_verified_at) == (UserState.ACTIVE, acme.standing.clock.now)
    ines.submits(NEW)
    assert ines.is_signed_in()
    assert acme.history()[-1].user_agent == AGENT


def test_X_SE_09_an_invitation_that_was_used_or_replaced_leads_to_a_page_that_says_so(acme: Tenant) -> None:
    ines, tom = invited(acme, "ines"), invited(acme, "tom")
    chooses(ines.browser, ines.link())
    assert is_dead(ines.browser, ines.link())
    older = tom.link()
    changes(tom, invite_again, InviteAgain(tom.user.id))
    assert is_dead(tom.browser, older)
    assert not is_dead(tom.browser, tom.link())
    assert is_dead(tom.browser, "/invitation")


def test_an_invited_person_hears_the_same_rules_of_passwords(acme: Tenant) -> None:
    ines = invited(acme)
    page = chooses(ines.browser, ines.link(), "12345678")
    assert page.status == 400
    assert 'id="password-problem"' in page.text
    assert ines.now().state is UserState.INVITED
