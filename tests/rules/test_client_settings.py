"""What an app is registered with for one of Salesforce's clients."""

from dataclasses import replace
from typing import Any

import pytest
from tests.rules.facts_builder import FACTS, NOW

from gatebridge.rules import app_checks, client_gaps
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod
from gatebridge.rules.apps import Dialect
from gatebridge.rules.client_guides import WAYS, GuidedClient, Speaks, Way
from gatebridge.rules.client_settings import USUAL, registered, way_of

EVERY_WAY = [pytest.param(way, id=f"{client}:{way.name}") for client, ways in WAYS.items() for way in ways]


def settings(way: Way) -> AppSettings:
    """The settings of an app that is registered so, with what only its owner can say."""
    said: dict[str, Any] = registered(way)
    dialect = said.pop("dialect")
    assert dialect is Dialect.SALESFORCE
    return AppSettings(
        "app",
        flows=frozenset(said["flows"]),
        scopes=tuple(said["scopes"]),
        full_scope_reason="The client asks for it by name." if "full" in said["scopes"] else "",
        callbacks=tuple(said["callbacks"]) or (("https://app.example/callback",) if "web_server" in said["flows"] else ()),
        auth_methods=frozenset(said["auth_methods"]),
        pkce_required=said["pkce_required"],
    )


@pytest.mark.parametrize("way", EVERY_WAY)
def test_it_can_be_saved_and_the_client_lacks_nothing_but_its_certificate(way: Way) -> None:
    made = settings(way)
    assert app_checks.settings_problems(made, frozenset(), Dialect.SALESFORCE) == []
    assert FACTS.app is not None
    facts = replace(FACTS, app=replace(FACTS.app, dialect=Dialect.SALESFORCE), settings=made, now=NOW)
    found = [gap.words for gap in client_gaps.gaps(facts, replace(way, speaks=Speaks.ANY), ())]
    assert found == (["It signs RS256, and the app has no certificate."] if way.signs else [])


@pytest.mark.parametrize("way", EVERY_WAY)
def test_pkce_is_waived_only_for_who_sends_no_challenge(way: Way) -> None:
    assert registered(way)["pkce_required"] is way.challenge


@pytest.mark.parametrize("way", EVERY_WAY)
def test_who_signs_gets_no_secret_that_could_be_lost(way: Way) -> None:
    assert (registered(way)["auth_methods"] == [ClientAuthMethod.PRIVATE_KEY_JWT]) is way.signs


@pytest.mark.parametrize("client", GuidedClient)
def test_a_client_alone_means_how_it_mostly_signs_in(client: GuidedClient) -> None:
    way = way_of(client.value)
    assert isinstance(way, Way)
    assert way.name == USUAL[client]
    assert way_of(f"{client.value}:{way.name}") == way_of(f"{client.value}:") == way


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postman", "There is no client called postman; it is one of sf, jsforce, simple-salesforce, cumulusci."),
        ("", "There is no client called ; it is one of sf, jsforce, simple-salesforce, cumulusci."),
        ("jsforce:soap", "jsforce does not sign in by soap; it does by web, jwt."),
    ],
)
def test_what_there_is_not_is_answered_with_what_there_is(text: str, words: str) -> None:
    assert way_of(text) == words
