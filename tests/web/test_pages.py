"""The pages that anybody may read: one for each reason, the API's own, and what a browser sees of a refusal."""

import pytest
from markupsafe import escape
from tests.web.world import ACME, World

from gatebridge.rules.reasons import REASONS
from gatebridge.rules.reasons.strangers import SHARED

HTML = {"Accept": "text/html,application/xhtml+xml"}


def test_each_reason_has_a_page_with_its_sentence_and_remedy(acme: World) -> None:
    for reason in REASONS.values():
        answer = acme.client.get(f"http://{ACME}/help/reasons/{reason.code}", headers=HTML)
        assert answer.status_code == 200, reason.code
        assert reason.code in answer.text
        assert "What happened" in answer.text


def test_the_index_lists_each_reason(acme: World) -> None:
    page = acme.client.get(f"http://{ACME}/help/reasons/", headers=HTML).text
    assert all(f"/help/reasons/{code}" in page for code in REASONS)


def test_a_program_gets_the_same_as_json(acme: World) -> None:
    json = {"Accept": "application/json"}
    listed = acme.client.get(f"http://{ACME}/help/reasons/", headers=json).json()["items"]
    assert {each["reason"] for each in listed} == set(REASONS)
    one = acme.client.get(f"http://{ACME}/help/reasons/token_expired", headers=json).json()
    assert one["hint"] == REASONS["token_expired"].hint


def test_a_reason_that_the_app_hears_through_the_browser_is_shown_as_a_redirect(acme: World) -> None:
    page = acme.client.get(f"http://{ACME}/help/reasons/challenge_missing", headers=HTML).text
    assert "<dd>303<small>in a redirect to the app</small></dd>" in page
    assert "at gate 6, PKCE." in page


def test_a_page_that_stands_for_several_causes_has_a_hint_of_its_own_and_no_text_of_one_of_them(acme: World) -> None:
    for code, shared in SHARED.items():
        page = acme.client.get(f"http://{ACME}/help/reasons/{code}", headers=HTML).text
        assert str(escape(shared.hint)) in page
        assert "To Salesforce clients" not in page


RECEIPTS = [
    pytest.param("0YaA0X7nQm2LfTz", True, id="an id in 15 characters"),
    pytest.param("005A0X7nQm2LfTz", False, id="the id of a user"),
    pytest.param("<script>alert(1)</script>", False, id="markup"),
    pytest.param("Call 0900 123456", False, id="words"),
]


@pytest.mark.parametrize(("receipt", "shown"), RECEIPTS)
def test_X_XS_03_a_page_repeats_a_receipt_only_when_it_is_one(acme: World, receipt: str, shown: bool) -> None:
    page = acme.client.get(f"http://{ACME}/help/reasons/secret_wrong", params={"receipt": receipt}, headers=HTML).text
    assert ("The receipt of this request" in page) is shown
    assert (receipt in page) is shown


def test_a_browser_that_is_lost_gets_a_page_with_a_way_back(acme: World) -> None:
    answer = acme.client.get(f"http://{ACME}/nowhere", headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.headers["x-operation-id"] in answer.text
    assert "/help/reasons/path_unknown" in answer.text


def test_the_docs_page_shows_every_operation_with_an_example(acme: World) -> None:
    document = acme.client.get(f"http://{ACME}/api/v1/openapi.json").json()
    page = acme.client.get(f"http://{ACME}/api/v1/docs", headers=HTML).text
    operations = [said["operationId"] for methods in document["paths"].values() for said in methods.values()]
    assert document["openapi"].startswith("3.1")
    assert all(f'id="{each}"' in page for each in operations)
    assert page.count("curl ") == len(operations)
