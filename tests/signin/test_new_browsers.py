"""Browsers that the user has not used before: a mailed code activates one, and a first factor is set up at an activated one only."""

from ipaddress import ip_address

from tests.oauth.door import OFFICE
from tests.signin.people import ELSEWHERE, PASSWORD, Person
from tests.signin.second_factors import (
    HIGH,
    App,
    at_second_step,
    factors_of,
    mailed_code,
    secret_on,
    session_of,
    settings,
    types,
    with_app,
)

from gatebridge.rules.levels import Level
from gatebridge.rules.network import Range
from gatebridge.rules.reasons import sign_in as reasons


def test_a_new_browser_is_verified_by_a_mailed_code_and_then_counts_as_the_users(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    assert 'id="verify-mail"' in page.text
    assert dana.user.email not in page.text  # whoever knows only the password learns no address
    assert dana.session() is None
    assert types(dana, page, mailed_code(dana)).url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.STANDARD, ("pwd",), True)
    token = dana.browser.open("/me").forms["signout"]
    dana.browser.post(token.action, token.fields)
    assert dana.submits(PASSWORD).url.endswith("/me")  # no second mail in this browser
    session = session_of(dana)
    assert session is not None
    assert session.activated
    assert len(dana.mails()) == 1


def test_another_browser_is_new_again(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    types(dana, at_second_step(dana), mailed_code(dana))
    other = dana.another_browser()
    assert 'id="verify-mail"' in at_second_step(dana, other).text
    assert len(dana.mails()) == 2


def test_X_SE_09_a_mailed_code_works_once_in_its_own_sign_in(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    code = mailed_code(dana)
    other = dana.another_browser()
    elsewhere = at_second_step(dana, other)
    assert types(dana, elsewhere, code, other).status == 400  # it is of the first sign-in
    assert dana.tenant.last_cause() == "mailed_code_wrong"
    types(dana, page, code)
    assert types(dana, page, code).status == 400
    assert dana.live_sessions() == 1


def test_ranges_that_only_waive_ask_nobody_inside_and_everybody_outside(dana: Person) -> None:
    inside = (Range(ip_address(OFFICE), ip_address(OFFICE)),)
    settings(dana, verify_new_browsers=True, trusted_ranges=inside, trusted_ranges_only_waive=True)
    assert dana.submits().url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert not session.activated  # nothing was shown that would make the browser the user's
    assert 'id="verify-mail"' in at_second_step(dana, dana.another_browser(ELSEWHERE)).text
    assert len(dana.mails()) == 1


def test_a_new_code_kills_the_one_before_and_three_mails_are_enough(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    first = mailed_code(dana)
    page = dana.browser.submit(page, "mail-again")
    assert "sent=again" in page.url
    assert types(dana, page, first).status == 400
    dana.browser.submit(page, "mail-again")
    page = dana.browser.submit(page, "mail-again")
    assert "sent=enough" in page.url
    assert len(dana.mails()) == 3
    assert types(dana, page, mailed_code(dana)).url.endswith("/me")


def test_X_SE_10_a_mailed_code_has_five_tries_and_all_are_counted_with_the_passwords(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    code = mailed_code(dana)
    wrong = "00000000" if code != "00000000" else "11111111"
    for typed in (wrong, f" {code}", code[:6], "", code + "0", wrong):
        assert types(dana, page, typed).status == 400
    assert types(dana, page, code).status == 400  # right, and used up by wrong ones
    page = dana.browser.submit(page, "mail-again")
    for _ in range(4):
        types(dana, page, wrong)
    assert dana.signs_in() is reasons.USER_LOCKED


def test_the_code_is_nowhere_but_in_the_mail(dana: Person) -> None:
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    code = mailed_code(dana)
    assert code not in page.text
    assert code not in str(dana.tenant.history())
    assert code not in dana.mails()[-1]["subject"]


def test_a_second_factor_activates_the_browser_too(dana: Person) -> None:
    app = with_app(dana)
    settings(dana, verify_new_browsers=True)
    page = at_second_step(dana)
    assert 'id="verify"' in page.text
    types(dana, page, app.code())
    session = session_of(dana)
    assert session is not None
    assert session.activated
    assert not [mail for mail in dana.mails() if "code for signing in" in mail["subject"]]


def test_where_a_policy_wants_a_factor_the_first_sign_in_sets_one_up(dana: Person) -> None:
    settings(dana, requirement=HIGH)
    page = types(dana, at_second_step(dana), mailed_code(dana))
    assert 'id="enrol"' in page.text
    assert dana.session() is None
    page = dana.browser.submit(page, "app-begin")
    assert "<svg viewBox=" in page.text
    app = App(dana, secret_on(page))
    again = dana.browser.submit(page, "app-confirm", code=app.wrong())
    assert again.status == 400
    assert secret_on(again) == app.secret  # not confirmed yet, so it may be shown again
    assert factors_of(dana) == []
    assert dana.session() is None
    kept = dana.browser.submit(again, "app-confirm", code=app.code())
    assert kept.text.count("<li><code>") == 10
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.HIGH, ("pwd", "otp"), True)
    assert factors_of(dana) == ["totp"]
    assert "second factor was added" in " ".join(mail["subject"] for mail in dana.mails())
    other = dana.another_browser()
    assert types(dana, at_second_step(dana, other), app.later(), other).url.endswith("/me")


def test_whoever_knows_the_password_alone_sets_up_no_factor_in_the_users_place(dana: Person) -> None:
    settings(dana, requirement=HIGH)
    page = at_second_step(dana)
    assert 'id="verify-mail"' in page.text
    step = page.forms["code-form"].fields
    for path in ("/signin/enrol/app", "/signin/enrol/app/confirm", "/signin/enrol/passkey"):
        assert dana.browser.post(path, step | {"code": "123456"}).status == 400
    assert 'data-reason="interaction_unknown"' in dana.browser.open(f"/signin/enrol?step={step['step']}").text
    assert factors_of(dana) == []


def test_a_code_that_confirmed_an_app_is_not_taken_again(dana: Person) -> None:
    settings(dana, requirement=HIGH)
    page = types(dana, at_second_step(dana), mailed_code(dana))
    page = dana.browser.submit(page, "app-begin")
    app = App(dana, secret_on(page))
    code = app.code()
    dana.browser.submit(page, "app-confirm", code=code)
    other = dana.another_browser()
    assert types(dana, at_second_step(dana, other), code, other).status == 400
    assert dana.tenant.last_cause() == "second_code_used"
