"""Runs that wait for a person: who may approve, what comes back to our callback, and what that takes from nobody else."""

import pytest
import sqlalchemy as sa
from tests.api.tries.trial import PASSWORD, PORTAL, Trial, outcome_of, trial
from tests.web.world import ACME, World

from gatebridge.storage import people


def test_the_web_server_flow_waits_for_its_user_and_goes_on_with_the_code(portal: Trial) -> None:
    run = portal.begin("web_server", scopes=["api", "openid"])
    assert [each["step"] for each in run["steps"]] == ["authorization", "token", "userinfo", "introspection"]
    waits = portal.step()
    assert (waits["outcome"], waits["answer"], waits["run"]["state"]) == (None, None, "waiting")
    assert waits["open"].startswith(f"http://{ACME}/services/oauth2/authorize?response_type=code&client_id=")
    assert portal.step()["outcome"] is None, "asking again changes nothing"
    assert outcome_of(portal.go(portal.browser())) == "kept"
    came = portal.step()
    assert (came["outcome"], came["answer"]["body"]["iss"]) == ("success", f"http://{ACME}")
    assert came["answer"]["body"]["code"].startswith("gbc_…")
    assert came["receipt"]["event"] == "authorize"
    token, userinfo, introspection = portal.steps()
    access, identity = token["tokens"]
    assert (access["format"], identity["format"], identity["verified"]) == ("opaque", "jwt", True)
    assert identity["claims"]["aud"] == portal.app["consumer_key"]
    assert "nonce" in identity["claims"]
    assert userinfo["answer"]["body"]["sub"] == identity["claims"]["sub"]
    assert userinfo["request"]["headers"]["Authorization"].startswith("Bearer gba_…")
    assert introspection["outcome"] == "success"
    ended = portal.end()
    assert (ended["tokens"], ended["grants"], portal.alive()) == (1, 1, [])


def test_a_refresh_token_is_got_first_and_then_exchanged(portal: Trial) -> None:
    run = portal.begin("refresh_token", scopes=["api", "refresh_token"])
    assert [each["step"] for each in run["steps"]] == ["authorization", "token", "refresh", "introspection"]
    portal.step()
    portal.go(portal.browser())
    _, token, refresh, _ = portal.steps()
    assert token["answer"]["body"]["refresh_token"].startswith("gbr_…")
    assert (refresh["request"]["body"]["grant_type"], refresh["receipt"]["flow"]) == ("refresh_token", "refresh_token")
    assert portal.run["as_expected"] is True
    assert portal.end()["tokens"] == 2


def test_a_public_app_is_tried_by_its_name_and_pkce_alone(acme: World, name: str) -> None:
    public = trial(acme, name, **PORTAL | {"auth_methods": ["none"], "scopes": ["api", "refresh_token"]})
    run = public.begin("refresh_token")
    assert (run["credential_id"], [each["step"] for each in run["steps"]]) == (None, ["authorization", "token", "refresh"])
    public.step()
    public.go(public.browser())
    *_, refresh = public.steps()
    assert refresh["request"]["body"]["client_id"] == public.app["consumer_key"]
    assert refresh["outcome"] == "success"
    ended = public.end()
    assert (ended["tokens"], ended["grants"], ended["credentials"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("flow", "wrong", "step", "reason"),
    [
        ("web_server", None, "token", "verifier_wrong"),
        ("web_server", "secret", "token", "secret_wrong"),
        ("refresh_token", None, "refresh", "refresh_unknown"),
        ("refresh_token", "scope", "refresh", "scope_exceeds_grant"),
    ],
)
def test_a_flow_with_a_user_is_refused_where_it_is_meant_to_be(portal: Trial, flow: str, wrong: str | None, step: str, reason: str) -> None:
    portal.begin(flow, expect="refusal", wrong=wrong, scopes=["api", "refresh_token"])
    portal.step()
    portal.go(portal.browser())
    *before, last = portal.steps()
    assert {each["outcome"] for each in before} == {"success"}
    assert (last["step"], last["receipt"]["reason"]) == (step, reason)
    assert portal.run["as_expected"] is True
    portal.end()
    assert portal.alive() == []


def test_a_scope_that_does_not_exist_comes_back_as_an_error_without_anybody_signing_in(portal: Trial) -> None:
    portal.begin("web_server", expect="refusal", wrong="scope")
    portal.step()
    assert outcome_of(portal.browser().open(portal.run["open"])) == "kept"
    (came,) = portal.steps()
    assert (came["answer"]["body"]["error"], came["receipt"]["reason"]) == ("invalid_scope", "scope_unknown")
    assert portal.run["as_expected"] is True


def test_only_the_user_for_whom_it_is_tried_can_approve(portal: Trial) -> None:
    acme = portal.world
    eve = acme.add_person("eve_at_the_portal", [])
    hashed = acme.house.hasher.hash(PASSWORD)
    acme.change(lambda tx: people.set_password_hash(tx, acme.org.id, eve.user.id, hashed))
    portal.begin("web_server", scopes=["api"])
    portal.step()
    assert outcome_of(portal.go(portal.browser(), eve)) == "somebody_else"
    assert portal.step()["outcome"] is None, "nothing was kept of it"
    assert outcome_of(portal.go(portal.browser())) == "kept"
    portal.end()
    portal.begin("web_server", scopes=["api"], user=eve.user.username)
    portal.step()
    assert outcome_of(portal.go(portal.browser(), eve)) == "kept"


def test_in_a_run_the_user_is_asked_even_where_an_admin_has_said_yes_for_all(portal: Trial) -> None:
    assigned = portal.world.ask("PUT", f"/apps/{portal.app['id']}/access/{portal.world.admin.user.profile_id}", body={})
    assert assigned.status_code == 200, assigned.text
    portal.edit("policies", permitted_users="admin_approved", confirmed=True)
    browser = portal.browser()
    for _ in range(2):
        portal.begin("web_server", scopes=["api"])
        portal.step()
        page = browser.open(portal.run["open"])
        page = (
            browser.submit(page, "signin", username=portal.world.admin.user.username, password=PASSWORD) if "signin" in page.forms else page
        )
        assert 'id="consent"' in page.text
        assert 'id="trial"' in page.text
        assert outcome_of(browser.submit(page, "consent", decision="deny")) == "kept"
        (came,) = portal.steps()
        assert (came["answer"]["body"]["error"], portal.run["as_expected"]) == ("access_denied", False)


def test_the_callback_counts_for_a_live_run_of_its_app_and_for_nothing_else(portal: Trial, acme: World) -> None:
    other = trial(acme, "another_portal", **PORTAL)
    other.begin("web_server")
    other.step()
    portal.begin("web_server")
    portal.step()
    address, browser = portal.run["open"], portal.browser()
    for changed in (address.replace("state=0TR", "state=0TRx"), address.replace(portal.app["consumer_key"], other.app["consumer_key"])):
        assert 'data-reason="callback_not_registered"' in browser.open(changed).text
    portal.end()
    assert 'data-reason="callback_not_registered"' in browser.open(address).text, "it ended with the run"


@pytest.mark.parametrize("query", ["code=gbc_x&state=x&iss=http%3A%2F%2Facme.test", "state=0TRxxxxxxxxxxxx.y&error=access_denied", "a=b"])
def test_the_callback_says_that_nothing_waits_for_an_answer_that_nobody_asked_for(job: Trial, query: str) -> None:
    page = job.browser().open(f"/setup/try/callback?{query}")
    assert (page.status, outcome_of(page)) == (400, "unknown")


def test_an_answer_from_another_issuer_is_not_taken(portal: Trial) -> None:
    portal.begin("web_server")
    portal.step()
    state = portal.run["open"].partition("state=")[2].partition("&")[0]
    page = portal.browser().open(f"/setup/try/callback?error=access_denied&state={state}&iss=https%3A%2F%2Felsewhere.example")
    assert outcome_of(page) == "unknown"
    assert portal.step()["outcome"] is None
    head = portal.browser().step("HEAD", f"/setup/try/callback?error=access_denied&state={state}&iss=http%3A%2F%2F{ACME}")
    assert (head.status_code, portal.step()["outcome"]) == (200, None), "whoever only looks at links takes no answer away"


def test_an_address_without_an_answer_in_it_is_to_be_copied_by_hand(job: Trial) -> None:
    page = job.browser().open("/setup/try/callback")
    assert (page.status, outcome_of(page)) == (200, "by_hand")


def test_an_ordinary_request_at_the_authorization_endpoint_reads_nothing_of_any_run(portal: Trial) -> None:
    portal.begin("web_server")
    portal.step()
    seen: list[str] = []
    engine, browser = portal.world.database.engine, portal.browser()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        browser.open(portal.run["open"].replace("%2Fsetup%2Ftry%2Fcallback", "%2Felsewhere"))
        assert seen
        assert not any("tries" in statement for statement in seen)
        browser.open(portal.run["open"])
        assert any("tries" in statement for statement in seen)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
