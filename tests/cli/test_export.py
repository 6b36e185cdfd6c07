"""Whole lists at the command line: where they go, how a view is named, and what is said of a file that ends early."""

import csv
import json
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Terminal, Type, mode_of

from gatebridge.cli import export
from gatebridge.cli.client import Api
from gatebridge.cli.credentials import Credentials
from gatebridge.cli.exits import Exit, Stop
from gatebridge.rules.exported import Style, ended
from gatebridge.web.console.exports import TOO_LONG


def test_a_list_is_printed_or_written_to_a_file_that_nobody_else_reads(type_: Type, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    written = type_("export", "users", "--output", str(file))
    assert (written.code, written.out, "whole list" in written.err, mode_of(file)) == (0, "", True, 0o600)
    printed = type_("export", "users")
    assert printed.out == file.read_bytes().decode()
    assert {row["username"] for row in csv.DictReader(file.read_text("utf-8-sig").splitlines())} >= {"ada@example.com"}
    again = type_("export", "users", "-o", str(file))
    assert (again.code, "File exists" in again.err) == (Exit.USAGE, True)
    (newest, *_) = json.loads(type_("audit", "list", "--json").out)
    assert (newest["event"], newest["target"]) == ("setup:record:exported", "Users")


def test_a_view_is_named_by_its_address_however_it_was_copied(terminal: Terminal, type_: Type) -> None:
    view = "audit?event=setup%3Arecord%3Aexported&sort=time"
    for said in (view, f"/setup/{view}", f"{terminal.installation.base_url}/setup/{view}"):
        read = json.loads(type_("export", said, "--json").out)
        assert (read["address"], read["complete"]) == (f"/setup/{view}", True)
        assert {row["event"] for row in read["rows"]} == {"setup:record:exported"}
    elsewhere = type_("export", f"https://id.other.example/setup/{view}")
    assert (elsewhere.code, "another server" in elsewhere.err) == (Exit.USAGE, True)


def test_what_is_refused_leaves_no_file(type_: Type, tmp_path: Path) -> None:
    refused = type_("export", "nonsense", "--output", str(tmp_path / "x"))
    assert (refused.code, "view: This is the address of no list" in refused.err) == (Exit.REFUSED, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("style", Style)
def test_a_file_that_ends_early_is_told_from_a_whole_one(style: Style) -> None:
    row = 'a,"(b, c)"\r\n' if style is Style.CSV else '[\n{"complete": false}'
    assert export._cut(style, row + ended(style, "")) == ""
    assert export._cut(style, row + ended(style, TOO_LONG)) == TOO_LONG
    assert bool(export._cut(style, row)) is (style is Style.JSON), "CSV has no end of its own: what breaks off is told by the connection"


def test_an_answer_that_breaks_off_is_not_taken_for_whole() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me"):
            return httpx.Response(200, json={})

        def breaks_off() -> object:
            yield b"line,at\r\n"
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

        return httpx.Response(200, content=breaks_off())  # type: ignore[arg-type]

    with Api(Credentials("https://id.example", token="gba_x"), httpx.MockTransport(server)) as api:
        pieces = api.download("/exports", {})
        assert next(pieces) == b"line,at\r\n"
        with pytest.raises(Stop) as stopped:
            next(pieces)
    assert (stopped.value.code, "not whole" in stopped.value.words) == (Exit.UNREACHABLE, True)
