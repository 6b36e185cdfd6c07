"""The second step of a sign-in: no session before it, one answer to whoever fails it, and nothing that works twice."""

import re
from dataclasses import replace

import pytest
from tests.oauth.tenants import Tenant
from tests.signin.people import ELSEWHERE, PASSWORD, Person, make_person, statements
from tests.signin.second_factors import App, at_second_step, session_of, settings, step_in, types, with_app

from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.setup.manage_users import SetPassword, set_password
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import profiles

OPERATION = re.compile(r"0Ya[0-9A-Za-z]{15}")


@pytest.fixture
def app(dana: Person) -> App:
    return with_app(dana)


def test_password_and_code_begin_a_session_at_high_assurance(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    assert dana.session() is None
    assert dana.live_sessions() == 0
    assert types(dana, page, app.code()).url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.HIGH, ("pwd", "otp"), True)


def test_the_history_tells_both_steps(dana: Person, app: App) -> None:
    types(dana, at_second_step(dana), app.code())
    told = [(line.outcome, line.reason, line.auth_method) for line in dana.tenant.history() if line.event == "sign_in"]
    assert told == [("refused", "second_step_due", "password"), ("success", None, "password+totp")]


def test_the_password_alone_opens_nothing(dana: Person, app: App) -> None:
    at_second_step(dana)
    assert not dana.is_signed_in()
    assert dana.browser.step("GET", "/me").headers["location"].startswith("/signin")


@pytest.mark.parametrize("around", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(dana: Person, app: App, around: int) -> None:
    assert types(dana, at_second_step(dana), app.code(around)).url.endswith("/me")


@pytest.mark.parametrize("around", [-2, 2])
def test_X_SE_10_a_clock_may_not_be_two_steps_off(dana: Person, app: App, around: int) -> None:
    assert types(dana, at_second_step(dana), app.code(around)).status == 400
    assert dana.tenant.last_cause() == "second_code_wrong"


def test_X_SE_10_a_code_is_taken_once_also_within_its_window(dana: Person, app: App) -> None:
    code = app.code()
    types(dana, at_second_step(dana), code)
    other = dana.another_browser()
    page = at_second_step(dana, other)
    assert types(dana, page, code, other).status == 400
    assert dana.tenant.last_cause() == "second_code_used"
    assert not dana.is_signed_in(other)
    # Nor does the one before it, which would still be in the window.
    assert types(dana, page, app.code(-1), other).status == 400
    assert types(dana, page, app.later(), other).url.endswith("/me")


@pytest.mark.parametrize("spoilt", [" {}", "{} ", "{}\n", "+{}", "0{}", "{}0"])
def test_X_SE_10_a_code_is_six_digits_and_nothing_is_trimmed(dana: Person, app: App, spoilt: str) -> None:
    assert types(dana, at_second_step(dana), spoilt.format(app.code())).status == 400
    assert dana.tenant.last_cause() == "second_code_wrong"


def test_X_SE_10_digits_of_another_script_are_no_digits(dana: Person, app: App) -> None:
    arabic = app.code().translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
    assert types(dana, at_second_step(dana), arabic).status == 400


def test_X_SE_10_X_BF_05_tries_are_counted_over_passwords_and_codes_together(dana: Person, app: App) -> None:
    dana.wrong(5)
    page = at_second_step(dana)
    for _ in range(5):
        assert types(dana, page, app.wrong()).status == 400
    assert types(dana, page, app.code()).status == 400  # the right one, too late
    assert dana.tenant.last_cause() == "user_locked"
    assert dana.signs_in() is reasons.USER_LOCKED


def test_X_SE_10_knowing_the_password_does_not_wipe_out_the_codes_that_were_guessed(dana: Person, app: App) -> None:
    for _ in range(10):
        assert types(dana, at_second_step(dana), app.wrong()).status == 400
    assert dana.signs_in() is reasons.USER_LOCKED


def test_a_sign_in_that_went_through_clears_the_count(dana: Person, app: App) -> None:
    for _ in range(9):
        types(dana, at_second_step(dana), app.wrong())
    assert types(dana, at_second_step(dana), app.code()).url.endswith("/me")
    other = dana.another_browser(ELSEWHERE)
    page = at_second_step(dana, other)
    assert types(dana, page, app.wrong(), other).status == 400
    assert dana.tenant.last_cause() == "second_code_wrong"


def test_a_recovery_code_works_once_however_it_is_typed_and_the_user_is_told(dana: Person, app: App) -> None:
    code = app.recovery_codes[3]
    assert types(dana, at_second_step(dana), f" {code.upper().replace('-', ' ')} ").url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods) == (Level.HIGH, ("pwd", "otp"))
    assert "recovery code was used" in dana.mails()[-1]["subject"]
    other = dana.another_browser()
    assert types(dana, at_second_step(dana, other), code, other).status == 400
    assert dana.tenant.last_cause() == "second_code_wrong"
    assert types(dana, at_second_step(dana, other), app.recovery_codes[4], other).url.endswith("/me")


def test_a_recovery_code_is_of_its_user(acme: Tenant, app: App) -> None:
    sam = make_person(acme, "sam")
    with_app(sam)
    assert types(sam, at_second_step(sam), app.recovery_codes[0]).status == 400


def test_a_right_code_during_a_lock_is_not_used_up(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    for _ in range(10):
        types(dana, page, app.wrong())
    assert types(dana, page, app.recovery_codes[0]).status == 400
    dana.tenant.standing.clock.advance(minutes=16)
    assert types(dana, at_second_step(dana), app.recovery_codes[0]).url.endswith("/me")


def test_X_SE_03_what_waits_belongs_to_one_browser(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    other = dana.another_browser()
    other.open("/signin")
    found = other.open(f"/signin/verify?step={step_in(page.url)}")
    assert found.status == 400
    assert 'data-reason="interaction_unknown"' in found.text
    token = other.open("/signin").forms["signin"].fields["form_token"]
    sent = other.post("/signin/verify", {"form_token": token, "step": step_in(page.url), "code": app.code()})
    assert sent.status == 400
    assert other.cookies.get("__Host-gb_session") is None


def test_what_waits_is_done_once(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    types(dana, page, app.code())
    again = types(dana, page, app.later())
    assert again.status == 400
    assert 'data-reason="interaction_finished"' in again.text
    assert dana.live_sessions() == 1


def test_what_waits_runs_out(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    dana.tenant.standing.clock.advance(minutes=15)
    assert 'data-reason="interaction_unknown"' in types(dana, page, app.code()).text
    assert dana.session() is None


def test_X_SE_09_a_password_that_was_changed_meanwhile_ends_the_wait(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    with dana.database.transaction() as tx:
        set_password(tx, dana.tenant.admin, SetPassword(dana.user.id, dana.tenant.standing.house.hasher.hash("another one")))
    assert types(dana, page, app.code()).status == 400
    assert dana.session() is None


def test_whoever_is_frozen_between_the_steps_is_let_in_by_no_code(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    with dana.database.transaction() as tx:
        freeze_user(tx, dana.tenant.admin, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    assert types(dana, page, app.code()).status == 400
    assert dana.tenant.last_cause() == "sign_in_frozen"
    assert dana.live_sessions() == 0


def test_outside_the_login_hours_nobody_comes_in_by_either_step(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    with dana.database.transaction() as tx:
        another_day = OpenHours((tx.now.weekday() + 3) % 7, 0, 60)
        assert profiles.update(tx, replace(dana.tenant.profile, login_hours=(another_day,)))
    assert types(dana, page, app.code()).status == 400
    assert dana.tenant.last_cause() == "sign_in_outside_hours"
    assert dana.signs_in() is reasons.SIGN_IN_OUTSIDE_HOURS
    assert "not right, or this user cannot sign in now" in dana.submits().text
    assert dana.live_sessions() == 0


def failures(dana: Person, app: App) -> dict[str, str]:
    """What may be typed wrongly, by what is wrong with it."""
    used = app.code()
    other = dana.another_browser()
    types(dana, at_second_step(dana, other), used, other)
    return {"wrong": app.wrong(), "used": used, "no code at all": "xyz", "no recovery code": "0000-0000-0000-0000", "blank": f" {used}"}


def test_X_BF_01_every_refusal_of_a_code_is_the_same_page(dana: Person, app: App) -> None:
    told = set()
    page = at_second_step(dana)
    for typed in failures(dana, app).values():
        told.add(OPERATION.sub("", types(dana, page, typed).text))
    for _ in range(6):
        types(dana, page, app.wrong())
    told.add(OPERATION.sub("", types(dana, page, app.later()).text))
    assert dana.tenant.last_cause() == "user_locked"
    assert len(told) == 1


def test_X_BF_02_every_refusal_of_a_code_is_the_same_work(dana: Person, app: App) -> None:
    page = at_second_step(dana)
    counts = {}
    for name, typed in failures(dana, app).items():
        with statements(dana.database) as seen:
            assert types(dana, page, typed).status == 400
        counts[name] = len(seen)
    assert len(set(counts.values())) == 1, counts


def test_X_SE_01_the_session_that_the_browser_held_before_is_dead(acme: Tenant, dana: Person, app: App) -> None:
    sam = make_person(acme, "sam")
    form, page = dana.browser.open("/signin"), at_second_step(dana)
    types(dana, page, app.code())
    held = dana.session()
    dana.browser.submit(form, "signin", username=sam.username, password=PASSWORD)
    assert dana.session() not in (None, held)
    assert dana.live_sessions() == 0


def test_a_user_without_a_factor_and_without_a_policy_signs_in_as_before(dana: Person) -> None:
    settings(dana)
    assert dana.submits().url.endswith("/me")
    session = session_of(dana)
    assert session is not None
    assert (session.level, session.methods, session.activated) == (Level.STANDARD, ("pwd",), False)


def test_who_may_use_nothing_but_apis_signs_in_at_no_browser(dana: Person) -> None:
    with dana.database.transaction() as tx:
        assert profiles.update(tx, replace(dana.tenant.profile, permissions=dana.tenant.profile.permissions | {Permission.API_ONLY}))
    assert dana.signs_in() is reasons.SIGN_IN_API_ONLY
    assert "not right, or this user cannot sign in now" in dana.submits().text
    assert dana.live_sessions() == 0


def test_a_policy_that_blocks_lets_nobody_in_without_a_factor_and_sets_none_up(dana: Person) -> None:
    with dana.database.transaction() as tx:
        blocking = Requirement(Level.HIGH, LevelAction.BLOCK)
        assert profiles.update(tx, replace(dana.tenant.profile, requirement=blocking))
    assert dana.signs_in() is reasons.SIGN_IN_LEVEL_BLOCKED
    assert "not right, or this user cannot sign in now" in dana.submits().text
    assert dana.live_sessions() == 0


def test_a_policy_that_blocks_asks_whoever_has_a_factor_for_it(dana: Person, app: App) -> None:
    with dana.database.transaction() as tx:
        blocking = Requirement(Level.HIGH, LevelAction.BLOCK)
        assert profiles.update(tx, replace(dana.tenant.profile, requirement=blocking))
    page = at_second_step(dana)
    assert types(dana, page, app.code()).status == 200
    assert dana.live_sessions() == 1
