"""What SOAP clients are told, which still sign in with a password: a fault that leads to OAuth (protocol file 4.6).

What they send is not looked at. A message holds a password or a session, and an XML parser that nobody feeds cannot be led astray.
"""

from xml.sax.saxutils import escape

from gatebridge.rules.reasons.data import Told

MEDIA = "text/xml;charset=UTF-8"
STATUS = 500  # of every fault (SOAP 1.1 section 6.2)

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"

# By the letter in the address: each of Salesforce's APIs has its own namespace for faults, and strict parsers look at it.
NAMESPACES = {
    "c": "urn:fault.enterprise.soap.sforce.com",
    "u": "urn:fault.partner.soap.sforce.com",
    "m": "http://soap.sforce.com/2006/04/metadata",
    "T": "urn:fault.tooling.soap.sforce.com",
}


def fault(told: Told, page: str, kind: str = "u") -> bytes:
    """The fault. simple-salesforce shows `exceptionCode` and `exceptionMessage`, jsforce `faultstring`; each leads to the page."""
    code, message = escape(told.error_code), escape(f"{told.message}. See {page}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns:sf="{NAMESPACES.get(kind, NAMESPACES["u"])}" xmlns:xsi="{_SCHEMA}">'
        f"<soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
        f'<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail>"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()
