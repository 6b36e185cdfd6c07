"""The device flow and the legacy user-agent flow, tried: both wait for a person, and both give nothing to anybody else."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.api.tries.trial import CALLBACK, PASSWORD, Trial, outcome_of, trial
from tests.oauth.flows.visits import publisher_on
from tests.web.world import ACME, World

from gatebridge.storage import orgs
from gatebridge.storage.device_codes import device_codes

TELEVISION = {"flows": ["device", "refresh_token"], "scopes": ["api", "openid", "refresh_token"]}


@pytest.fixture
def television(acme: World, name: str) -> Trial:
    # Straight into the row: an org at this address could not be saved, since plain http is for one's own machine.
    switched = sa.update(orgs.orgs).where(orgs.orgs.c.id == acme.org.id).values(settings={"device_flow": True, "user_agent_flow": True})
    acme.change(lambda tx: tx.connection.execute(switched))
    return trial(acme, name, **TELEVISION)


def approve_device(television: Trial, waits: dict[str, Any]) -> None:
    """The admin signs in, enters the code that the device shows, and approves; and the five seconds until it asks again are over."""
    browser = television.browser()
    page = browser.open("/signin")
    browser.submit(page, "signin", username=television.world.admin.user.username, password=PASSWORD)
    page = browser.submit(browser.open(waits["open"]), "connect", user_code=waits["user_code"])
    form = page.forms["connect-device"]
    said = publisher_on(page, "connect-device") | {"told": "no", "number": waits["number"], "decision": "approve"}
    page = browser.post(form.action, form.fields | said)
    assert 'data-said="approved"' in page.text, page.text
    television.world.change(lambda tx: tx.connection.execute(sa.update(device_codes).values(polled_at=None)))


def test_a_device_waits_while_its_user_approves_elsewhere(television: Trial) -> None:
    television.begin("device", scopes=["api"])
    codes = television.step()
    assert (codes["step"], codes["outcome"]) == ("device", "success")
    assert codes["answer"]["body"]["device_code"].startswith("gbd_…")
    waits = television.step()
    assert (waits["step"], waits["outcome"], waits["answer"]["body"]["error"]) == ("token", None, "authorization_pending")
    assert (waits["open"], waits["run"]["state"]) == (f"http://{ACME}/connect?user_code={waits['user_code']}", "waiting")
    approve_device(television, waits)
    token, introspection = television.steps()
    assert (token["receipt"]["flow"], introspection["outcome"]) == ("device", "success")
    ended = television.end()
    assert (ended["tokens"], ended["grants"], television.alive()) == (1, 1, [])


@pytest.mark.parametrize(("wrong", "step", "reason"), [(None, "token", "device_code_unknown"), ("scope", "device", "scope_unknown")])
def test_a_device_is_refused_where_it_is_meant_to_be(television: Trial, wrong: str | None, step: str, reason: str) -> None:
    *_, last = television.tried("device", expect="refusal", wrong=wrong)
    assert (last["step"], last["receipt"]["reason"], television.run["as_expected"]) == (step, reason, True)


def test_of_a_device_too_only_the_user_for_whom_it_is_tried_is_told_anything(television: Trial) -> None:
    acme = television.world
    eve = acme.add_person("eve_at_the_television", [])
    television.begin("device", scopes=["api"], user=eve.user.username)
    television.step()
    waits = television.step()
    approve_device(television, waits)
    told = television.step()
    assert (told["outcome"], told["tokens"], told["run"]["state"]) == ("refused", [], "ended")
    assert told["words"].startswith("Somebody else has approved")
    assert told["answer"]["body"] == {}
    assert television.alive() == []


def test_a_device_is_also_where_an_app_without_a_browser_gets_what_it_refreshes(television: Trial) -> None:
    television.begin("refresh_token")
    assert television.step()["step"] == "device"
    waits = television.step()
    assert (waits["step"], waits["outcome"]) == ("token", None)
    approve_device(television, waits)
    token, refresh, userinfo, introspection = television.steps()
    assert [each["step"] for each in (token, refresh, userinfo, introspection)] == ["token", "refresh", "userinfo", "introspection"]
    assert (refresh["receipt"]["flow"], television.run["as_expected"]) == ("refresh_token", True)
    television.end()
    assert television.alive() == []


def test_the_legacy_form_is_refused_for_its_scope_also_where_the_app_wants_id_tokens(television: Trial, name: str) -> None:
    page_app = trial(television.world, f"c{name[1:]}"[:70], flows=["user_agent"], scopes=["api", "openid"], callbacks=[CALLBACK])
    page_app.begin("user_agent", expect="refusal")
    page_app.step()
    came = page_app.step(answer=page_app.go(page_app.browser()).url)
    assert (came["receipt"]["reason"], page_app.run["as_expected"]) == ("scope_unknown", True)


def test_the_legacy_form_brings_its_token_behind_the_hash_and_the_user_brings_the_address(television: Trial, name: str) -> None:
    page_app = trial(television.world, f"b{name[1:]}"[:70], flows=["user_agent"], scopes=["api", "openid"], callbacks=[CALLBACK])
    page_app.begin("user_agent")
    waits = page_app.step()
    assert (waits["outcome"], waits["answer_by_hand"]) == (None, True)
    page = page_app.go(page_app.browser())
    assert outcome_of(page) == "by_hand"
    wrong = page_app.ask_step(answer=page.url.replace("state=0TR", "state=0TRx"))
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "answer")
    older = page.url.replace(page.url.partition("access_token=")[2].partition("&")[0], television.world.token(television.world.admin))
    assert page_app.ask_step(answer=older).status_code == 422, "a token of another app is none of this run"
    came = page_app.step(answer=page.url)
    assert [(each["name"], each["verified"]) for each in came["tokens"]] == [("access_token", False), ("id_token", True)]
    assert came["answer"]["body"]["access_token"].startswith("gba_…")
    assert {each["outcome"] for each in page_app.steps()} == {"success"}
    assert page_app.validation()["flows"][0]["success"]["receipt_id"] == came["receipt"]["id"]
    page_app.end()
    assert page_app.alive() == []
