"""SOAP login is answered with a fault that leads to OAuth, whatever was sent (protocol file 4.6)."""

import re
from xml.dom import minidom

import pytest
from tests.oauth.tenants import Tenant

PASSWORD = "canary-password"
LOGIN = f"""<?xml version="1.0" encoding="utf-8" ?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com">
<n1:username>ada@example.com</n1:username><n1:password>{PASSWORD}</n1:password></n1:login></env:Body></env:Envelope>"""
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><x>&b;&c;</x>'

NAMESPACE = {
    "u": "urn:fault.partner.soap.sforce.com",
    "c": "urn:fault.enterprise.soap.sforce.com",
    "m": "http://soap.sforce.com/2006/04/metadata",
    "T": "urn:fault.tooling.soap.sforce.com",
}


def texts(document: str, tag: str) -> list[str]:
    """Every text of this element, read as simple-salesforce reads it."""
    found = minidom.parseString(document).getElementsByTagName(tag)
    return ["".join(node.data for node in element.childNodes if isinstance(node, minidom.Text)) for element in found]


@pytest.mark.parametrize("path", ["u/59.0", "u/59.0/00D000000000000", "c/64.0", "m/67.0/00D000000000000AAA", "T/51.0", "x", "u/"])
def test_a_fault_says_to_use_oauth_and_where_that_is_explained(acme: Tenant, path: str) -> None:
    answer = acme.door.send(
        "POST", f"{acme.org.issuer}/services/Soap/{path}", body=LOGIN.encode(), headers={"Content-Type": "text/xml", "SOAPAction": "login"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml;charset=UTF-8")
    assert texts(answer.text, "sf:exceptionCode") == ["INVALID_OPERATION"]
    page = f"{acme.org.issuer}/help/reasons/soap_not_offered"
    assert texts(answer.text, "sf:exceptionMessage") == [f"SOAP login is not offered here: use OAuth. See {page}"]
    # jsforce looks for it by this very pattern, and throws what it finds.
    (fault,) = re.findall(r"<faultstring>([^<]+)</faultstring>", answer.text)
    assert fault == f"INVALID_OPERATION: SOAP login is not offered here: use OAuth. See {page}"
    assert f'xmlns:sf="{NAMESPACE.get(path[0], NAMESPACE["u"])}"' in answer.text
    assert acme.door.get(page).status_code == 200


@pytest.mark.parametrize("body", [LOGIN.encode(), BOMB.encode(), b"", b"\xff\xfe not xml", b"<" * 60_000], ids=range(5))
def test_X_XS_08_what_was_sent_is_not_looked_at_and_leaves_a_strangers_line(acme: Tenant, body: bytes) -> None:
    answer = acme.door.send("POST", f"{acme.org.issuer}/services/Soap/u/59.0", body=body)
    assert answer.status_code == 500
    line = acme.receipt(answer)
    assert (line.event, line.outcome, line.reason, line.user_id) == ("soap", "refused", "soap_not_offered", None)
    assert PASSWORD not in answer.text
    assert PASSWORD not in str(line)
    assert "ada@example.com" not in str(line)


def test_a_program_that_tries_again_and_again_is_folded_into_one_row(acme: Tenant) -> None:
    for _ in range(25):
        acme.door.send("POST", f"{acme.org.issuer}/services/Soap/u/59.0", body=LOGIN.encode())
    assert len(acme.history()) == 20


def test_what_never_reaches_it_is_a_fault_too(acme: Tenant) -> None:
    soap = f"{acme.org.issuer}/services/Soap"
    large = acme.door.send("POST", f"{soap}/u/59.0", body=b"x" * 100_000)
    assert (large.status_code, texts(large.text, "sf:exceptionCode")) == (500, ["INVALID_REQUEST"])
    for method, path in (("GET", "/u/59.0?wsdl"), ("PUT", "/u/59.0"), ("POST", "")):
        answer = acme.door.send(method, soap + path)
        assert (answer.status_code, texts(answer.text, "sf:exceptionCode")) == (500, ["INVALID_OPERATION"])
    nobody = acme.door.send("POST", f"{soap}/u/59.0", headers={"Host": "nobody.example"})
    assert texts(nobody.text, "sf:exceptionCode") == ["INVALID_REQUEST"]
