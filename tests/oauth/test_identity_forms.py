"""The identity document in the forms that Salesforce's clients may ask for (protocol file 6.5): JSON, XML, a form, and never a script."""

from urllib.parse import parse_qsl
from xml.dom import minidom

import pytest
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Tenant
from tests.oauth.test_identity_url import REASON, ask, own
from tests.oauth.test_userinfo import EVERY_SCOPE, fill_in, token_of

from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long


@pytest.fixture
def sales(acme: Tenant) -> Portal:
    return make_portal(acme, "Sales", dialect=Dialect.SALESFORCE, scopes=EVERY_SCOPE, full_scope_reason=REASON)


@pytest.fixture
def strict(acme: Tenant) -> Portal:
    return make_portal(acme, "Strict", scopes=EVERY_SCOPE, full_scope_reason=REASON)


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("", "", "application/json"),
        ("", "*/*", "application/json"),
        ("", "application/xml", "application/xml"),
        ("", "text/xml;q=0.9, application/json;q=0.1", "application/xml"),
        ("?format=xml", "application/json", "application/xml"),
        ("?format=json", "application/xml", "application/json"),
        ("?format=urlencoded", "", "application/x-www-form-urlencoded"),
        ("?format=nonsense", "application/xml", "application/xml"),
    ],
)
def test_compat_10_an_app_of_the_salesforce_dialect_chooses_the_form(
    acme: Tenant, sales: Portal, query: str, accept: str, media: str
) -> None:
    headers = {"Accept": accept, "X-PrettyPrint": "1"} if accept else {}
    answer = ask(acme, token_of(sales, "id"), long(acme.org.id), long(acme.runner.id), query, headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media};charset=UTF-8")


def test_compat_10_every_form_tells_the_same(acme: Tenant, sales: Portal) -> None:
    fill_in(acme, first_name="Zoë <&>", city='"Köln" = 1&2')
    token = token_of(sales, "id")
    said = own(acme, token)
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    pairs = parse_qsl(acme.door.get(f"{url}?format=urlencoded&access_token={token}").text, keep_blank_values=True, strict_parsing=True)
    form = dict(pairs)
    assert (form["first_name"], form["addr_city"]) == (said["first_name"], said["addr_city"]) == ("Zoë <&>", '"Köln" = 1&2')
    assert form["photos.picture"] == said["photos"]["picture"]
    assert form["urls.custom_domain"] == acme.org.issuer
    assert (form["active"], form["status.body"]) == ("true", "")
    # Posted, with the token and the form in the body, as omniauth does.
    xml = minidom.parseString(acme.door.post(url, {"access_token": token, "format": "xml"}).text)
    assert xml.documentElement is not None
    assert xml.documentElement.tagName == "user"
    for name in ("user_id", "username", "first_name", "addr_city", "utcOffset", "last_modified_date"):
        (element,) = xml.getElementsByTagName(name)
        assert "".join(node.data for node in element.childNodes if isinstance(node, minidom.Text)) == str(said[name])
    (photos,) = xml.getElementsByTagName("photos")
    assert [node.nodeName for node in photos.childNodes] == ["picture", "thumbnail"]
    assert xml.getElementsByTagName("body")[0].getAttribute("xsi:nil") == "true"


def test_an_app_of_the_standard_dialect_gets_json_whatever_it_asks_for(acme: Tenant, strict: Portal) -> None:
    token = token_of(strict, "id")
    said = own(acme, token)
    answer = ask(acme, token, long(acme.org.id), long(acme.runner.id), "?format=xml&callback=show", {"Accept": "application/xml"})
    assert answer.json() == said


@pytest.mark.parametrize("way", ["address", "body"])
def test_the_document_is_never_a_script(acme: Tenant, sales: Portal, way: str) -> None:
    token = token_of(sales, "id")
    url = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    if way == "address":
        answer = acme.door.get(f"{url}?callback=alert&oauth_token={token}")
    else:
        answer = acme.door.post(url, {"callback": "alert", "access_token": token})
    assert (answer.status_code, answer.text) == (400, "Callback_Not_Supported")
    assert answer.headers["content-type"] == "text/plain;charset=UTF-8"
    assert acme.true_cause(answer) == "identity_callback_refused"
