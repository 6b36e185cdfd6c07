"""Answers in the form that a client asks for: JSON, XML, or the form that it sends itself."""

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.oauth.flows.devices import make_panel
from tests.oauth.flows.portal import make_portal
from tests.oauth.houses import Standing
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant, make_tenant

from gatebridge.oauth.formats.encoded import MEDIA, Form, encoded, wanted
from gatebridge.rules.apps import Dialect

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


# --- The encoder -----------------------------------------------------------------------------------------------------------


BODY: dict[str, object] = {
    "text": 'a <b> & "c" é',
    "number": 7,
    "yes": True,
    "nothing": None,
    "photos": {"picture": "https://a.example/?b=1&c=2", "big": {"wide": False}},
    "groups": ["one", "two"],
}


def test_in_xml_what_is_nested_stays_nested_and_nothing_is_nil() -> None:
    said, media = encoded(BODY, Form.XML, "user")
    root = ElementTree.fromstring(said)
    assert (root.tag, media) == ("user", "application/xml;charset=UTF-8")
    assert [(each.tag, each.text) for each in root if len(each) == 0] == [
        ("text", BODY["text"]),
        ("number", "7"),
        ("yes", "true"),
        ("nothing", None),
        ("groups", "one"),
        ("groups", "two"),
    ]
    assert root.find("nothing").attrib == {NIL: "true"}  # type: ignore[union-attr]
    assert root.findtext("photos/picture") == "https://a.example/?b=1&c=2"
    assert root.findtext("photos/big/wide") == "false"


def test_as_a_form_what_is_nested_has_its_path_for_a_name() -> None:
    said, media = encoded(BODY, Form.URLENCODED, "user")
    assert media == "application/x-www-form-urlencoded;charset=UTF-8"
    assert parse_qsl(said.decode(), keep_blank_values=True) == [
        ("text", BODY["text"]),
        ("number", "7"),
        ("yes", "true"),
        ("nothing", ""),
        ("photos.picture", "https://a.example/?b=1&c=2"),
        ("photos.big.wide", "false"),
        ("groups", "one"),
        ("groups", "two"),
    ]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("plain_name-1.2", "plain_name-1.2"),
        ("a b", "a_x0020_b"),
        ("1st", "_x0031_st"),
        ("é", "_x00E9_"),
        ("", "_"),
        ("_x0020_", "_x005F_x0020_"),
    ],
)
def test_every_name_makes_an_element(name: str, tag: str) -> None:
    assert [each.tag for each in ElementTree.fromstring(encoded({name: "v"}, Form.XML, "OAuth")[0])] == [tag]


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the encoder
@given(st.dictionaries(st.text(max_size=12), VALUES, max_size=4), st.sampled_from(Form))
def test_whatever_is_said_is_well_formed(body: dict[str, object], form: Form) -> None:
    said, media = encoded(body, form, "OAuth")
    assert media == MEDIA[form]
    if form is Form.JSON:
        assert json.loads(said) == body
    elif form is Form.XML:
        assert ElementTree.fromstring(said).tag == "OAuth"
    else:
        parse_qs(said.decode("ascii"), strict_parsing=bool(said), keep_blank_values=True)


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("parameter", "accept", "form"),
    [
        (None, "", Form.JSON),
        (None, "*/*", Form.JSON),
        (None, "application/json", Form.JSON),
        (None, "application/xml", Form.XML),
        (None, "text/xml; charset=utf-8", Form.XML),
        (None, "APPLICATION/XML", Form.XML),
        (None, "application/x-www-form-urlencoded", Form.URLENCODED),
        (None, "application/xml, application/json", Form.JSON),
        (None, "application/xml, */*", Form.JSON),
        (None, "application/xml, */*;q=0.1", Form.XML),
        (None, "application/json;q=0, application/xml;q=0.5", Form.XML),
        (None, "application/json;q=0, */*", Form.JSON),
        (None, BROWSER, Form.XML),
        (None, "text/html", Form.JSON),
        (None, "application/xml;q=0", Form.JSON),
        *((None, f"application/xml;q={odd}", Form.JSON) for odd in ("", "nan", "inf", "-1", "x", ".", "0x1", "1e9")),
        (None, "application/xml;q=7, application/json", Form.JSON),
        (None, "," * 100_000, Form.JSON),
        ("xml", "application/json", Form.XML),
        (" XML ", "", Form.XML),
        ("urlencoded", "application/xml", Form.URLENCODED),
        ("json", "application/xml", Form.JSON),
        ("yaml", "application/xml", Form.XML),
        ("", "", Form.JSON),
    ],
)
def test_format_beats_accept_and_what_nobody_knows_is_json(parameter: str | None, accept: str, form: Form) -> None:
    assert wanted(parameter, accept) is form


# --- At the token endpoint -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def org(house: Standing) -> Tenant:
    """One org for all that follows: what is asked for here changes nothing that another test could see."""
    return make_tenant(house)


@pytest.fixture(scope="module")
def sales(org: Tenant) -> Client:
    return org.app("Sales", dialect=Dialect.SALESFORCE)


@pytest.fixture(scope="module")
def plain(org: Tenant) -> Client:
    return org.app("Plain")


def read(answer: httpx.Response) -> dict[str, str]:
    """The members of an answer, by its content type."""
    media = answer.headers["content-type"]
    if media == MEDIA[Form.XML]:
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "OAuth"
        return {each.tag: each.text or "" for each in root}
    if media == MEDIA[Form.URLENCODED]:
        return dict(parse_qsl(answer.text, strict_parsing=True))
    return {name: str(value) for name, value in answer.json().items()}


MEMBERS = {"access_token", "token_type", "expires_in", "scope", "instance_url", "id", "issued_at", "token_format", "signature"}


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("by", ["format", "Accept"])
def test_compat_10_a_token_comes_in_the_form_that_was_asked_for(org: Tenant, sales: Client, form: Form, by: str) -> None:
    asked = {"format": form.value} if by == "format" else {}
    accept = {"Accept": MEDIA[form].partition(";")[0]} if by == "Accept" else {}
    answer = sales.ask(sales.credentials | asked, headers=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA[form])
    body = read(answer)
    assert set(body) == MEMBERS
    assert body["id"].startswith(f"{org.org.issuer}/id/")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("form", Form)
def test_compat_10_so_does_a_refusal_with_its_page_and_its_receipt(org: Tenant, sales: Client, form: Form) -> None:
    answer = sales.token(scope="web", format=form.value)
    receipt = answer.headers["x-gatebridge-receipt"]
    assert (answer.status_code, answer.headers["content-type"]) == (400, MEDIA[form])
    assert read(answer) == {
        "error": "invalid_scope",
        "error_description": "the requested scope is not allowed",
        "error_uri": f"{org.org.issuer}/help/reasons/scope_not_assigned?receipt={receipt}",
    }


def test_compat_10_and_the_codes_of_a_device(org: Tenant) -> None:
    device = make_panel(org, "Handheld", dialect=Dialect.SALESFORCE)
    answer = device.app.post(TOKEN, {"response_type": "device_code", "client_id": device.app.consumer_key, "format": "urlencoded"})
    assert set(read(answer)) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert answer.headers["content-type"] == MEDIA[Form.URLENCODED]


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_compat_10_the_identity_document_comes_in_the_form_that_was_asked_for(org: Tenant, dialect: Dialect) -> None:
    app = make_portal(org, f"Reads {dialect}", api_name=f"Reads_{dialect}", dialect=dialect)
    held = app.signed_in()
    bearer = {"Authorization": f"Bearer {held['access_token']}"}
    asked = [("?format=xml", "*/*"), ("?format=urlencoded", "application/xml"), ("", "text/xml"), ("?format=json", "text/xml")]
    answers = [org.door.get(held["id"] + query, headers=bearer | {"Accept": accept}) for query, accept in asked]
    posted = org.door.post(held["id"], {"access_token": held["access_token"], "format": "xml"})
    types = [each.headers["content-type"] for each in (*answers, posted)]
    if dialect is Dialect.STANDARD:
        assert types == [MEDIA[Form.JSON]] * 5
        return
    assert types == [MEDIA[form] for form in (Form.XML, Form.URLENCODED, Form.XML, Form.JSON, Form.XML)]
    document = ElementTree.fromstring(answers[0].content)
    assert (document.tag, document.findtext("user_id")) == ("user", answers[3].json()["user_id"])
    assert document.findtext("photos/picture") == dict(parse_qsl(answers[1].text))["photos.picture"]


def test_in_the_standard_dialect_an_answer_is_json_whatever_is_asked_for(plain: Client) -> None:
    for headers, form in (({"Accept": "application/xml"}, {}), ({}, {"format": "xml"})):
        for said in (plain.credentials, {"client_id": plain.consumer_key}):
            assert plain.ask(said | form, headers=headers).headers["content-type"] == MEDIA[Form.JSON]


def test_what_is_told_about_tokens_is_json_in_both_dialects(sales: Client) -> None:
    said = sales.credentials | {"token": "x", "format": "xml"}
    assert sales.post(INTROSPECT, said, headers={"Accept": "application/xml"}).json() == {"active": False}
    assert sales.post(REVOKE, said | {"client_secret": "x"}).json()["error"] == "invalid_client"
