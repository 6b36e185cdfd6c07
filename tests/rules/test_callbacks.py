"""Callback URLs: what can be registered, and that only what is registered is ever redirected to."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.callbacks import LONGEST_SHOWN, Mismatch, match, origin_of, problems, total_problem

CALLBACK = "https://app.example.com/cb"


def refused(sent: str, registered: str = CALLBACK, *, native: bool = False) -> Mismatch:
    found = match(sent, [registered], native=native)
    assert isinstance(found, Mismatch), f"{sent} was taken for {registered}"
    return found


def rejected(uri: str) -> bool:
    """Whether no app, native or not, can register this."""
    return bool(problems(uri, native=False)) and bool(problems(uri, native=True))


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("https://app.example.com", id="a host alone"),
        pytest.param("https://app.example.com/", id="a host and a slash"),
        pytest.param(CALLBACK, id="a path"),
        pytest.param("https://app.example.com:8443/cb", id="a port"),
        pytest.param("https://app.example.com/cb?a=b&tenant=%C3%A9", id="a query"),
        pytest.param("https://xn--bcher-kva.example/cb", id="an international name in its ASCII form"),
        pytest.param("https://intranet/cb", id="a host of one label"),
        pytest.param("https://192.0.2.1/cb", id="an IPv4 address"),
        pytest.param("https://[2001:db8::1]:8443/cb", id="an IPv6 address"),
        pytest.param("https://app.example.com/@team/a.b/...;v=1/%7Eme//x", id="all that a path may hold"),
        pytest.param("https://app.example.com/-._~:@!$&'()+,;=AZaz09%20%5B%99%AF%af?/?:@-._~!$'(),", id="every character of a URL"),
        pytest.param("https://app.example.com/2325ab2f5c/..%30", id="digits that would be something else behind a %"),
        pytest.param("https://app.example.com?a=b", id="a query without a path"),
        pytest.param("https://app.0xyz/cb", id="a last label that only begins like a number"),
        pytest.param(f"https://{'a.' * 126}a/", id="a host of 253 characters"),
        pytest.param("https://0a.9.5b.ab.x-0.y9.z5.a059-z.example/", id="digits and hyphens in the host"),
        pytest.param(f"https://{'a' * 63}.example/", id="a label of 63 characters"),
        pytest.param("http://localhost:1717/OauthRedirect", id="localhost over http"),
        pytest.param("http://127.0.0.1/cb", id="IPv4 loopback over http"),
        pytest.param("http://[::1]:8080/cb", id="IPv6 loopback over http"),
    ],
)
def test_every_app_can_register_https_and_loopback(uri: str) -> None:
    assert problems(uri, native=False) == problems(uri, native=True) == ()


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("com.example.app:/callback", id="one slash"),
        pytest.param("com.example.app://oauth/callback?x=1", id="two slashes and a name"),
        pytest.param("com.example.app:///callback", id="three slashes"),
        pytest.param("com.example.app://a0-5.9z/callback", id="all that its name may hold"),
        pytest.param("c059m-9.example-2.0app9:/", id="hyphens and digits in the scheme"),
    ],
)
def test_a_private_scheme_with_a_dot_is_for_native_apps(uri: str) -> None:
    assert problems(uri, native=True) == ()
    scheme = uri.partition(":")[0]
    assert problems(uri, native=False) == (f"The private scheme {scheme}: is for native apps only: mark the app as native, or use https.",)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "Write the whole URL, beginning with its scheme: https://..."),
        ("/cb", "Write the whole URL, beginning with its scheme: https://..."),
        ("app.example.com/cb", "Write the whole URL, beginning with its scheme: https://..."),
        ("1com.example.app:/cb", "Write the whole URL, beginning with its scheme: https://..."),
        (
            "com+example.app:/cb",
            "The scheme com+example.app: is not allowed."
            " Use https, or http on loopback; a native app may also use a private scheme with a dot.",
        ),
        (
            "https://me@app.example.com/cb",
            "A user name or password before the host is not allowed: leave out the @ and what stands before it.",
        ),
        ("https://app.example.com/cb#/..?code=1", "A callback URL has no fragment: leave out the # and what follows it."),
        ("https://app.example.com#x", "A callback URL has no fragment: leave out the # and what follows it."),
        ("http://app.example.com/cb", "http is for loopback only (127.0.0.1, [::1], localhost): use https."),
        ("http://127.0.0.2/cb", "http is for loopback only (127.0.0.1, [::1], localhost): use https."),
        ("http://[0:0:0:0:0:0:0:1]/cb", "http is for loopback only (127.0.0.1, [::1], localhost): use https."),
        ("http://localhost.example.com/cb", "http is for loopback only (127.0.0.1, [::1], localhost): use https."),
        ("https:/app.example.com/cb", "After https: come two slashes and the host."),
        ("https:app.example.com", "After https: come two slashes and the host."),
        ("https:///cb", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://app..example.com/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://app.example.com./cb", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://-app.example.com/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://app_1.example.com/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://app%2eexample.com/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        (f"https://{'a' * 64}.example/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        (f"https://{'a.' * 126}aa/", "The host is not a name, an IPv4 address or an IPv6 address in brackets."),
        ("https://127.1/cb", "A host that ends in a number must be an IPv4 address such as 192.0.2.1."),
        ("https://192.0.2.01/cb", "A host that ends in a number must be an IPv4 address such as 192.0.2.1."),
        ("https://app.0x09be/cb", "A host that ends in a number must be an IPv4 address such as 192.0.2.1."),
        ("https://0x7f000001/cb", "A host that ends in a number must be an IPv4 address such as 192.0.2.1."),
        ("https://example.5/cb", "A host that ends in a number must be an IPv4 address such as 192.0.2.1."),
        (
            "https://app.example.com:/cb",
            "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        ),
        (
            "https://app.example.com:0/cb",
            "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        ),
        (
            "https://app.example.com:080/",
            "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        ),
        (
            "https://app.example.com:65536",
            "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        ),
        (
            "https://app.example.com:1:2/",
            "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        ),
        ("https://app.example.com/a[", "Brackets are allowed around an IPv6 address only."),
        ("https://app.example.com/a]", "Brackets are allowed around an IPv6 address only."),
        ("https://app.example.com/a[1]", "Brackets are allowed around an IPv6 address only."),
        ("com.example.app:callback", "After a private scheme comes a slash, as in com.example.app:/callback."),
        ("com.example.app://u@h/cb", "After the two slashes of a private scheme come only lower case letters, digits, dots and hyphens."),
    ],
)
def test_what_breaks_the_grammar_is_refused_with_the_reason(uri: str, words: str) -> None:
    assert problems(uri, native=True) == (words,)


def test_a_callback_url_with_several_faults_hears_of_each() -> None:
    assert problems("HTTP://App.example.com:0/../*#x", native=False) == (
        "A callback URL has no fragment: leave out the # and what follows it.",
        "There are no wildcards: register each callback URL in full, without *.",
        "Write the scheme in lower case.",
        "Write the host in lower case.",
        "A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.",
        "The path holds a dot segment (. or ..): write the path that is meant.",
    )


def test_a_private_scheme_with_several_faults_hears_of_each() -> None:
    assert problems("MyApp:/cb", native=True) == (
        "Write the scheme in lower case.",
        "The scheme myapp: is not allowed. Use https, or http on loopback; a native app may also use a private scheme with a dot.",
    )


def test_callback_urls_have_2000_characters_in_all() -> None:
    assert problems("https://a.example/" + "x" * 1_982, native=False) == ()
    assert problems("https://a.example/" + "x" * 1_983, native=False) == ("A callback URL has at most 2,000 characters.",)
    assert total_problem(["x" * 1_000, "y" * 1_000]) is None
    assert total_problem(["x" * 1_000, "y" * 1_001]) == "The callback URLs of an app have at most 2,000 characters in all, not 2,001."


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("uri", [CALLBACK, "https://app.example.com/cb?a=b", "http://localhost:8080/callback"])
def test_a_registered_callback_url_is_proven_as_it_was_sent(uri: str, native: bool) -> None:
    assert match(uri, ["https://other.example/", uri], native=native) == uri


@pytest.mark.parametrize(
    "uri", ["https://app.example.com*", "https://*.example.com/cb", "https://app.example.com/cb*", "https://app.example.com/?a=*"]
)
def test_X_RU_01_no_wildcard_can_be_registered(uri: str) -> None:
    assert rejected(uri)


@pytest.mark.parametrize(
    "sent",
    [
        "https://app.example.com.otherdomain.com/cb",
        "https://app.example.comx/cb",
        "https://app.example.com/cb/more",
        "https://app.example.com/c",
        "https://app.example.com/",
        "https://app.example.com",
        "https://app.example.com/cb*",
        "*",
        "",
    ],
)
def test_X_RU_01_a_longer_or_shorter_url_is_another_one(sent: str) -> None:
    refused(sent)


@pytest.mark.parametrize(
    "uri", ["https://good@evil/", "https://a@b@good/cb", "https://good:80@evil/", "https://@good/", "https://a:b@good/cb"]
)
def test_X_RU_02_a_user_before_the_host_is_refused_and_never_matches(uri: str) -> None:
    assert rejected(uri)
    assert refused(uri, "https://good/").part in {"user", "host", "port"}
    assert refused(uri, uri).part == "registration"


@pytest.mark.parametrize(
    "path",
    [
        "/cb/../x",
        "/cb/..;/x",
        "/cb/%2e%2e/x",
        "/cb/.%2E/x",
        "/cb/./x",
        "/cb/..%3b/x",
        "/cb/..%3B/x",
        "/cb/%252e%252e/x",
        "/cb/..",
        "/cb%2fx",
        "/cb%5Cx",
    ],
)
def test_X_RU_03_what_another_reader_would_normalise_is_refused_and_never_matches(path: str) -> None:
    assert rejected("https://app.example.com" + path)
    refused("https://app.example.com" + path, "https://app.example.com/x")
    refused("https://app.example.com" + path)


@pytest.mark.parametrize(
    "uri",
    [
        "https:\\\\evil",
        "/\\evil",
        "https://good\\@evil/cb",
        "https://app.example.com/\tcb",
        "https://app.example.com/cb\n",
        "https://app.example.com/cb\r\nLocation: https://evil",
        "https://app.example.com/cb\x00",
        "https://app.example.com/%09",
        "https://app.example.com/?a=%0a",
        "https://app.example.com/%7f",
        "https://app.example.com/c b",
        'https://app.example.com/"',
        "https://app.example.com/<b>",
        "https://app.example.com/%",
        "https://app.example.com/%zz",
        "https://app.example.com/é",
        "https://bücher.example/cb",
        "https://app.example.com\uff0fcb",
    ],
)
def test_X_RU_04_a_byte_outside_the_grammar_is_refused_and_never_matches(uri: str) -> None:
    assert rejected(uri)
    refused(uri)
    assert refused(uri, uri).part == "registration"


@pytest.mark.parametrize("code", [*range(0x20), 0x7F])
def test_X_RU_04_no_control_character_is_let_in_percent_encoded(code: int) -> None:
    words = ("A control character is not allowed, also not percent-encoded.",)
    assert problems(f"{CALLBACK}%{code:02x}", native=False) == problems(f"{CALLBACK}%{code:02X}", native=False) == words


@pytest.mark.parametrize("code", ["09", "90", "AF", "FA", "be", "BE"])
def test_X_RU_04_nothing_is_percent_encoded_twice(code: str) -> None:
    assert problems(f"{CALLBACK}%25{code}", native=False) == ("Something is percent-encoded twice: write it once.",)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://a.example/ b", "A blank is not allowed in a URL, and each URL stands by itself."),
        ("https://a.example/\t", "The character U+0009 is not allowed in a URL."),
        ("https://a.example\\b", "The character \\ is not allowed in a URL."),
        ("https://é.example", "Write a URL in ASCII: the host in its xn-- form, other characters percent-encoded."),
    ],
)
def test_a_character_outside_the_grammar_is_named(uri: str, words: str) -> None:
    assert problems(uri, native=False) == (words,)


@pytest.mark.parametrize("uri", ["a.example/cb", "localhost:3000/cb", "localhost:3/cb", "app.example.com:8443/cb", "127.0.0.1:3000"])
def test_a_scheme_that_was_left_out_is_missed(uri: str) -> None:
    assert problems(uri, native=True) == ("Write the whole URL, beginning with its scheme: https://...",)


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ("https://app.example.com/CB", "path"),
        ("HTTPS://app.example.com/cb", "scheme"),
        ("https://App.example.com/cb", "host"),
        ("https://app.example.com/cb?A=b", "query"),
    ],
)
def test_X_RU_05_case_matters_everywhere(sent: str, part: str) -> None:
    mismatch = refused(sent, "https://app.example.com/cb?a=b" if part == "query" else CALLBACK)
    assert mismatch.part == part
    assert mismatch.words.endswith(" It is upper and lower case only, which matters.")


@pytest.mark.parametrize(
    ("sent", "registered"),
    [
        (CALLBACK + "?x=1", CALLBACK),
        (CALLBACK + "?code=stolen", CALLBACK),
        (CALLBACK + "?", CALLBACK),
        (CALLBACK, CALLBACK + "?a=b"),
        (CALLBACK + "?a=b&c=d", CALLBACK + "?a=b"),
        (CALLBACK + "?a=B", CALLBACK + "?a=b"),
        (CALLBACK + "?a=%62", CALLBACK + "?a=b"),
    ],
)
def test_X_RU_06_the_query_is_part_of_the_string(sent: str, registered: str) -> None:
    assert refused(sent, registered).part == "query"


ENCODED = ["toke%6E_type=1", "toke%6e_type=1", "c%6fde=1", "sco%70e=1", "id%5Ftoken=1"]


@pytest.mark.parametrize(
    "query", ["code=1", "state", "a=b&error=x", "a=b;iss=x", "c%6Fde=1", "STATE=1", "+code=1", "access_token=", *ENCODED]
)
def test_X_RU_06_a_parameter_that_our_answer_brings_cannot_be_registered(query: str) -> None:
    assert rejected(f"{CALLBACK}?{query}")
    assert not rejected(f"{CALLBACK}?x{query.replace('&', '_').replace(';', '_').replace('+', '')}")


@pytest.mark.parametrize(
    "name",
    [
        *("code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"),
        *("access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"),
    ],
)
def test_X_RU_06_each_of_them_is_named(name: str) -> None:
    assert problems(f"{CALLBACK}?{name}=1", native=False) == (f"The query already has {name}, which our own answer adds.",)


def test_X_RU_06_several_of_them_are_named_together() -> None:
    words = "The query already has code, error, iss, state, which our own answer adds."
    assert problems(f"{CALLBACK}?state=1&code=1&iss=1&error=1", native=False) == (words,)


@pytest.mark.parametrize("uri", [CALLBACK + "#", CALLBACK + "#a", CALLBACK + "%23", CALLBACK + "?a=%23"])
def test_X_RU_07_a_fragment_also_an_empty_one_is_refused_and_never_matches(uri: str) -> None:
    assert rejected(uri)
    refused(uri)


def test_std_AZ_05_a_fragment_is_named_as_what_differs() -> None:
    assert refused(CALLBACK + "#a").part == "fragment"


@pytest.mark.parametrize(
    ("registered", "sent"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:65535"),
        ("http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb?a=b"),
        ("http://127.0.0.1?a=b", "http://127.0.0.1:1?a=b"),
        ("http://[::1]/cb", "http://[::1]:51004/cb"),
    ],
)
def test_X_RU_08_a_native_app_may_use_any_port_of_a_literal_loopback_address(registered: str, sent: str) -> None:
    assert match(sent, ["https://a.example/", "http://127.0.0.1/other", registered], native=True) == sent
    assert refused(sent, registered, native=False).part == "port"


@pytest.mark.parametrize(
    ("registered", "sent"),
    [
        pytest.param("http://127.0.0.1/cb", "http://localhost:51004/cb", id="another name of the host"),
        pytest.param("http://127.0.0.1/cb", "http://[::1]:51004/cb", id="the other address family"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.2:51004/cb", id="another loopback address"),
        pytest.param("http://127.0.0.1/cb", "http://127.1:51004/cb", id="another spelling of the address"),
        pytest.param("http://[::1]/cb", "http://[0::1]:51004/cb", id="another spelling of the IPv6 address"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/x", id="another path"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/CB", id="another case of the path"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x=1", id="another query"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#", id="a fragment"),
        pytest.param("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", id="another scheme"),
        pytest.param("http://127.0.0.1/cb", "HTTP://127.0.0.1:51004/cb", id="another case of the scheme"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", id="port 0"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", id="a port with a leading zero"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", id="a port that does not exist"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:/cb", id="an empty port"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", id="a port that is a user"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:80.evil.example/cb", id="a port that is a host"),
        pytest.param("http://localhost/cb", "http://localhost:51004/cb", id="localhost registered"),
        pytest.param("https://127.0.0.1/cb", "https://127.0.0.1:51004/cb", id="https registered"),
        pytest.param("https://app.example.com/cb", "https://app.example.com:51004/cb", id="a host that is not loopback"),
    ],
)
def test_X_RU_08_nothing_but_the_port_may_differ_and_only_there(registered: str, sent: str) -> None:
    refused(sent, registered, native=True)


@pytest.mark.parametrize(
    ("registered", "sent", "part"),
    [
        ("http://127.0.0.1", "http://127.0.0.1.evil.example", "host"),
        ("http://127.0.0.1", "http://127.0.0.1:80@evil.example", "user"),
        ("http://127.0.0.1.evil.example", "http://127.0.0.1:80", "host"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", "port"),
    ],
)
def test_X_RU_08_what_is_no_port_is_another_url(registered: str, sent: str, part: str) -> None:
    assert refused(sent, registered, native=True).part == part


@pytest.mark.parametrize("native", [False, True])
def test_X_RU_09_an_app_without_a_callback_url_has_none(native: bool) -> None:
    assert match(CALLBACK, [], native=native) == Mismatch(
        None, "registration", CALLBACK, "", "The app has no callback URL: register the one that it uses."
    )


def test_X_RU_09_a_registered_url_is_no_pattern() -> None:
    refused("https://appXexample.com/cb", "https://app.example.com/cb")
    refused("https://app.example.com/aaa", "https://app.example.com/a+")


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "JaVaScript:alert(1)",
            "javascript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://a.example/x",
        ),
        *(
            "file:///etc/passwd",
            "ftp://a.example/",
            "about:blank",
            "myapp:/cb",
            "myapp://cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "//a.example/cb",
        ),
        *("com..app:/cb", ".app:/cb", "com.example.:/cb", "com+example.app:/cb"),
    ],
)
def test_X_RU_10_any_scheme_but_https_loopback_http_and_private_ones_with_a_dot_is_refused(uri: str) -> None:
    assert rejected(uri)
    assert refused(uri, uri, native=True).part == "registration"


def test_X_RU_10_a_private_scheme_stops_working_when_the_app_is_no_longer_native() -> None:
    uri = "com.example.app:/cb"
    assert match(uri, [uri], native=True) == uri
    assert refused(uri, uri, native=False).words == (
        "This callback URL is registered but cannot be used. "
        "The private scheme com.example.app: is for native apps only: mark the app as native, or use https."
    )
    assert refused(uri, uri).nearest == uri
    assert refused(f"{uri}#", f"{uri}#").words == (
        "This callback URL is registered but cannot be used. A callback URL has no fragment: leave out the # and what follows it."
    )


@pytest.mark.parametrize(
    "uri",
    [
        *(" https://app.example.com/cb", "\x0bhttps://a.example/", "https://[a.example]/", "https://[::1/", "https://[::1]x/"),
        *("https://a[::1]/", "https://[fe80::1%25eth0]/", "https://[::ffff:192.0.2.1]/", "https://[v1.x]/", "https://[]/"),
    ],
)
def test_X_RU_15_what_url_libraries_have_let_through_is_refused(uri: str) -> None:
    assert rejected(uri)


label = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
tail = st.text(string.ascii_letters + string.digits + "-._~!$&'()+,;=:@/", max_size=20)
generated = st.builds(
    lambda labels, port, path, query: "https://" + ".".join(labels) + port + "/" + path + query,
    st.lists(label, min_size=1, max_size=4),
    st.sampled_from(["", ":443", ":8443"]),
    tail,
    st.one_of(st.just(""), tail.map("?".__add__)),
)
anything = st.text(st.sampled_from("htps:/.@#?[]%*\\ aA1é\n127.0.0.1com"), max_size=40)


@given(generated, st.booleans())
def test_X_RU_15_what_is_stored_is_what_is_compared_and_what_is_redirected_to(uri: str, native: bool) -> None:
    if problems(uri, native=native):
        assert isinstance(match(uri, [uri], native=native), Mismatch)
    else:
        assert match(uri, [uri], native=native) == uri


@given(st.one_of(generated, anything), st.booleans())
def test_X_RU_15_what_can_be_registered_is_plain_ascii_with_a_plain_host(uri: str, native: bool) -> None:
    if not problems(uri, native=native):
        assert re.fullmatch(r"(https://|http://(localhost|127\.0\.0\.1|\[::1\])|[a-z][a-z0-9-]*\.[a-z0-9.-]+:/)[!-~]*", uri)
        assert not re.search(r"[\\#*\s]|^https?://[^/?]*@", uri)


@given(st.one_of(generated, anything), st.lists(generated, max_size=3), st.booleans())
def test_std_AZ_02_only_a_string_equal_to_a_registered_one_is_proven(sent: str, registered: list[str], native: bool) -> None:
    if sent not in registered:
        mismatch = match(sent, registered, native=native)
        assert isinstance(mismatch, Mismatch)
        assert mismatch.nearest in [*registered, None]
        assert mismatch.nearest is None or mismatch.words.startswith(f"The {mismatch.part} differs: ")


@given(generated, st.integers(0, 60), st.sampled_from("/:@#?[]%*\\. aA1é\n"), st.booleans())
def test_X_RU_15_one_more_character_anywhere_is_another_url(uri: str, place: int, character: str, native: bool) -> None:
    assert isinstance(match(uri[:place] + character + uri[place:], [uri], native=native), Mismatch)


@given(st.one_of(st.text(), anything), st.lists(st.one_of(st.text(), anything), max_size=2), st.booleans())
def test_a_mismatch_shows_nothing_but_short_printable_ascii(sent: str, registered: list[str], native: bool) -> None:
    found = match(sent, registered, native=native)
    if isinstance(found, Mismatch):
        assert re.fullmatch(r"[ -~]*", found.sent + found.registered)
        assert len(found.sent) <= LONGEST_SHOWN
        assert len(found.registered) <= LONGEST_SHOWN


def test_std_AZ_02_a_registered_query_works_and_a_changed_one_does_not() -> None:
    registered = "https://app.example.com/cb?a=b"
    assert match(registered, [registered], native=False) == registered
    refused("https://app.example.com/cb?a=c", registered)


def test_std_AZ_03_any_port_is_neither_for_https_nor_for_localhost() -> None:
    refused("http://localhost:2/cb", "http://localhost:1/cb", native=True)
    refused("https://127.0.0.1:2/cb", "https://127.0.0.1:1/cb", native=True)


ZEBRA = "https://zebra.example/"


@pytest.mark.parametrize(
    ("sent", "mismatch"),
    [
        pytest.param(
            "http://app.example.com/cb",
            Mismatch(CALLBACK, "scheme", "http", "https", "The scheme differs: “http” was sent, “https” is registered."),
            id="the scheme",
        ),
        pytest.param(
            "https://me@app.example.com/cb",
            Mismatch(CALLBACK, "user", "me", "", "The user differs: “me” was sent, nothing is registered."),
            id="a user",
        ),
        pytest.param(
            "https://app.example.org/cb",
            Mismatch(
                CALLBACK,
                "host",
                "app.example.org",
                "app.example.com",
                "The host differs: “app.example.org” was sent, “app.example.com” is registered.",
            ),
            id="the host",
        ),
        pytest.param(
            "https://app.example.com:443/cb",
            Mismatch(CALLBACK, "port", "443", "", "The port differs: “443” was sent, nothing is registered."),
            id="a port, also the one that is meant without it",
        ),
        pytest.param(
            "https://app.example.com/cb/",
            Mismatch(
                CALLBACK, "path", "/cb/", "/cb", "The path differs: “/cb/” was sent, “/cb” is registered. It is the slash at the end."
            ),
            id="the slash at the end",
        ),
        pytest.param(
            "https://app.example.com/callback",
            Mismatch(CALLBACK, "path", "/callback", "/cb", "The path differs: “/callback” was sent, “/cb” is registered."),
            id="the path",
        ),
        pytest.param(
            "https://app.example.com/cb?",
            Mismatch(CALLBACK, "query", "", "", "The query differs: “” was sent, nothing is registered."),
            id="an empty query",
        ),
        pytest.param(
            "https://app.example.com/cb\u202e\n",
            Mismatch(CALLBACK, "path", "/cb\\u202e\\n", "/cb", "The path differs: “/cb\\u202e\\n” was sent, “/cb” is registered."),
            id="what cannot be seen is shown",
        ),
        pytest.param(
            "http://localhost:8081/cb",
            Mismatch(
                "http://localhost:8080/cb",
                "port",
                "8081",
                "8080",
                "The port differs: “8081” was sent, “8080” is registered."
                " Only a native app may use any port, and only on http://127.0.0.1 and http://[::1].",
            ),
            id="the port of localhost",
        ),
        pytest.param(
            "http://localhost:8080/other",
            Mismatch("http://localhost:8080/cb", "path", "/other", "/cb", "The path differs: “/other” was sent, “/cb” is registered."),
            id="the path of localhost",
        ),
        pytest.param(
            "https://app.example.com/a\\b",
            Mismatch(CALLBACK, "path", "/a\\b", "/cb", "The path differs: “/a\\b” was sent, “/cb” is registered."),
            id="what can be seen is shown as it is",
        ),
        pytest.param(
            "/cb:1",
            Mismatch(ZEBRA, "scheme", "", "https", "The scheme differs: nothing was sent, “https” is registered."),
            id="a scheme that was left out",
        ),
        pytest.param(
            "com.example:cb:1",
            Mismatch(ZEBRA, "scheme", "com.example", "https", "The scheme differs: “com.example” was sent, “https” is registered."),
            id="a scheme ends at the first colon",
        ),
        pytest.param(
            "https://[::1]/cb",
            Mismatch(CALLBACK, "host", "[::1]", "app.example.com", "The host differs: “[::1]” was sent, “app.example.com” is registered."),
            id="an address in brackets has no port inside",
        ),
    ],
)
def test_a_near_miss_names_the_part_that_differs(sent: str, mismatch: Mismatch) -> None:
    registered = [ZEBRA, CALLBACK, "http://localhost:8080/cb"]
    assert match(sent, registered, native=False) == mismatch


def test_the_hint_is_the_same_from_the_other_side() -> None:
    assert refused(CALLBACK, f"{CALLBACK}/").words.endswith("“/cb/” is registered. It is the slash at the end.")
    assert refused(CALLBACK, "https://app.example.com/CB").words.endswith(" It is upper and lower case only, which matters.")


def test_no_more_is_shown_than_can_be_read() -> None:
    host, hidden = "https://app.example.com/", "\u202e" * 600
    assert len(refused(f"{host}{hidden}").sent) == len(refused(f"{host}{'x' * 600}").sent) == 512


def test_the_nearest_is_on_the_same_host_whatever_else_differs() -> None:
    registered = ["https://other.example/login?a=b", "https://app.example.com:8443/cb"]
    mismatch = match("https://app.example.com/login?a=b", registered, native=False)
    assert isinstance(mismatch, Mismatch)
    assert mismatch.nearest == "https://app.example.com:8443/cb"


def test_the_nearest_is_the_one_on_the_same_host() -> None:
    registered = ["https://other.example/login/done", "https://app.example.com/cb"]
    mismatch = match("https://app.example.com/login/done", registered, native=False)
    assert isinstance(mismatch, Mismatch)
    assert mismatch.nearest == "https://app.example.com/cb"


def test_among_several_on_one_host_the_nearest_begins_alike() -> None:
    registered = ["https://app.example.com/a/very/long/one", "https://app.example.com/login/done", "https://app.example.com/b"]
    mismatch = match("https://app.example.com/login/don", registered, native=False)
    assert isinstance(mismatch, Mismatch)
    assert mismatch.nearest == "https://app.example.com/login/done"


@pytest.mark.parametrize(
    ("callback", "origin"),
    [
        (CALLBACK, "https://app.example.com"),
        ("https://app.example.com:443/cb", "https://app.example.com"),
        ("https://app.example.com:8443/cb", "https://app.example.com:8443"),
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com?a=b", "https://app.example.com"),
        ("https://app.example.com#a", "https://app.example.com"),
        ("http://127.0.0.1:8080/cb", None),
        ("com.example.app://https://a.example/cb", None),
    ],
)
def test_a_callback_over_https_has_an_origin_as_browsers_send_it(callback: str, origin: str | None) -> None:
    assert origin_of(callback) == origin
