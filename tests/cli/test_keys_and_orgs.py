"""Signing keys and orgs at the command line."""

import json
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from tests.api.conftest import acme
from tests.cli.conftest import Terminal, Type
from tests.journeys.installation import Ended
from tests.web.world import ACME, World

from gatebridge.cli import at
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Exit
from gatebridge.cli.main import main
from gatebridge.storage.signing_keys import signing_keys

__all__ = ["acme"]


def test_a_signing_key_is_added_takes_over_is_retired_and_removed(terminal: Terminal, type_: Type) -> None:
    (old,) = (each for each in json.loads(type_("signing-keys", "list", "--json").out) if each["algorithm"] == "ES256")
    assert type_("signing-keys", "add", "HS256").code == Exit.REFUSED
    added = type_("signing-keys", "add", "ES256")
    assert (added.code, "is published, and signs from" in added.out) == (0, True), added.err
    early = type_("signing-keys", "retire", old["kid"])
    assert (early.code, "No other ES256 key signs yet" in early.err) == (Exit.REFUSED, True)
    with terminal.installation.database() as database, database.transaction() as tx:
        tx.connection.execute(signing_keys.update().values(signs_from=datetime.now(UTC)))
    table = type_("signing-keys", "list").out.splitlines()
    assert [line.split()[1] for line in table if line.startswith("ES256")] == ["yes", "no"]
    retired = type_("signing-keys", "retire", old["kid"])
    assert (retired.code, "It can go from" in retired.out) == (0, True), retired.err
    refused = type_("signing-keys", "remove", old["kid"])
    assert (refused.code, "confirmation_required" in refused.err) == (Exit.REFUSED, True)
    assert type_("signing-keys", "remove", old["kid"], "--emergency", "--reason", "It was stolen.").code == Exit.STOPPED
    assert type_("signing-keys", "remove", old["kid"], "--emergency", "--reason", "It was stolen.", "--yes").code == 0
    assert old["kid"] not in type_("signing-keys", "list").out


def test_an_org_is_made_and_listed(acme: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    transport = httpx.MockTransport(acme.client.send)  # a house of its own: the one of all other tests has one org
    monkeypatch.setattr(at, "Api", partial(Api, transport=transport))
    monkeypatch.setenv("GATEBRIDGE_CLI_TOKEN", acme.token(acme.admin))
    monkeypatch.setenv("GATEBRIDGE_CLI_URL", f"http://{ACME}")

    def typed(*words: str) -> Ended:
        code = main(list(words))
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    said = ("--admin-username", "bea@acme.example", "--admin-email", "bea@acme.example", "--admin-last-name", "Boss")
    made = typed("orgs", "create", "Acme Sandbox", "--host", "sandbox.id.example.com", *said)
    assert (made.code, "answers at https://sandbox.id.example.com" in made.out) == (0, True), made.err
    (found,) = json.loads(typed("orgs", "list", "--search", "sandbox", "--json").out)
    assert (found["name"], found["kind"], found["issuer"]) == ("Acme Sandbox", "sandbox", "https://sandbox.id.example.com")
    assert found["id"] in typed("orgs", "list").out
    twice = typed("orgs", "create", "Again", "--host", "sandbox.id.example.com", *said)
    assert (twice.code, "host" in twice.err) == (Exit.REFUSED, True)


def test_what_nobody_has_is_shown_and_deleted(type_: Type) -> None:
    permset = json.loads(type_("permsets", "create", "Short-lived", "--api-name", "short_lived", "--json").out)["id"]
    profile = json.loads(type_("profiles", "create", "Short-lived", "--json").out)["id"]
    assert "short_lived" in type_("permsets", "show", permset).out
    for group, record in (("permsets", permset), ("profiles", profile)):
        assert type_(group, "delete", record).code == 0
        assert (type_(group, "show", record).code, type_(group, "delete", record).code) == (Exit.REFUSED, Exit.REFUSED)


def test_an_invitation_is_sent_anew_until_it_is_accepted(type_: Type) -> None:
    profile = json.loads(type_("profiles", "list", "--search", "Standard", "--json").out)[0]["id"]
    said = ("late@example.com", "--email", "late@example.com", "--last-name", "Late", "--profile", profile)
    invited = json.loads(type_("users", "invite", *said, "--json").out)
    again = json.loads(type_("users", "invite-again", invited["id"], "--json").out)
    assert again["invitation_expires_at"] > invited["invitation_expires_at"]


def test_scopes_of_the_orgs_own_are_set_shown_and_taken_back(type_: Type) -> None:
    edited = type_("org", "edit", "--custom-scope", "ledger_read=Read your ledger")
    assert (edited.code, "ledger_read = Read your ledger" in edited.out) == (0, True), edited.err
    assert json.loads(type_("org", "edit", "--custom-scope", "", "--json").out)["custom_scopes"] == []
    assert type_("org", "edit", "--custom-scope", "ledger_read").code == Exit.USAGE


def test_lists_are_narrowed_as_their_pages_are(type_: Type) -> None:
    assert json.loads(type_("users", "list", "--frozen", "--json").out) == []
    profile = json.loads(type_("profiles", "list", "--search", "Administrator", "--json").out)[0]["id"]
    (ada,) = json.loads(type_("users", "list", "--profile", profile, "--state", "active", "--json").out)
    assert ada["username"] == "ada@example.com"
    assert {each["flow"] for each in json.loads(type_("history", "list", "--flow", "client_credentials", "--json").out)} == {
        "client_credentials"
    }
    refused = json.loads(type_("history", "list", "--gate", "permitted", "--address", "203.0.113.9", "--json").out)
    assert refused == json.loads(type_("usage", "list", "--search", "nothing is called so", "--json").out) == []
    assert json.loads(type_("apps", "list", "--flow", "user_agent", "--json").out) == []
    named = ("--secret-name", "Of the vault", "--secret-days", "30")
    app = json.loads(type_("apps", "create", "Named", "--api-name", "named", "--contact", "d@example.com", *named, "--json").out)
    (secret,) = json.loads(type_("secrets", "list", app["id"], "--json").out)
    assert (secret["name"], secret["expires_at"] is not None) == ("Of the vault", True)
