"""The web server flow as people live through it: sign in, be asked, decide, and be back at the app."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.oauth.flows.portal import CALLBACK, make_portal
from tests.oauth.flows.visits import CONSENT, SIGN_IN, STATE, Asking, approve, chooser, deny, enrol, go_back, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.crypto import secrets
from gatebridge.oauth import waiting
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.lockouts import Limit
from gatebridge.rules.people import User
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import approvals, codes, permission_sets


def pre_authorized(acme: Tenant) -> tuple[Asking, User]:
    """An app that an admin has approved for its users, and one of them."""
    ada = enrol(acme, "ada.of.sales")
    with acme.standing.database.transaction() as tx:
        permission_sets.assign(tx, acme.org.id, ada.id, acme.approved.id, None)
    return Asking(make_portal(acme, "Sales Portal")), ada


def claims_of(id_token: str) -> dict[str, object]:
    payload = id_token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_a_user_signs_in_approves_and_the_app_gets_a_code_that_buys_tokens(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.browser()
    page = browser.open(app.url())
    assert "Photo Printer" in page.text
    page = sign_in(browser, page, ben)
    assert 'data-scope="api"' in page.text
    answer = app.arrived(approve(browser, page))
    assert answer["state"] == STATE
    tokens = app.portal.redeem(answer["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]
    line = acme.history()[-2]
    assert (line.event, line.outcome, line.flow, line.user_id, line.app_id) == (
        "authorize",
        "success",
        "web_server",
        ben.id,
        app.portal.app.id,
    )
    assert line.scopes_given == "refresh_token api openid id"


def test_a_user_who_says_no_is_sent_back_with_no_and_is_asked_again_next_time(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    answer = app.arrived(deny(browser, browser.open(app.url())))
    assert (answer["error"], answer["state"]) == ("access_denied", STATE)
    assert "code" not in answer
    assert acme.history()[-1].reason == "consent_denied"
    assert acme.history()[-1].user_id == ben.id
    assert "consent" in browser.open(app.url()).forms


def test_std_AZ_26_AZ_27_a_pre_authorized_user_is_not_asked_and_still_signs_in(acme: Tenant) -> None:
    app, ada = pre_authorized(acme)
    browser = app.browser()
    page = browser.open(app.url())
    assert "signin" in page.forms
    answer = app.arrived(sign_in(browser, page, ada))
    assert app.portal.redeem(answer["code"]).status_code == 200
    assert app.arrived(browser.open(app.url()))["code"] != answer["code"]  # the session lives: not even that is asked now
    ben = enrol(acme, "ben")
    browser = app.browser()
    page = app.refused(sign_in(browser, browser.open(app.url()), ben), "user_not_approved")
    assert "ask-access" in page.forms
    answer = app.arrived(go_back(browser, page))
    assert (answer["error"], answer["state"]) == ("access_denied", STATE)
    assert "user_not_approved" in answer["error_uri"]
    assert acme.history()[-1].reason == "user_not_approved"
    assert app.arrived(browser.open(app.url(prompt="none")))["error"] == "access_denied"  # where nothing may be shown, nothing is


def test_prompt_consent_asks_a_pre_authorized_user_too_and_remembers_nothing_of_it(acme: Tenant) -> None:
    app, ada = pre_authorized(acme)
    browser = app.signed_in(ada)
    page = browser.open(app.url(prompt="consent"))
    assert "consent" in page.forms
    assert app.arrived(approve(browser, page))["code"]
    assert "consent" in browser.open(app.url(prompt="consent")).forms


def test_what_was_approved_before_is_not_asked_again(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url()))
    assert app.arrived(browser.open(app.url()))["code"]
    assert app.arrived(browser.open(app.url(prompt="none")))["code"]
    assert "consent" in browser.open(app.url(prompt="consent")).forms


def test_X_CO_04_memory_ends_where_the_app_asks_for_more_or_for_another_place_or_another_user_comes(acme: Tenant) -> None:
    other = "https://portal.example/other"
    app, ben, cleo = chooser(acme, callbacks=(CALLBACK, other), scopes=("api", "id", "openid", "refresh_token", "web")), *_two(acme)
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url(scope="openid api")))
    assert app.arrived(browser.open(app.url(scope="openid api")))["code"]
    assert app.arrived(browser.open(app.url(scope="api")))["code"]  # less is within what was said
    assert "consent" in browser.open(app.url(scope="openid api web")).forms
    assert "consent" in browser.open(app.url(scope="openid api", redirect_uri=other)).forms
    assert "consent" in browser.open(app.url()).forms  # everything that the app has is more, too
    assert "consent" in app.signed_in(cleo).open(app.url(scope="openid api")).forms


def _two(acme: Tenant) -> tuple[User, User]:
    return enrol(acme, "ben"), enrol(acme, "cleo")


def test_X_CO_04_an_app_whose_scopes_were_widened_asks_again(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=("api", "refresh_token")), enrol(acme, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url()))
    app.portal.settings(scopes=("api", "refresh_token", "web"))
    page = browser.open(app.url())
    assert 'data-scope="web"' in page.text


def test_X_CO_04_std_AZ_27_a_public_app_known_by_nothing_but_a_loopback_address_asks_each_time(acme: Tenant) -> None:
    from tests.oauth.flows.portal import PUBLIC

    app = chooser(acme, native=True, auth_methods=PUBLIC, callbacks=("http://127.0.0.1/done",))
    ben = enrol(acme, "ben")
    browser = app.signed_in(ben)
    for port in (52_001, 52_002):
        page = browser.open(app.url(scope="api", redirect_uri=f"http://127.0.0.1:{port}/done"))
        assert 'data-warning="loopback"' in page.text
        page = approve(browser, page)
        assert (page.went_to or "").startswith(f"http://127.0.0.1:{port}/done?code=")
    # Nor is the yes kept for a day on which the app proves itself: it was given to whoever listened there.
    with acme.standing.database.snapshot() as tx:
        assert approvals.list_of_user(tx, acme.org.id, ben.id) == []


def test_std_AZ_36_two_tabs_each_get_their_own_answer(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.browser()
    first, second = browser.open(app.url(state="first")), browser.open(app.url(state="second"))
    page = sign_in(browser, second, ben)
    assert app.arrived(approve(browser, page))["state"] == "second"
    page = sign_in(browser, first, ben)
    assert app.arrived(page)["state"] == "first"


def test_std_AZ_37_going_back_and_pressing_once_more_gives_no_second_code(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    approve(browser, page)
    for again in (approve(browser, page), deny(browser, page), browser.open(page.url)):
        app.refused(again, "interaction_finished")
    assert [line.outcome for line in acme.history() if line.event == "authorize"] == ["success"]


def test_std_AZ_37_X_CO_03_pressing_twice_at_the_same_moment_gives_one_code(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    for _ in range(5):
        page = browser.open(app.url(prompt="consent"))
        with ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(lambda page: approve(browser, page), [page] * 8))
        assert sorted(each.status for each in pages) == [303, *[400] * 7]
        assert all('data-reason="interaction_finished"' in each.text for each in pages if each.status == 400)


def test_X_CO_03_a_decision_counts_for_the_question_that_was_asked_and_for_no_other(acme: Tenant) -> None:
    app, ben = chooser(acme, scopes=("api", "refresh_token")), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    app.portal.settings(scopes=("api", "refresh_token", "web"))  # while the user reads
    again = approve(browser, page)
    assert 'data-scope="web"' in again.text
    assert app.arrived(approve(browser, again))["code"]

    page = browser.open(app.url(state="edited", prompt="consent"))
    edited = page.forms["consent"].fields | {"decision": "approve", "scope": "full", "redirect_uri": "https://evil.example/"}
    answer = app.arrived(browser.post(CONSENT, edited, policy=page.directives["form-action"]))
    assert app.portal.redeem(answer["code"]).json()["scope"] == "refresh_token web api"


def test_X_CO_03_a_decision_is_that_of_the_user_who_was_asked(acme: Tenant) -> None:
    app, (ben, cleo) = chooser(acme), _two(acme)
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    sign_in(browser, browser.open(f"{SIGN_IN}?{page.url.partition('?')[2]}"), cleo)  # in another tab
    page = approve(browser, page)
    assert "Cleo Example" in page.text
    app.arrived(approve(browser, page))
    assert acme.history()[-1].user_id == cleo.id


def test_std_AZ_29_a_request_that_waits_is_worth_nothing_in_another_browser(acme: Tenant) -> None:
    app, (ben, cleo) = chooser(acme), _two(acme)
    page = app.signed_in(ben).open(app.url())
    victim = app.signed_in(cleo)
    app.refused(victim.open(page.url), "interaction_unknown")
    form = victim.open(app.url(state="own")).forms["consent"]
    stolen = form.fields | {"interaction": page.forms["consent"].fields["interaction"], "decision": "approve"}
    app.refused(victim.post(CONSENT, stolen), "interaction_unknown")
    app.refused(victim.open(f"{CONSENT}?interaction="), "interaction_unknown")


def test_X_RL_15_one_network_leaves_only_so_many_requests_behind_before_anybody_signs_in(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, known = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(known)
    monkeypatch.setattr(waiting, "OF_STRANGERS", Limit(2))
    assert ["signin" in app.browser().open(app.url()).forms for _ in range(2)] == [True, True]
    stopped = app.browser().open(app.url())
    assert (stopped.status, stopped.headers["retry-after"], stopped.went_to) == (429, "60", None)
    assert "rate_exceeded" in stopped.text
    assert "consent" in browser.open(app.url()).forms  # who has signed in is no stranger
    assert "signin" in app.browser("198.51.100.7").open(app.url()).forms
    acme.standing.clock.advance(minutes=16)
    assert "signin" in app.browser().open(app.url()).forms


def test_a_request_waits_for_an_hour(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.browser()
    early, late = browser.open(app.url()), browser.open(app.url())
    acme.standing.clock.advance(minutes=59)
    assert "consent" in sign_in(browser, early, ben).forms
    acme.standing.clock.advance(minutes=2)
    app.refused(browser.open(late.url), "interaction_unknown")
    interaction = late.forms["signin"].fields["interaction"]
    app.refused(browser.open(f"{CONSENT}?interaction={interaction}"), "interaction_unknown")


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_std_AZ_19_prompt_login_asks_once_for_the_password_although_a_session_lives(acme: Tenant, prompt: str) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    acme.standing.clock.advance(minutes=5)
    page = browser.open(app.url(prompt=prompt, nonce="n"))
    assert "signin" in page.forms
    interaction = page.forms["signin"].fields["interaction"]
    skipped = browser.open(f"{CONSENT}?interaction={interaction}")
    assert "signin" in skipped.forms  # nobody goes round it
    page = sign_in(browser, page, ben)
    assert "consent" in page.forms
    tokens = app.portal.redeem(app.arrived(approve(browser, page))["code"]).json()
    assert claims_of(tokens["id_token"])["nonce"] == "n"


@pytest.mark.parametrize(("max_age", "asked"), [("0", True), ("100", True), ("10000", False), (None, False)])
def test_std_AZ_20_X_SE_07_max_age_counts_from_the_last_sign_in(acme: Tenant, max_age: str | None, asked: bool) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    signed_in_at = int(acme.standing.clock.now.timestamp())
    acme.standing.clock.advance(seconds=101)
    page = browser.open(app.url(max_age=max_age))
    assert ("signin" in page.forms) is asked
    if asked:
        page = sign_in(browser, page, ben)
        signed_in_at = int(acme.standing.clock.now.timestamp())
    claims = claims_of(app.portal.redeem(app.arrived(approve(browser, page))["code"]).json()["id_token"])
    assert claims.get("auth_time", signed_in_at) == signed_in_at
    assert "auth_time" in claims or max_age is None


def test_X_SE_07_who_cancels_instead_of_signing_in_anew_is_sent_back_with_no(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url()))
    acme.standing.clock.advance(seconds=1)
    page = browser.open(app.url(prompt="login"))
    assert app.arrived(browser.submit(page, "give-up", decision="deny"))["error"] == "access_denied"
    page = browser.open(app.url(prompt="login"))
    form = page.forms["signin"].fields
    forced = {"form_token": form["form_token"], "interaction": form["interaction"], "decision": "approve", "question": "0" * 64}
    assert "signin" in browser.post(CONSENT, forced).forms


def test_who_must_sign_in_anew_is_not_judged_by_who_is_signed_in(acme: Tenant) -> None:
    app, ada = pre_authorized(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    page = browser.open(app.url(prompt="select_account"))
    assert "signin" in page.forms
    assert app.arrived(sign_in(browser, page, ada))["code"]


@pytest.mark.parametrize("mode", [None, "form_post"])
def test_std_AZ_18_prompt_none_shows_no_page(acme: Tenant, mode: str | None) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")

    def told(page: object) -> str:
        from tests.oauth.browser import Page

        assert isinstance(page, Page)
        return page.forms["reply"].fields["error"] if mode else app.arrived(page)["error"]

    browser = app.browser()
    assert told(browser.open(app.url(prompt="none", response_mode=mode))) == "login_required"
    browser = app.signed_in(ben)
    assert told(browser.open(app.url(prompt="none", response_mode=mode))) == "consent_required"
    approve(browser, browser.open(app.url()))
    acme.standing.clock.advance(seconds=10)
    assert told(browser.open(app.url(prompt="none", max_age="5", response_mode=mode))) == "login_required"
    assert told(browser.open(app.url(prompt="none", max_age="0", response_mode=mode))) == "login_required"
    assert app.arrived(browser.open(app.url(prompt="none", max_age="3600")))["code"]


def test_std_AZ_22_a_hint_about_somebody_else_is_login_required(acme: Tenant) -> None:
    app, (ben, cleo) = chooser(acme), _two(acme)
    hints = {}
    for user in (ben, cleo):
        browser = app.signed_in(user)
        hints[user.id] = app.portal.redeem(app.arrived(approve(browser, browser.open(app.url())))["code"]).json()["id_token"]
    acme.standing.clock.advance(minutes=30)  # both have run out by now, which is what hints are for
    assert app.arrived(browser.open(app.url(prompt="none", id_token_hint=hints[cleo.id])))["code"]
    assert app.arrived(browser.open(app.url(prompt="none", id_token_hint=hints[ben.id])))["error"] == "login_required"
    assert app.arrived(browser.open(app.url(prompt="none", id_token_hint="no.token.atall")))["error"] == "login_required"
    assert app.arrived(browser.open(app.url(id_token_hint="whatever")))["code"]


def test_login_hint_is_filled_in_and_never_an_error(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    page = app.browser().open(app.url(login_hint=ben.username))
    assert page.forms["signin"].fields["username"] == ben.username
    page = app.browser().open(app.url(login_hint='"><script>alert(1)</script>'))
    assert "<script>" not in page.text


def test_what_changes_between_the_question_and_the_answer_counts(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    _change(acme, lambda tx: block_app(tx, acme.admin, BlockApp(app.portal.app.id, "Seen on a bad list.")))
    app.refused(approve(browser, page), "app_blocked")

    app = chooser(acme, "Other Printer")
    page = browser.open(app.url())
    _change(acme, lambda tx: freeze_user(tx, acme.admin, FreezeUser(ben.id, "Left the company.")))
    assert "signin" in approve(browser, page).forms  # the session ended with the freeze


def test_an_app_for_admin_approved_users_only_takes_no_users_own_word(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    app.portal.policies(permitted_users=PermittedUsers.ADMIN_APPROVED)
    page = app.refused(approve(browser, page), "user_not_approved")
    assert app.arrived(go_back(browser, page))["error"] == "access_denied"


def test_X_AC_10_a_code_lives_for_sixty_seconds(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    code = app.arrived(approve(browser, browser.open(app.url())))["code"]
    acme.standing.clock.advance(seconds=59)
    assert app.portal.redeem(code).status_code == 200
    code = app.arrived(browser.open(app.url()))["code"]
    acme.standing.clock.advance(seconds=61)
    late = app.portal.redeem(code)
    assert (late.status_code, acme.true_cause(late)) == (400, "code_expired")
    app.portal.policies(authorization_code_seconds=300)
    code = app.arrived(browser.open(app.url()))["code"]
    acme.standing.clock.advance(seconds=299)
    assert app.portal.redeem(code).status_code == 200


def test_std_AZ_33_a_code_is_stored_by_its_digest_with_all_that_it_is_bound_to(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    code = app.arrived(approve(browser, browser.open(app.url(nonce="a nonce", scope="openid id"))))["code"]
    assert len(code) == 53
    with acme.standing.database.snapshot() as tx:
        kept = codes.by_digest(tx, acme.org.id, secrets.digest(code))
    assert kept is not None
    assert kept.expires_at - kept.issued_at == timedelta(seconds=60)
    other = chooser(acme, "Other Printer")
    assert acme.true_cause(other.portal.redeem(code)) == "code_of_other_app"
    elsewhere = app.portal.redeem(code, redirect_uri="https://portal.example/other")
    assert acme.true_cause(elsewhere) == "callback_differs"
    tokens = app.portal.redeem(code).json()
    assert (tokens["scope"], claims_of(tokens["id_token"])["nonce"]) == ("openid id", "a nonce")


def _change(acme: Tenant, act: object) -> None:
    with acme.standing.database.transaction() as tx:
        act(tx)  # type: ignore[operator]
