"""Each reason has its help page, where `error_uri` leads, and the page says what the catalogue says."""

import re
from dataclasses import fields
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

import pytest

from gatebridge.oauth.authorization_checks import CHECKS
from gatebridge.rules import ids
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import (
    REASONS,
    Reason,
    bearer,
    callback,
    catalogue,
    data,
    flow,
    logout,
    outage,
    permitted,
    sign_in,
    sobjects,
    soql,
    user,
    user_codes,
)
from gatebridge.rules.reasons.redirected import REDIRECTED
from gatebridge.settings.catalogue import Settings

HEADINGS = ["What happened", "Why the rule exists", "How to fix it", "Example"]

PAGES = {
    entry.name.removesuffix(".md"): entry.read_text(encoding="utf-8")
    for entry in (files("gatebridge") / "web" / "help" / "reasons").iterdir()
    if entry.name.endswith(".md")
}


def section(code: str, heading: str) -> str:
    return PAGES[code].split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].strip()


def test_every_reason_and_every_page_that_a_stranger_is_sent_to_is_there_and_no_page_without_a_reason() -> None:
    assert set(PAGES) == {address for reason in REASONS.values() for address in (reason.code, reason.public_code)}


def test_a_page_has_a_title_and_the_four_headings_in_order() -> None:
    for code, page in PAGES.items():
        assert re.findall(r"^# (.+)$", page, re.MULTILINE) == [page.splitlines()[0].removeprefix("# ")], code
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS, code
        for heading in HEADINGS:
            assert len(section(code, heading).split()) >= 20, (code, heading)


def test_no_two_pages_have_the_same_title() -> None:
    titles = [page.splitlines()[0] for page in PAGES.values()]
    assert len(titles) == len(set(titles))


def test_a_page_can_be_read_in_two_minutes() -> None:
    assert {code: words for code, page in PAGES.items() if not 120 <= (words := len(page.split())) <= 320} == {}


@pytest.mark.parametrize("side", ["In the client", "In Gatebridge"])
def test_a_page_says_what_to_do_on_either_side(side: str) -> None:
    assert [code for code in PAGES if not re.search(rf"\*\*{side}\.\*\* \S", section(code, "How to fix it"))] == []


# Until the callback URL is proven, and wherever a person sits at a form of ours, the answer is a page (standards AZ-01).
ON_A_PAGE = {callback.CALLBACK_MISSING, callback.CALLBACK_NOT_REGISTERED, outage.RATE_EXCEEDED, *catalogue([sign_in, user_codes]).values()}

# Nobody waits for an app to take a logout token: what came of it is read in the history alone.
IN_THE_HISTORY = {logout.LOGOUT_REFUSED, logout.LOGOUT_UNDELIVERED}
ON_A_PAGE |= set(catalogue([logout]).values()) - IN_THE_HISTORY

# What the resource surface alone can refuse is told in Salesforce's shapes only.
IN_SALESFORCES_SHAPES = {reason.code: reason for reason in catalogue([data, soql, sobjects]).values()}

ISSUER = "https://acme.example.com"


def causes(code: str) -> list[Reason]:
    """The reasons whose page this is, or that a stranger is sent here for."""
    return [reason for reason in REASONS.values() if code in (reason.code, reason.public_code)]


SEEN_ON_A_PAGE = {code for reason in ON_A_PAGE for code in (reason.code, reason.public_code)}


@pytest.mark.parametrize(
    "code", sorted(set(PAGES) - SEEN_ON_A_PAGE - REDIRECTED - {reason.code for reason in IN_THE_HISTORY} - set(IN_SALESFORCES_SHAPES))
)
def test_a_page_shows_the_very_answer_that_the_catalogue_gives(code: str) -> None:
    example = section(code, "Example")
    answers = {
        (told.status, told.error, told.public_sentence, told.public_code)
        for reason in causes(code)
        for told in (reason, bearer.at_our_api(reason), permitted.without_the_user(reason))
    }
    if "HTTP/1.1 200 OK" in example:
        # At introspection a dead token is no error (RFC 7662 section 2.2).
        assert example.count('{"active": false}') == 1
        return
    assert any(
        f"HTTP/1.1 {status} " in example
        and sentence in example
        and f'{ISSUER}/help/reasons/{page}"' in example
        and (f'"error": "{error}"' in example or f'"status": {status}' in example)
        for status, error, sentence, page in answers
    )


@pytest.mark.parametrize("code", sorted(IN_SALESFORCES_SHAPES))
def test_a_page_of_the_resource_surface_shows_its_answer_in_salesforces_shape(code: str) -> None:
    example, told = section(code, "Example"), data.told(IN_SALESFORCES_SHAPES[code])
    assert f'\nLink: <{ISSUER}/help/reasons/{told.page}>; rel="help"\n' in example
    if code == data.SOAP_NOT_OFFERED.code:  # a fault, which SOAP 1.1 sends with this status
        assert "HTTP/1.1 500 Internal Server Error\n" in example
        assert f"<faultcode>sf:{told.error_code}</faultcode>" in example
        return
    assert f"HTTP/1.1 {told.status} " in example
    assert f'"errorCode":"{told.error_code}"}}]' in example


@pytest.mark.parametrize("code", sorted(REDIRECTED))
def test_where_the_app_hears_it_through_the_browser_a_page_shows_the_redirect(code: str) -> None:
    """The parameters are read from the example as an app reads them, so that none is missing, misspelled or wrongly encoded."""
    request, answer = section(code, "Example").split("HTTP/1.1 303 See Other\n")
    target, said = re.split(r"[?#]", answer.removeprefix("Location: ").split(maxsplit=1)[0])
    told, reason = dict(parse_qsl(said, strict_parsing=True)), REASONS[code]
    address, receipt = told.pop("error_uri").split("?receipt=")
    assert (told.pop("iss"), address) == (ISSUER, f"{ISSUER}/help/reasons/{reason.public_code}")
    assert ids.parse(receipt, Prefix.RECEIPT) is not None
    assert told.pop("error") == reason.error
    named = [f" ({check.parameter})" for check in CHECKS if check.reason is reason] or [""]
    assert told.pop("error_description") in [reason.public_sentence + parameter for parameter in named]
    if "\nPOST /services/oauth2/consent" in request:
        assert told.keys() == {"state"}  # as the authorization request had it, which this example does not repeat
        return
    asked = dict(parse_qsl(urlsplit(re.findall(r"^GET (\S+) HTTP/1.1$", request, re.MULTILINE)[0]).query, strict_parsing=True))
    assert target == asked["redirect_uri"]
    assert told == ({} if reason is flow.STATE_TOO_LONG else {"state": asked["state"]})


@pytest.mark.parametrize("code", sorted(SEEN_ON_A_PAGE))
def test_where_a_person_sees_it_a_page_shows_a_page_that_leads_here(code: str) -> None:
    _, answer = section(code, "Example").split("HTTP/1.1 ")[-2:]
    assert {
        (
            answer.startswith(f"{reason.status} "),
            f">{reason.public_sentence}</" in answer,
            f'href="/help/reasons/{reason.public_code}"' in answer,
        )
        for reason in causes(code)
    } == {(True, True, True)}
    assert "\nContent-Type: text/html; charset=utf-8\n" in answer


@pytest.mark.parametrize("code", sorted(reason.code for reason in IN_THE_HISTORY))
def test_where_nobody_waits_for_the_answer_a_page_shows_the_line_of_the_history(code: str) -> None:
    example = section(code, "Example")
    assert f'"reason": "{code}"' in example
    assert f'"status": {REASONS[code].status}' in example


def in_the_pages(pattern: str) -> set[tuple[str, str]]:
    """What this pattern finds in the pages, each with the page; something must be found, since a pattern that never fits shows nothing."""
    found = {(code, name) for code, page in PAGES.items() for name in re.findall(pattern, page)}
    assert found
    return found


def test_an_example_names_no_host_that_could_be_somebodys() -> None:
    hosts = in_the_pages(r"(?:https?://|Host: )([A-Za-z0-9.*-]+)")
    ours = {"192.0.2.10", "127.0.0.1", "localhost"}
    assert {(code, host) for code, host in hosts if not host.endswith("example.com") and host not in ours} == set()


def test_an_example_holds_nothing_that_looks_like_a_real_credential() -> None:
    assert {value for _, value in in_the_pages(r"gb[a-z]_(\w+)") if value not in ("EXAMPLE", "OTHER")} == set()


def test_a_link_leads_to_a_page_that_is_there() -> None:
    assert {(code, link) for code, link in in_the_pages(r"\]\(([^)]+)\)") if link not in PAGES} == set()


# A run-as user is nobody whom a code, a refresh token or an assertion could be for.
NO_CAUSE_FOR_A_USER = {user.RUN_AS_MISSING.code, user.RUN_AS_INACTIVE.code, user.RUN_AS_FROZEN.code}


@pytest.mark.parametrize("shared", sorted({reason.wire_code for reason in REASONS.values() if reason.wire_code}))
def test_the_page_for_strangers_leads_to_every_cause_that_the_client_can_do_something_about(shared: str) -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", PAGES[shared]))
    told_in_words = {"client_unknown", "app_blocked", "app_deleted"}
    behind = {
        reason.code
        for reason in REASONS.values()
        if shared in (reason.wire_code, permitted.without_the_user(reason).wire_code) and reason.code != shared
    }
    assert behind - linked - told_in_words - NO_CAUSE_FOR_A_USER == set()


@pytest.mark.parametrize("code", sorted(reason.code for reason in REASONS.values() if reason.wire_code))
def test_the_page_of_a_reason_that_is_not_told_says_who_sees_it(code: str) -> None:
    """Who comes here from a record must not look for this code in an answer."""
    assert re.search(rf"\n(The receipt|Login History), which the (caller|person) does not see, names `{code}`\.\n$", PAGES[code])


SETTING_NAMES = {field.name for record in (AppSettings, AppPolicies, OrgSettings, Profile) for field in fields(record)}


def test_a_setting_that_a_page_names_is_a_real_one() -> None:
    assert {(code, name) for code, name in in_the_pages(r"\*\* \(`([a-z_]+)`\)") if name not in SETTING_NAMES} == set()


def test_a_server_setting_that_a_page_names_is_a_real_one() -> None:
    assert {(code, name) for code, name in in_the_pages(r"GATEBRIDGE_([A-Z_]+)") if name.lower() not in Settings.model_fields} == set()


def test_the_permissions_that_the_pages_name_are_real_ones() -> None:
    spoken = {permission.value.replace("_", " ").lower() for permission in Permission}
    assert {(code, name) for code, name in in_the_pages(r"takes \*\*([A-Za-z ]+)\*\*") if name.lower() not in spoken} == set()


def test_the_remedies_name_server_settings_that_are_real_ones() -> None:
    named = {name.lower() for reason in REASONS.values() for name in re.findall(r"GATEBRIDGE_([A-Z_]+)", reason.remedy)}
    assert named
    assert named <= set(Settings.model_fields)
