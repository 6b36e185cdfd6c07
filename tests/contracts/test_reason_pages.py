"""Each reason has its help page, where `error_uri` leads, and the page says what the catalogue says."""

import re
from dataclasses import fields
from importlib.resources import files

import pytest

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import REASONS, bearer
from gatebridge.settings.catalogue import Settings

HEADINGS = ["What happened", "Why the rule exists", "How to fix it", "Example"]

PAGES = {
    entry.name.removesuffix(".md"): entry.read_text(encoding="utf-8")
    for entry in (files("gatebridge") / "web" / "help" / "reasons").iterdir()
    if entry.name.endswith(".md")
}

every_page = pytest.mark.parametrize("code", sorted(PAGES))


def section(code: str, heading: str) -> str:
    return PAGES[code].split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].strip()


@pytest.mark.parametrize("code", sorted({address for reason in REASONS.values() for address in (reason.code, reason.public_code)}))
def test_every_reason_and_every_page_that_a_stranger_is_sent_to_is_there(code: str) -> None:
    assert code in PAGES


@every_page
def test_there_is_no_page_without_a_reason(code: str) -> None:
    assert code in REASONS or code in {reason.public_code for reason in REASONS.values()}


@every_page
def test_a_page_has_a_title_and_the_four_headings_in_order(code: str) -> None:
    assert re.findall(r"^# (.+)$", PAGES[code], re.MULTILINE) == [PAGES[code].splitlines()[0].removeprefix("# ")]
    assert re.findall(r"^## (.+)$", PAGES[code], re.MULTILINE) == HEADINGS
    for heading in HEADINGS:
        assert len(section(code, heading).split()) >= 20, heading


def test_no_two_pages_have_the_same_title() -> None:
    titles = [page.splitlines()[0] for page in PAGES.values()]
    assert len(titles) == len(set(titles))


@every_page
def test_a_page_can_be_read_in_two_minutes(code: str) -> None:
    assert 120 <= len(PAGES[code].split()) <= 320


@every_page
def test_a_page_says_what_to_do_on_either_side(code: str) -> None:
    fix = section(code, "How to fix it")
    assert re.search(r"\*\*In the client\.\*\* \S", fix)
    assert re.search(r"\*\*In Gatebridge\.\*\* \S", fix)


@every_page
def test_a_page_shows_the_very_answer_that_the_catalogue_gives(code: str) -> None:
    example = section(code, "Example")
    possible = [reason for reason in REASONS.values() if code in (reason.code, reason.public_code)]
    answers = {
        (told.status, told.error, told.public_sentence, told.public_code)
        for reason in possible
        for told in (reason, bearer.at_our_api(reason))
    }
    if "HTTP/1.1 200 OK" in example:
        # At introspection a dead token is no error (RFC 7662 section 2.2).
        assert example.count('{"active": false}') == 1
        return
    assert any(
        f"HTTP/1.1 {status} " in example
        and sentence in example
        and f'https://acme.example.com/help/reasons/{page}"' in example
        and (f'"error": "{error}"' in example or f'"status": {status}' in example)
        for status, error, sentence, page in answers
    )


@every_page
def test_an_example_names_no_host_that_could_be_somebodys(code: str) -> None:
    hosts = re.findall(r"(?:https?://|Host: )([A-Za-z0-9.*-]+)", PAGES[code])
    assert all(host.endswith("example.com") or host in {"192.0.2.10", "127.0.0.1", "localhost"} for host in hosts), hosts


@every_page
def test_an_example_holds_nothing_that_looks_like_a_real_credential(code: str) -> None:
    assert re.findall(r"gb[ksar]_(?!EXAMPLE\b|OTHER\b)\w+", PAGES[code]) == []


@every_page
def test_a_link_leads_to_a_page_that_is_there(code: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGES[code])
    assert [link for link in links if link not in PAGES] == []


@pytest.mark.parametrize("shared", sorted({reason.wire_code for reason in REASONS.values() if reason.wire_code}))
def test_the_page_for_strangers_leads_to_every_cause_that_the_client_can_do_something_about(shared: str) -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", PAGES[shared]))
    told_in_words = {"client_unknown", "app_blocked", "app_deleted"}
    causes = {reason.code for reason in REASONS.values() if reason.wire_code == shared}
    assert causes - linked - told_in_words == set()


SETTING_NAMES = {field.name for record in (AppSettings, AppPolicies, OrgSettings, Profile) for field in fields(record)}


@every_page
def test_a_setting_that_a_page_names_is_a_real_one(code: str) -> None:
    named = re.findall(r"\*\* \(`([a-z_]+)`\)", PAGES[code])
    assert [name for name in named if name not in SETTING_NAMES] == []


@every_page
def test_a_server_setting_that_a_page_names_is_a_real_one(code: str) -> None:
    named = {name.lower() for name in re.findall(r"GATEBRIDGE_([A-Z_]+)", PAGES[code])}
    assert named <= set(Settings.model_fields)


def test_the_permissions_that_the_pages_name_are_real_ones() -> None:
    spoken = {permission.value.replace("_", " ").lower() for permission in Permission}
    named = {name for page in PAGES.values() for name in re.findall(r"takes \*\*([A-Za-z ]+)\*\*", page)}
    assert named
    assert {name.lower() for name in named} <= spoken


def test_the_remedies_name_server_settings_that_are_real_ones() -> None:
    named = {name.lower() for reason in REASONS.values() for name in re.findall(r"GATEBRIDGE_([A-Z_]+)", reason.remedy)}
    assert named
    assert named <= set(Settings.model_fields)
