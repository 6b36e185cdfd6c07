"""Log lines: one object a line, no secret in it, and no character that forges a line or drives a terminal."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gatebridge.crypto.secrets import Kind
from gatebridge.web import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    written = io.StringIO()
    logs.configure("info", "json", written)
    yield written
    root.handlers, root.level = before[0], before[1]
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


FORGERIES = [
    pytest.param("a\nb", "a\\u000ab", id="a newline"),
    pytest.param("a\r\nb", "a\\u000d\\u000ab", id="a carriage return"),
    pytest.param("a\x1b[31mb", "a\\u001b[31mb", id="the escape of a terminal code"),
    pytest.param("a\u2028b", "a\\u2028b", id="a line separator"),
    pytest.param("a\u202eb", "a\\u202eb", id="a turn to right-to-left"),
    pytest.param("a\u2066b\u2069", "a\\u2066b\\u2069", id="an isolate"),
    pytest.param("a\x9bb", "a\\u009bb", id="a one-byte terminal code"),
    pytest.param("a\ud800b", "a\\ud800b", id="half a pair"),
    pytest.param("ä→😀", "ä→😀", id="plain text of any script stays"),
]


@pytest.mark.parametrize(("sent", "written"), FORGERIES)
def test_X_XS_06_what_forges_a_line_or_drives_a_terminal_is_spelled_out(stream: io.StringIO, sent: str, written: str) -> None:
    structlog.get_logger("t").info("request", path=sent, nested={"agent": [sent]})
    (line,) = lines(stream)
    assert line["path"] == written
    assert line["nested"] == {"agent": [written]}


def test_X_XS_06_a_name_of_a_field_cannot_forge_a_line_either(stream: io.StringIO) -> None:
    structlog.get_logger("t").info("request", nested={"a\nb": 1})
    assert lines(stream)[0]["nested"] == {"a\\u000ab": 1}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("gbs_" + "a" * 44, id="a consumer secret"),
        pytest.param("gba_00DA00000000001_" + "b" * 44, id="an access token"),
        *(pytest.param(f"{kind}{'d' * 49}", id=f"what begins with {kind}") for kind in Kind if kind is not Kind.CONSUMER_KEY),
        pytest.param("00DA00000000001!AQ" + "c" * 60, id="an access token in Salesforce's form"),
        pytest.param("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", id="a JWT"),
        pytest.param("Basic Z2JrX2E6Z2JzX2I=", id="an HTTP Basic header"),
        pytest.param("Bearer abcdefghij", id="a bearer header"),
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(stream: io.StringIO, text: str) -> None:
    structlog.get_logger("t").info("odd", note=f"before {text} after", deep={"list": [text]})
    assert text.split()[-1] not in stream.getvalue()


@pytest.mark.parametrize("name", ["authorization", "Cookie", "client_secret", "password", "assertion", "access_token", "query", "body"])
def test_a_field_that_holds_a_secret_is_hidden_by_its_name(stream: io.StringIO, name: str) -> None:
    structlog.get_logger("t").info("odd", **{name: "hunter2"})
    assert "hunter2" not in stream.getvalue()


def test_X_SX_02_a_traceback_says_where_but_never_what_the_variables_held(stream: io.StringIO) -> None:
    def inner() -> None:
        local_value = "a-local-canary"
        raise RuntimeError(f"broken with gbs_{'x' * 44}, not with {len(local_value)}")

    try:
        inner()
    except RuntimeError as error:
        structlog.get_logger("t").error("fault", exc_info=error)
    (line,) = lines(stream)
    assert line["error"] == "RuntimeError"
    assert "inner" in str(line["went_through"])
    assert "a-local-canary" not in stream.getvalue()
    assert "gbs_x" not in stream.getvalue()


def test_lines_of_libraries_go_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("told %s", "a\nb")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("told a\\u000ab", "warning", "some.library")


def test_the_form_for_people_is_one_line_as_well() -> None:
    root = logging.getLogger()
    before = root.handlers, root.level
    written = io.StringIO()
    try:
        logs.configure("info", "console", written)
        structlog.get_logger("t").info("request", path="a\nb\x1b[1m")
    finally:
        root.handlers, root.level = before[0], before[1]
        structlog.reset_defaults()
    assert written.getvalue().count("\n") == 1
    assert "\x1b[1m" not in written.getvalue()
