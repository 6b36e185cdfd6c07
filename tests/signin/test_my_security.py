"""/me/security: what a user sets up and takes away, never without having proven to be it lately, and never without being told by mail."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.oauth.browser import Browser, Page
from tests.signin.people import PASSWORD, Person
from tests.signin.second_factors import (
    App,
    actor_of,
    at_second_step,
    factors_of,
    mailed_code,
    org_now,
    secret_on,
    session_of,
    settings,
    types,
    with_app,
)

from gatebridge.crypto.secrets import Secret
from gatebridge.rules.events import Event
from gatebridge.rules.levels import Level
from gatebridge.rules.reasons import Refused
from gatebridge.setup.my_factors import ConfirmApp, begin_app, confirm_app
from gatebridge.signin import sessions as live
from gatebridge.signin import step_up
from gatebridge.signin.factors import Code
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.storage import audit_trail, factors, sessions, verifications
from gatebridge.web import browser as browsers

PATH = "/me/security"
OF_FACTORS = (Event.FACTOR_ADDED, Event.FACTOR_REMOVED, Event.RECOVERY_CODES_CREATED, Event.BROWSERS_DEACTIVATED)


def signed_in(dana: Person, browser: Browser | None = None) -> Browser:
    at = browser or dana.browser
    dana.submits(PASSWORD, browser=at)
    return at


def proven(dana: Person, page: Page) -> Page:
    """The password once more, and the mailed code."""
    assert 'id="prove"' in page.text
    page = dana.browser.submit(page, "password-form", password=PASSWORD)
    return types(dana, page, mailed_code(dana))


def sets_up(dana: Person) -> App:
    """From the sign-in to the ten codes, through the pages."""
    signed_in(dana)
    page = dana.browser.submit(proven(dana, dana.browser.open(f"{PATH}/app")), "app-begin")
    app = App(dana, secret_on(page))
    page = dana.browser.submit(page, "app-confirm", code=app.code(), name="My phone")
    app.recovery_codes = tuple(re.findall(r"<li><code>([^<]+)</code></li>", page.text))
    dana.tenant.standing.clock.advance(minutes=1)
    return app


def events(dana: Person) -> list[Any]:
    table = audit_trail.audit_trail
    with dana.database.snapshot() as tx:
        rows = tx.connection.execute(sa.select(table).where(table.c.org_id == dana.tenant.org.id).order_by(table.c.sequence))
        return [row for row in rows if row.event in OF_FACTORS]


def test_an_app_is_set_up_with_password_mail_and_a_code_and_ends_every_other_session(dana: Person) -> None:
    other = signed_in(dana, dana.another_browser())
    app = sets_up(dana)
    assert len(set(app.recovery_codes)) == 10
    assert not dana.is_signed_in(other)
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.HIGH, ("pwd", "otp"), True)
    assert [row.event for row in events(dana)] == [Event.FACTOR_ADDED, Event.RECOVERY_CODES_CREATED]
    subjects = [mail["subject"] for mail in dana.mails()]
    assert len([subject for subject in subjects if "second factor was added" in subject]) == 1
    listed = dana.browser.open(PATH).text
    assert "My phone" in listed
    assert "10 of 10" in listed


def test_X_SE_01_the_session_has_a_new_value_after_it(dana: Person) -> None:
    signed_in(dana)
    first = dana.session()
    page = proven(dana, dana.browser.open(f"{PATH}/app"))
    second = dana.session()
    page = dana.browser.submit(page, "app-begin")
    dana.browser.submit(page, "app-confirm", code=App(dana, secret_on(page)).code())
    assert len({first, second, dana.session()}) == 3
    assert dana.live_sessions() == 1


def test_the_secret_is_shown_until_it_is_confirmed_and_never_again(dana: Person) -> None:
    app = sets_up(dana)
    for path in (PATH, f"{PATH}/app", "/me"):
        assert app.secret not in re.sub(r"<[^>]*>", "", dana.browser.open(path).text)
    stored = str(events(dana)) + str(dana.mails()) + str(dana.tenant.history())
    assert app.secret not in stored
    for code in app.recovery_codes:
        assert code not in stored


def test_a_secret_is_not_stored_plain_and_opens_nowhere_else(dana: Person) -> None:
    app = with_app(dana)
    with dana.database.snapshot() as tx:
        [factor] = factors.of_user(tx, dana.tenant.org.id, dana.user.id)
    assert factor.sealed_seed is not None
    assert app.secret.encode() not in factor.sealed_seed
    assert "sealed" not in repr(factor)


def test_an_app_that_was_begun_too_long_ago_is_not_confirmed(dana: Person) -> None:
    signed_in(dana)
    page = dana.browser.submit(proven(dana, dana.browser.open(f"{PATH}/app")), "app-begin")
    secret = secret_on(page)
    dana.tenant.standing.clock.advance(minutes=16)
    with dana.database.transaction() as tx, pytest.raises(Refused, match="state_conflict"):
        confirm_app(tx, actor_of(dana), ConfirmApp(App(dana, secret).code()))
    assert factors_of(dana) == []


def test_the_password_alone_does_not_set_up_a_first_factor(dana: Person) -> None:
    signed_in(dana)
    for path in (f"{PATH}/app", f"{PATH}/passkey"):
        page = dana.browser.open(path)
        assert "/me/security/prove?then=" in page.url
    fields = {"form_token": page.forms["signout"].fields["form_token"]}
    for path in (f"{PATH}/app", f"{PATH}/app/confirm", f"{PATH}/passkey", f"{PATH}/recovery-codes"):
        assert "/me/security/prove?then=" in dana.browser.post(path, fields | {"code": "123456"}).url
    assert factors_of(dana) == []


def test_X_SE_10_a_new_password_makes_the_sign_in_of_who_has_a_factor_no_newer(dana: Person) -> None:
    sets_up(dana)
    dana.tenant.standing.clock.advance(minutes=60)
    new = {"current": PASSWORD, "password": "correct horse battery staple", "repeat": "correct horse battery staple"}
    assert "said=changed" in dana.browser.submit(dana.browser.open("/me/password"), "password-form", None, **new).url
    assert "/me/security/prove?then=app" in dana.browser.open(f"{PATH}/app").url
    assert "/me/security/prove" in dana.browser.submit(dana.browser.open(PATH), "recovery-form").url


def test_who_proves_to_be_it_by_the_password_leaves_a_line(dana: Person) -> None:
    signed_in(dana)
    page, lines = dana.browser.open(f"{PATH}/prove?then=connect"), len(dana.tenant.history())
    assert dana.browser.submit(page, "password-form", password=PASSWORD).url.endswith("/connect")
    (line,) = dana.tenant.history()[lines:]
    assert (line.event, line.outcome, line.auth_method, line.user_id) == ("sign_in", "success", "session+password", dana.user.id)


def test_after_an_hour_one_proves_once_more_by_a_factor_and_not_by_the_password(dana: Person) -> None:
    app = sets_up(dana)
    dana.tenant.standing.clock.advance(minutes=60)
    page = dana.browser.submit(dana.browser.open(PATH), "recovery-form")
    assert 'id="prove"' in page.text
    assert "password-form" not in page.forms
    token = page.forms["code-form"].fields
    assert 'id="prove"' in dana.browser.post(f"{PATH}/prove", token | {"password": PASSWORD}).text
    assert types(dana, page, app.wrong()).status == 400
    before = dana.session()
    assert types(dana, page, app.code()).url.endswith(PATH)
    assert dana.session() not in (None, before)
    assert dana.browser.submit(dana.browser.open(PATH), "recovery-form").text.count("<li><code>") == 10


def test_the_org_says_how_long_a_sign_in_is_good_for_it(dana: Person) -> None:
    sets_up(dana)
    settings(dana, reauthenticate_minutes=1)
    dana.tenant.standing.clock.advance(minutes=1)
    assert "/prove" in dana.browser.submit(dana.browser.open(PATH), "recovery-form").url


def test_new_recovery_codes_are_shown_once_and_kill_the_old_ones(dana: Person) -> None:
    app = sets_up(dana)
    page = dana.browser.submit(dana.browser.open(PATH), "recovery-form")
    new = re.findall(r"<li><code>([^<]+)</code></li>", page.text)
    assert not set(new) & set(app.recovery_codes)
    assert not any(code in dana.browser.open(PATH).text for code in new)
    browser = dana.another_browser()
    waiting = at_second_step(dana, browser)
    assert types(dana, waiting, app.recovery_codes[0], browser).status == 400
    assert types(dana, waiting, new[0], browser).url.endswith("/me")


def test_removing_the_last_factor_takes_the_codes_along_signs_out_elsewhere_and_tells(dana: Person) -> None:
    app = sets_up(dana)
    browser = dana.another_browser()
    types(dana, at_second_step(dana, browser), app.later(), browser)
    page = dana.browser.open(PATH)
    [form] = [name for name in page.forms if name.startswith("remove-")]
    assert 'id="empty"' in dana.browser.submit(page, form).text
    assert not dana.is_signed_in(browser)
    assert "second factor was removed" in dana.mails()[-1]["subject"]
    assert events(dana)[-1].event == Event.FACTOR_REMOVED
    with dana.database.snapshot() as tx:
        assert factors.recovery_codes_left(tx, dana.tenant.org.id, dana.user.id) == 0


def test_X_SE_04_a_factor_of_somebody_else_is_not_there(dana: Person) -> None:
    sets_up(dana)
    token = {"form_token": dana.browser.open(PATH).forms["recovery-form"].fields["form_token"]}
    assert dana.browser.post(f"{PATH}/0FA000000000001/remove", token).status == 404
    assert dana.browser.post(f"{PATH}/005000000000001/remove", token).status == 404
    assert factors_of(dana) == ["totp"]


def test_no_more_than_ten_factors(dana: Person) -> None:
    for _ in range(10):
        with_app(dana)
    with dana.database.transaction() as tx, pytest.raises(Refused, match="limit_reached"):
        begin_app(tx, actor_of(dana))


def test_browsers_that_count_as_ones_own_are_listed_and_forgotten(dana: Person) -> None:
    sets_up(dana)
    page = dana.browser.open(PATH)
    assert "this browser" in page.text
    dana.browser.submit(page, "forget-form")
    with dana.database.snapshot() as tx:
        assert verifications.browsers_of(tx, dana.tenant.org.id, dana.user.id) == []
    assert events(dana)[-1].event == Event.BROWSERS_DEACTIVATED


def place_of(dana: Person) -> Place:
    value = dana.browser.cookies["__Host-gb_browser"]
    return Place("192.0.2.10", "Browser/1", "", browsers.Browser(value, is_new=False, session_value=None).digest)


def test_a_live_session_is_raised_by_a_factor_and_has_a_new_value(dana: Person) -> None:
    """As where an app wants more than the session began with: the page at /signin/verify without a sign-in that waits."""
    app = sets_up(dana)
    lowered(dana)
    page = dana.browser.open("/signin/verify?then=security")
    assert 'id="verify"' in page.text
    before = dana.session()
    assert types(dana, page, app.wrong()).status == 400
    low = session_of(dana)
    assert low is not None
    assert (low.level, dana.session()) == (Level.STANDARD, before)  # X-SE-07: a step-up that failed raised nothing
    assert types(dana, page, app.code()).url.endswith(PATH)
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.id) == (Level.HIGH, ("pwd", "otp"), low.id)
    assert dana.session() not in (None, before)


def lowered(dana: Person) -> None:
    """Make the session one that began with the password alone."""
    with dana.database.transaction() as tx:
        table = sessions.sessions
        which = sa.update(table).where(table.c.user_id == dana.user.id)
        tx.connection.execute(which.values(level=Level.STANDARD.value, methods="pwd", activated=False))


def test_a_step_up_of_a_session_that_was_ended_meanwhile_raises_nothing(dana: Person) -> None:
    app = sets_up(dana)
    lowered(dana)
    org = org_now(dana)
    with dana.database.transaction() as tx:
        found = live.current(tx, org, dana.session())
        assert found is not None
        live.end(tx, org.id, found.session.id, "for the test")
        assert not isinstance(step_up.step_up(tx, org, found, Code(Secret(app.later())), place_of(dana)), Begun)
