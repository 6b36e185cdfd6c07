"""RP-initiated logout as people live through it: an app sends its user to sign out, and has the browser back where that is safe."""

import pytest
from tests.oauth.flows.visits import Asking, chooser
from tests.oauth.leaving import BYE, SCOPE, Visit, asked, confirmed, listener, logout_url, refused, visit
from tests.oauth.tenants import Tenant

from gatebridge.oauth.end_session import PATH
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.storage.interactions import interactions

STATE = "s-42/ä+b c=&;%20"


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return listener(acme)


@pytest.fixture
def ben(app: Asking) -> Visit:
    """A user who has signed in to the app."""
    return visit(app)


def last_line(acme: Tenant) -> tuple[str, str, str | None, str, str | None]:
    line = next(line for line in reversed(acme.history()) if line.event == "logout")
    return line.event, line.outcome, line.reason, line.app_id, line.user_id


def test_std_LO_01_LO_02_with_an_id_token_of_this_session_the_user_is_signed_out_at_once_and_sent_back(ben: Visit) -> None:
    page = ben.leave(post_logout_redirect_uri=BYE, state=STATE)
    assert page.answer == {"state": STATE}
    assert page.went_to is not None
    assert page.went_to.startswith(f"{BYE}?state=s-42%2F%C3%A4%2Bb%20c")
    assert "__Host-gb_session" not in ben.browser.cookies
    assert not ben.signed_in
    assert last_line(ben.app.acme) == ("logout", "success", None, ben.app.portal.app.id, ben.user.id)


def test_std_LO_01_a_hint_that_has_run_out_is_as_good(ben: Visit) -> None:
    ben.app.acme.standing.clock.advance(minutes=110)
    assert ben.leave(post_logout_redirect_uri=BYE).went_to == BYE
    assert not ben.signed_in


def test_without_an_address_the_user_stays_on_our_page(ben: Visit) -> None:
    page = ben.leave()
    assert (page.status, page.url) == (200, f"{ben.app.issuer}/signed-out")
    assert not ben.signed_in


def test_std_LO_03_the_registered_query_stays_and_the_state_comes_after_it(ben: Visit) -> None:
    assert ben.leave(post_logout_redirect_uri=f"{BYE}?from=menu", state="x").went_to == f"{BYE}?from=menu&state=x"


def test_std_LO_04_after_it_prompt_none_is_login_required_and_the_old_cookie_is_dead(ben: Visit) -> None:
    kept = dict(ben.browser.cookies)
    ben.leave()
    ben.browser.cookies = kept
    assert not ben.signed_in


def test_std_LO_04_what_the_app_may_do_without_the_user_goes_on(ben: Visit) -> None:
    tokens = ben.app.portal.redeem(ben.app.arrived(ben.browser.open(ben.app.url(scope=SCOPE, prompt="none")))["code"]).json()
    ben.leave()
    assert ben.app.portal.live(tokens["access_token"])


@pytest.mark.parametrize("parameters", [{}, {"state": "x"}, {"ui_locales": "de", "logout_hint": "ben"}], ids=["none", "state", "hints"])
def test_std_LO_02_LO_05_X_RU_13_without_a_hint_the_user_is_asked_and_stays_on_our_page(ben: Visit, parameters: dict[str, str]) -> None:
    page = asked(ben.browser.open(logout_url(**parameters)))
    assert ben.signed_in
    page = confirmed(ben.browser, page)
    assert (page.went_to, page.url) == (None, f"{ben.app.issuer}/signed-out")
    assert not ben.signed_in
    assert last_line(ben.app.acme)[4] == ben.user.id


def test_std_LO_03_with_the_name_of_the_app_alone_the_user_is_asked_and_then_sent_back(ben: Visit) -> None:
    key = ben.app.portal.app.consumer_key
    page = asked(ben.browser.open(logout_url(client_id=key, post_logout_redirect_uri=BYE, state=STATE)))
    assert '<bdi id="app">Photo Printer</bdi>' in page.text
    assert '<span class="mono" id="onward">https://portal.example</span>' in page.text
    assert page.directives["form-action"] == ["'self'", "https://portal.example"]
    page = confirmed(ben.browser, page)
    assert page.answer == {"state": STATE}
    assert not ben.signed_in


def test_who_does_not_want_to_leave_stays(ben: Visit) -> None:
    page = asked(ben.browser.open(PATH))
    assert '<a class="button" id="stay" href="/me">' in page.text
    assert ben.signed_in


def test_std_LO_05_AZ_29_X_SE_02_the_answer_comes_from_our_page_in_this_browser_or_does_not_count(ben: Visit) -> None:
    page = ben.browser.open(PATH)
    form = page.forms["logout"]
    for fields, cross_site in ((form.fields | {"form_token": "0" * 64}, False), (form.fields, True), ({}, False)):
        assert ben.browser.post(form.action, fields, cross_site=cross_site).status == 403
    assert ben.signed_in
    assert ben.browser.step("GET", form.action).status_code == 405


def test_X_CO_02_a_HEAD_signs_nobody_out(ben: Visit) -> None:
    assert ben.browser.step("HEAD", logout_url(id_token_hint=ben.id_token)).status_code == 200
    assert ben.signed_in


def test_std_LO_01_a_POST_does_the_same_although_no_cookie_comes_along(ben: Visit) -> None:
    said = {"id_token_hint": ben.id_token, "post_logout_redirect_uri": BYE, "state": STATE}
    page = ben.browser.post(PATH, said, cross_site=True)
    assert page.answer == {"state": STATE}
    assert not ben.signed_in


def test_a_POST_without_a_hint_is_asked_too_and_its_address_counts_once(ben: Visit) -> None:
    page = asked(ben.browser.post(PATH, {"state": "x"}, cross_site=True))
    assert ben.id_token not in page.url
    again = ben.browser.open(page.url)
    assert 'data-reason="interaction_unknown"' in again.text
    assert not confirmed(ben.browser, page).went_to
    assert not ben.signed_in


def test_a_POST_that_cannot_be_read_is_told_so(ben: Visit) -> None:
    refused(ben.browser.post(PATH, {}, {"Content-Type": "application/json"}), "content_type_wrong")
    sent = ben.browser.step("POST", PATH, {"Content-Type": "application/x-www-form-urlencoded"}, b"state=1&state=2")
    refused(ben.browser.open(sent.headers["location"]), "parameter_repeated")
    refused(ben.browser.open(f"{PATH}?client_id=a&client_id=b"), "parameter_repeated")
    assert ben.signed_in


def test_X_RL_15_what_is_longer_than_anybody_needs_is_not_kept_for_whoever_posts_it(ben: Visit, acme: Tenant) -> None:
    for name in ("client_id", "post_logout_redirect_uri", "state"):
        sent = acme.door.post(acme.org.issuer + PATH, {"id_token_hint": ben.id_token, name: "x" * 60_000})
        assert name in refused(ben.browser.open(sent.headers["location"]), "parameter_malformed").text
    with acme.standing.database.snapshot() as tx:
        kept = tx.connection.execute(interactions.select().where(interactions.c.org_id == acme.org.id)).all()
    assert max(len(str(row.parameters)) for row in kept) < 1_000
    assert ben.leave(post_logout_redirect_uri=BYE, state="x" * 2_048).went_to == f"{BYE}?state={'x' * 2_048}"


def test_std_LO_03_X_RU_13_an_address_that_is_not_registered_to_the_letter_is_not_gone_to(ben: Visit) -> None:
    key = ben.app.portal.app.consumer_key
    for address in (f"{BYE}/", f"{BYE}?a=b", BYE.upper(), ben.app.callback, "https://evil.example/", f"{BYE}#x", f"{BYE}%00"):
        refused(ben.leave(post_logout_redirect_uri=address), "logout_redirect_not_registered")
        refused(ben.leave(id_token_hint=None, client_id=key, post_logout_redirect_uri=address), "logout_redirect_not_registered")
    assert ben.signed_in
    assert last_line(ben.app.acme) == ("logout", "refused", "logout_redirect_not_registered", ben.app.portal.app.id, None)


def test_std_LO_03_an_address_without_an_app_is_not_gone_to(ben: Visit) -> None:
    refused(ben.leave(id_token_hint=None, post_logout_redirect_uri=BYE), "logout_redirect_needs_client")
    refused(ben.leave(id_token_hint=None, client_id="gbk_unknown", post_logout_redirect_uri=BYE), "logout_client_unknown")
    assert ben.signed_in


def test_std_LO_03_X_RU_13_hint_and_client_id_name_one_app(ben: Visit, acme: Tenant) -> None:
    other = chooser(acme, "Poster Press", post_logout_redirect_uris=("https://press.example/bye",)).portal.app.consumer_key
    refused(ben.leave(client_id=other, post_logout_redirect_uri="https://press.example/bye"), "logout_client_differs")
    assert ben.signed_in
    # The addresses of one app do not count for another.
    refused(ben.leave(post_logout_redirect_uri="https://press.example/bye"), "logout_redirect_not_registered")
    assert ben.leave(client_id=ben.app.portal.app.consumer_key, post_logout_redirect_uri=BYE).went_to == BYE


def test_to_an_app_that_is_blocked_nobody_is_sent_and_the_user_may_leave(ben: Visit, acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(ben.app.portal.app.id, "It sends spam."))
    page = refused(ben.leave(post_logout_redirect_uri=BYE), "logout_client_unknown")
    assert confirmed(ben.browser, page).url == f"{acme.org.issuer}/signed-out"


def test_an_app_of_another_org_is_nobody_here(ben: Visit, rival: Tenant) -> None:
    theirs = visit(listener(rival))
    refused(ben.leave(id_token_hint=theirs.id_token, post_logout_redirect_uri=BYE), "logout_hint_invalid")
    refused(ben.leave(id_token_hint=None, client_id=theirs.app.portal.app.consumer_key), "logout_client_unknown")
    assert ben.signed_in


def test_whoever_is_signed_out_already_goes_on_with_a_hint_and_is_shown_the_way_without(ben: Visit) -> None:
    ben.leave()
    assert ben.leave(post_logout_redirect_uri=BYE, state="x").went_to == f"{BYE}?state=x"
    key = ben.app.portal.app.consumer_key
    page = ben.browser.open(logout_url(client_id=key, post_logout_redirect_uri=BYE, state="x"))
    assert (page.status, page.went_to) == (200, None)
    assert f'id="onward" href="{BYE}?state=x"' in page.text
    page = ben.browser.open(PATH)
    assert "Nobody is signed in" in page.text
    assert "onward" not in page.text
    page = refused(ben.leave(id_token_hint="x"), "logout_hint_invalid")
    assert "logout" not in page.forms


def test_pressing_twice_and_in_two_tabs_is_as_good_as_once(ben: Visit) -> None:
    tabs = [ben.browser.open(PATH), ben.browser.open(PATH)]
    for page in tabs:
        assert confirmed(ben.browser, page).url == f"{ben.app.issuer}/signed-out"


def test_what_the_form_says_of_the_app_is_checked_anew(ben: Visit) -> None:
    key = ben.app.portal.app.consumer_key
    page = ben.browser.open(logout_url(client_id=key, post_logout_redirect_uri=BYE))
    ben.app.portal.settings(post_logout_redirect_uris=())
    assert confirmed(ben.browser, page).url == f"{ben.app.issuer}/signed-out"
    assert not ben.signed_in


def test_X_XS_01_the_pages_show_what_is_sent_as_text_and_run_nothing(ben: Visit) -> None:
    key, text = ben.app.portal.app.consumer_key, '"><script>alert(1)</script>'
    for page in (
        ben.browser.open(logout_url(client_id=key, post_logout_redirect_uri=BYE, state=text)),
        ben.browser.open(logout_url(client_id=text, post_logout_redirect_uri=text)),
    ):
        assert "<script" not in page.text
        assert "script-src" not in page.directives
        assert page.directives["frame-ancestors"] == ["'none'"]
        assert page.headers["cache-control"] == "no-store"


def test_std_MD_04_the_metadata_says_where_to_sign_out_and_that_apps_are_told(acme: Tenant) -> None:
    said = acme.door.get(f"{acme.org.issuer}/.well-known/openid-configuration").json()
    assert said["end_session_endpoint"] == acme.org.issuer + PATH
    assert (said["backchannel_logout_supported"], said["backchannel_logout_session_supported"]) == (True, True)
    assert "frontchannel_logout_supported" not in said


def test_nothing_of_the_id_token_is_kept_while_a_POST_waits(ben: Visit) -> None:
    ben.browser.step("POST", PATH, {"Content-Type": "application/x-www-form-urlencoded"}, f"id_token_hint={ben.id_token}".encode())
    with ben.app.acme.standing.database.snapshot() as tx:
        rows = tx.connection.exec_driver_sql("SELECT parameters FROM interactions").fetchall()
    assert rows
    assert not any(ben.id_token.split(".")[2] in str(row) for row in rows)
