"""Requests as no client sends them: known names with odd values, live values in wrong places, bytes that are no text."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

FORM = "application/x-www-form-urlencoded"
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))

PARAMETERS = (
    *("grant_type", "response_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "assertion", "scope"),
    *("code", "redirect_uri", "code_verifier", "code_challenge", "code_challenge_method", "state", "nonce", "refresh_token"),
    *(
        "response_mode",
        "prompt",
        "max_age",
        "display",
        "ui_locales",
        "claims_locales",
        "login_hint",
        "id_token_hint",
        "acr_values",
        "claims",
    ),
    *(
        "request",
        "request_uri",
        "registration",
        "token",
        "token_type_hint",
        "access_token",
        "oauth_token",
        "format",
        "resource",
        "audience",
    ),
    *("device_code", "user_code", "username", "password", "subject_token", "interaction", "decision", "form_token", "question", "said"),
    *("cursor", "limit", "post_logout_redirect_uri", "logout_hint", "since", "wait", "scope_needed", "number", "sid", "extra"),
)

WORDS = (
    *("authorization_code", "refresh_token", "client_credentials", "password", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    *(
        "urn:ietf:params:oauth:grant-type:device_code",
        "device",
        "device_code",
        "code",
        "token",
        "id_token",
        "token id_token",
        "none",
        "login",
    ),
    *(
        "consent",
        "select_account",
        "create",
        "query",
        "fragment",
        "form_post",
        "form_post.jwt",
        "S256",
        "plain",
        "openid",
        "api id",
        "full",
    ),
    *(
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "true",
        "null",
        "0",
        "-1",
        "1e400",
        "NaN",
        "9" * 30,
        "{}",
        "[]",
        '{"userinfo":null}',
    ),
    *(
        '{"id_token":{"acr":{"essential":true,"values":["x"]}}}',
        '{"userinfo":{"name":{"essential":1}}}',
        "ey.ey.ey",
        "a.b.c.d.e",
        "../..",
        "%00",
        "\r\nX: y",
    ),
    *(
        "https://portal.example/callback",
        "http://127.0.0.1/",
        "javascript:alert(1)",
        "\u202e",
        "\ud7ff",
        "ｆｕｌｌ",
        "'; DROP TABLE users; --",
        "${7*7}",
        "{{7*7}}",
    ),
)

# What a text in a database, a header, a log line and a page each trip over.
SHORT = st.text(max_size=40) | st.text(alphabet="\0\r\n\t\"'<>&;%+= \\/\u2028\ufeff", max_size=12)
TEXTS = SHORT | st.sampled_from(["x" * 2_049, "x" * 9_000])


@dataclass(frozen=True)
class Fuzzed:
    """One request: where, how, and what it says. Shown by Hypothesis when it breaks something."""

    method: str
    path: str
    query: bytes
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(default=())


def encoded(pairs: Sequence[tuple[str, str]]) -> bytes:
    def quoted(text: str) -> str:
        return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")

    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode()


def values(live: Mapping[str, str]) -> SearchStrategy[str]:
    """A word that means something, something odd, or a value that is live somewhere, whole or cut."""
    known = st.sampled_from(sorted(live.values()))
    cut = st.tuples(known, st.integers(0, 40)).map(lambda pair: pair[0][: len(pair[0]) - pair[1]])
    return st.sampled_from(WORDS) | TEXTS | known | cut


def pairs(live: Mapping[str, str], names: Sequence[str] = PARAMETERS, most: int = 10) -> SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(st.sampled_from(names) | st.text(max_size=8), values(live)), max_size=most)


def _basic(live: Mapping[str, str]) -> SearchStrategy[str]:
    import base64

    return st.tuples(values(live), values(live)).map(
        lambda pair: "Basic " + base64.b64encode(f"{pair[0]}:{pair[1]}".encode("utf-8", "surrogatepass")).decode()
    )


def authorizations(live: Mapping[str, str]) -> SearchStrategy[str]:
    """Authorization headers, as far as one line of Latin-1 can hold them."""
    schemes = st.sampled_from(["Bearer", "bearer", "Basic", "DPoP", "Digest", "OAuth", "", "Bearer Bearer"])
    line = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
    return _basic(live) | st.tuples(schemes, line | st.sampled_from(sorted(live.values()))).map(" ".join)


def _headers(live: Mapping[str, str]) -> SearchStrategy[tuple[tuple[str, str], ...]]:
    """What a form is sent with, and at most two more; rarely is the form said to be something else."""
    types = [FORM] * 12 + [
        f"{FORM}; charset=utf-8",
        f"{FORM};charset=utf-16",
        "application/json",
        "multipart/form-data; boundary=x",
        "",
        "x",
    ]
    more: dict[str, SearchStrategy[str]] = {
        "Authorization": authorizations(live),
        "Accept": st.sampled_from(["application/json", "text/html", "*/*", "application/token-introspection+jwt", ""]),
        "Origin": st.sampled_from(["null", "https://portal.example", "https://evil.example", "\xff"]),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br"]),
        "X-Forwarded-For": st.sampled_from(["127.0.0.1", "::1", "not an address", ", ,"]),
        "Cookie": st.sampled_from(["__Host-gb_session=x", "__Host-gb_browser=" + "y" * 53, "=;;=", "a=b; a=b"]),
    }
    one = st.one_of([value.map(lambda text, name=name: (name, text)) for name, value in more.items()])  # type: ignore[misc]
    return st.tuples(st.sampled_from(types), st.lists(one, max_size=2)).map(lambda pair: (("Content-Type", pair[0]), *pair[1]))


def fuzzed(
    paths: Sequence[str],
    live: Mapping[str, str],
    *good: Mapping[str, str],
    methods: Sequence[str] = ("POST", "GET"),
    names: Sequence[str] = PARAMETERS,
) -> SearchStrategy[Fuzzed]:
    """Requests to one of these paths. Most say what one of the good ones says, with a few things otherwise; some are free, some no text."""
    base = st.sampled_from(list(good) or [{}])
    changed = st.tuples(base, pairs(live, names, 3)).map(lambda both: list({**both[0], **dict(both[1])}.items()))
    said = st.one_of(changed, changed, changed, pairs(live, names)).map(encoded)
    raw = st.binary(max_size=60)
    return st.builds(
        Fuzzed,
        st.sampled_from(list(methods)),
        st.sampled_from(list(paths)),
        st.just(b"") | said | raw.map(lambda raw: quote_from_bytes(raw, safe="&=%;+").encode()),
        st.one_of(said, said, said, raw),
        _headers(live),
    )


def bounded(examples: int) -> Callable[[Any], Any]:
    """So many examples, the same ones each time, and no memory of earlier runs. `FUZZ_TIMES` makes it so many times more, and new ones."""
    allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=examples * TIMES, derandomize=TIMES == 1, database=None, deadline=None, suppress_health_check=allowed)
