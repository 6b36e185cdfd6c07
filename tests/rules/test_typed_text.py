"""What may be typed into a field of text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import typed_text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("ada", True, id="letters"),
        pytest.param("ada@example.com", True, id="an e-mail address"),
        pytest.param("Svc.billing_01+eu-west", True, id="dots, underscores, plus and minus"),
        pytest.param("ab", True, id="two characters are enough"),
        pytest.param("a" * 80, True, id="80 characters are not too many"),
        pytest.param("a", False, id="one character is too few"),
        pytest.param("a" * 81, False, id="81 characters are too many"),
        pytest.param("", False, id="not empty"),
        pytest.param("ada lovelace", False, id="no blank"),
        pytest.param(" ada", False, id="no blank before"),
        pytest.param("ada\n", False, id="no line end after"),
        pytest.param("ada\0", False, id="no NUL"),
        pytest.param("ad\x7fa", False, id="no control character"),
        pytest.param("ａｄａ", False, id="no full-width letters"),
        pytest.param("аda", False, id="no letter of another alphabet that looks the same"),
        pytest.param("ada\u200b", False, id="no blank without width"),
        pytest.param("ada/admin", False, id="no slash"),
    ],
)
def test_X_BF_04_a_username_has_one_spelling(text: str, allowed: bool) -> None:
    assert (typed_text.username_problem(text) is None) is allowed


@given(st.text(max_size=90))
def test_what_passes_as_username_shows_all_that_it_is(text: str) -> None:
    if typed_text.username_problem(text) is None:
        assert text.isascii()
        assert text.isprintable()
        assert " " not in text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("ada@example.com", True, id="an ordinary address"),
        pytest.param("ada+crm@mail.example.com", True, id="with a plus"),
        pytest.param("ada@localhost", True, id="at this machine"),
        pytest.param("ada@Example.COM", True, id="the domain in any case"),
        pytest.param("a" * 64 + "@example.com", True, id="64 characters before the @"),
        pytest.param("a" * 65 + "@example.com", False, id="65 are too many"),
        pytest.param("a@" + "b" * 60 + ("." + "c" * 60) * 4, False, id="254 characters in all"),
        pytest.param("ada", False, id="no @"),
        pytest.param("ada@", False, id="no domain"),
        pytest.param("@example.com", False, id="nobody"),
        pytest.param("ada@b@example.com", False, id="two @"),
        pytest.param("ada@example..com", False, id="an empty label"),
        pytest.param("ada@-example.com", False, id="a label that begins with a hyphen"),
        pytest.param("ada.@example.com", False, id="a dot before the @"),
        pytest.param("ada@example.com\r\nBcc: eve@example.com", False, id="a header after it"),
        pytest.param("ada @example.com", False, id="a blank"),
        pytest.param('"ada"@example.com', False, id="quoted"),
        pytest.param("<ada@example.com>", False, id="in angle brackets"),
        pytest.param("adä@example.com", False, id="beyond ASCII"),
        pytest.param("", False, id="empty"),
    ],
)
def test_mail_can_be_sent_to_plain_addresses_only(text: str, allowed: bool) -> None:
    assert (typed_text.email_problem(text) is None) is allowed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("Ada Lovelace", None, id="an ordinary name"),
        pytest.param("Åsa Öström 李", None, id="letters of any language"),
        pytest.param("a" * 80, None, id="80 characters"),
        pytest.param("", "empty", id="not empty"),
        pytest.param(" Ada", "blank", id="no blank before"),
        pytest.param("Ada\u00a0", "blank", id="no blank of any kind after"),
        pytest.param("a" * 81, "81 characters", id="81 characters are told with their number"),
        pytest.param("Ada\nAdmin", "one line", id="no line end"),
        pytest.param("Ada\0", "one line", id="no NUL"),
        pytest.param("Ada\u202egnal", "one line", id="nothing that turns the direction"),
        pytest.param("Ada\ud800", "one line", id="no half of a character"),
    ],
)
def test_a_name_is_one_visible_line(text: str, problem: str | None) -> None:
    found = typed_text.line_problem(text)
    assert found is None if problem is None else found is not None and problem in found


def test_a_line_may_be_empty_where_that_is_said() -> None:
    assert typed_text.line_problem("", may_be_empty=True) is None


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("", True, id="nothing"),
        pytest.param("First.\n\tThen:\r\n more.", True, id="lines and tabs"),
        pytest.param("a" * 1000, True, id="1,000 characters"),
        pytest.param("a" * 1001, False, id="1,001 are too many"),
        pytest.param("a\0b", False, id="no NUL"),
        pytest.param("a\x1b[31mb", False, id="nothing that a terminal obeys"),
    ],
)
def test_a_text_has_lines_and_no_control_characters(text: str, allowed: bool) -> None:
    assert (typed_text.text_problem(text) is None) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("Billing", True, id="a word"),
        pytest.param("B2", True, id="digits after the first letter"),
        pytest.param("Billing_Nightly_2", True, id="single underscores"),
        pytest.param("a" * 80, True, id="80 characters"),
        pytest.param("a" * 81, False, id="81 are too many"),
        pytest.param("", False, id="not empty"),
        pytest.param("2B", False, id="no digit first"),
        pytest.param("_B", False, id="no underscore first"),
        pytest.param("B_", False, id="no underscore last"),
        pytest.param("B__2", False, id="no two underscores"),
        pytest.param("B-2", False, id="no hyphen"),
        pytest.param("B\n", False, id="no line end"),
        pytest.param("Bücher", False, id="ASCII only"),
    ],
)
def test_an_api_name_is_an_identifier(text: str, allowed: bool) -> None:
    assert (typed_text.api_name_problem(text) is None) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("Left the company.", True, id="a sentence"),
        pytest.param("", False, id="nothing says nothing"),
        pytest.param(" ... ", False, id="dots say nothing"),
        pytest.param("a" * 513, False, id="513 characters are too many"),
    ],
)
def test_a_reason_says_something(text: str, allowed: bool) -> None:
    assert (typed_text.reason_problem(text) is None) is allowed


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("crm.example.com", True, id="a name"),
        pytest.param("localhost:8080", True, id="with a port"),
        pytest.param("192.0.2.1", True, id="an IPv4 address"),
        pytest.param("[2001:db8::1]", True, id="an IPv6 address in brackets"),
        pytest.param("[2001:db8::1]:8443", True, id="with a port after the brackets"),
        pytest.param("CRM.example.com", False, id="upper case"),
        pytest.param("crm.example.com.", False, id="a dot at the end"),
        pytest.param("crm_1.example.com", False, id="an underscore"),
        pytest.param("crm.example.com:", False, id="a colon without a port"),
        pytest.param("crm.example.com:0", False, id="port 0"),
        pytest.param("crm.example.com:08080", False, id="a port with a zero in front"),
        pytest.param("crm.example.com:65536", False, id="a port that there is not"),
        pytest.param("crm.example.com:８０", False, id="a port in full-width digits"),
        pytest.param("crm.example.com/path", False, id="a path"),
        pytest.param("ada@crm.example.com", False, id="a user"),
        pytest.param("[2001:db8::1", False, id="an open bracket"),
        pytest.param("[crm]", False, id="a name in brackets"),
        pytest.param("[2001:db8::1]x", False, id="something else after the brackets"),
        pytest.param("[2001:db8::1]x8443", False, id="something else than a colon before the port"),
        pytest.param("[2001:DB8::1]", False, id="an IPv6 address in upper case"),
        pytest.param("[192.0.2.1]", False, id="an IPv4 address in brackets"),
        pytest.param("crm.example.com:" + "9" * 5_000, False, id="more digits than any number has"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_host_is_what_a_client_would_send(host: str, allowed: bool) -> None:
    assert (typed_text.host_problem(host) is None) is allowed


@pytest.mark.parametrize(
    ("issuer", "host", "allowed"),
    [
        pytest.param("https://crm.example.com", "crm.example.com", True, id="https at the host"),
        pytest.param("https://crm.example.com:8443", "crm.example.com:8443", True, id="with the port of the host"),
        pytest.param("http://localhost:8080", "localhost:8080", True, id="plain http at this machine"),
        pytest.param("http://acme.localhost:8080", "acme.localhost:8080", True, id="plain http at a name under localhost"),
        pytest.param("http://127.0.0.1:8080", "127.0.0.1:8080", True, id="plain http at a loopback address"),
        pytest.param("http://[::1]:8080", "[::1]:8080", True, id="plain http at the IPv6 loopback"),
        pytest.param("http://crm.example.com", "crm.example.com", False, id="plain http elsewhere"),
        pytest.param("https://crm.example.com/", "crm.example.com", False, id="a slash at the end"),
        pytest.param("https://crm.example.com/oauth", "crm.example.com", False, id="a path"),
        pytest.param("https://other.example.com", "crm.example.com", False, id="another host"),
        pytest.param("https://crm.example.com:443", "crm.example.com:443", False, id="the port that https implies"),
        pytest.param("http://localhost:80", "localhost:80", False, id="the port that http implies"),
        pytest.param("ftp://crm.example.com", "crm.example.com", False, id="another scheme"),
        pytest.param("HTTPS://crm.example.com", "crm.example.com", False, id="the scheme in upper case"),
        pytest.param("crm.example.com", "crm.example.com", False, id="no scheme"),
    ],
)
def test_an_issuer_is_the_address_of_its_host(issuer: str, host: str, allowed: bool) -> None:
    assert (typed_text.issuer_problem(issuer, host) is None) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("", True), ("2027-03-31", True), ("2028-02-29", True)]
    + [(text, False) for text in ("2027-02-29", "2027-3-31", "20270331", "2027-W01-1", "0000-01-01", "２027-03-31", "soon", "2027-03-31 ")],
)
def test_a_day_is_one_of_the_calendar(text: str, allowed: bool) -> None:
    assert (typed_text.day_problem(text, datetime(2026, 5, 4, tzinfo=UTC)) is None) is allowed


@pytest.mark.parametrize(("hour", "allowed"), [(0, True), (11, True), (12, False)])
def test_a_day_has_passed_when_it_is_over_everywhere(hour: int, allowed: bool) -> None:
    """The third of May ends last in the zone twelve hours behind UTC."""
    assert (typed_text.day_problem("2026-05-03", datetime(2026, 5, 4, hour, tzinfo=UTC)) is None) is allowed
