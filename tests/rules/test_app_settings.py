"""The ways to get a token as an app, as its settings have them: what adds one, and what adds none."""

from dataclasses import replace
from typing import Any

import pytest

from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat, ways_in

SETTINGS = AppSettings("0H4000000000001", flows=frozenset({Flow.WEB_SERVER}), scopes=("api",), callbacks=("https://a.example/cb",))


@pytest.mark.parametrize(
    "changes",
    [
        {"flows": SETTINGS.flows | {Flow.CLIENT_CREDENTIALS}},
        {"callbacks": (*SETTINGS.callbacks, "https://b.example/cb")},
        {"callbacks": ("https://b.example/cb",)},
        {"native": True},
        {"auth_methods": frozenset({ClientAuthMethod.NONE})},
        {"pkce_required": False},
        {"require_secret_for_web_server": False},
        {"require_secret_for_refresh": False},
        {"legacy_audience": True},
        {"assertion_audiences": ("https://login.example.com",)},
    ],
    ids=str,
)
def test_it_is_one_more_way_in_and_taking_it_back_is_none(changes: dict[str, Any]) -> None:
    wider = replace(SETTINGS, **changes)
    assert ways_in(wider) - ways_in(SETTINGS)
    assert changes.keys() == {"callbacks"} or not ways_in(SETTINGS) - ways_in(wider)


@pytest.mark.parametrize(
    "changes",
    [
        {"flows": frozenset()},
        {"callbacks": ()},
        {"scopes": ("api", "setup_api")},
        {"auth_methods": frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})},
        {"rotate_refresh_tokens": True},
        {"access_token_format": TokenFormat.JWT},
        {"id_token_minutes": 5},
        {"custom_attributes": (("team", "user.title"),)},
    ],
    ids=str,
)
def test_it_is_no_way_in(changes: dict[str, Any]) -> None:
    assert not ways_in(replace(SETTINGS, **changes)) - ways_in(SETTINGS)
