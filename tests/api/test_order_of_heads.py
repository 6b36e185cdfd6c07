"""Whoever adds to the revocation feed and to the audit trail takes the feed first, so that two who do so never wait for each other."""

from typing import Any

import pytest
from tests.api.test_requests import opened
from tests.api.test_self_service import add_session, other_app
from tests.web.world import World

from gatebridge.rules.access_requests import RequestKind
from gatebridge.storage import approvals, audit_trail, installations, revocations
from gatebridge.storage.tx import Tx


@pytest.fixture
def taken(acme: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the two, in the order in which they are taken from here on."""
    order: list[str] = []

    def watched(name: str, taking: Any) -> Any:
        def take(*given: Any, **named: Any) -> Any:
            order.append(name)
            return taking(*given, **named)

        return take

    monkeypatch.setattr(revocations, "append", watched("feed", revocations.append))
    monkeypatch.setattr(audit_trail, "lock_head", watched("trail", audit_trail.lock_head))
    return order


def test_when_sessions_of_a_user_are_ended_with_what_apps_have(acme: World, taken: list[str]) -> None:
    bob = acme.add_person("bob", [])
    add_session(acme, bob.user.id)
    taken.clear()
    assert acme.ask("DELETE", f"/users/{bob.user.id}/sessions", end_grants=True, reason="A lost laptop.").status_code == 200
    assert taken == ["feed", "trail", "trail"]


def test_when_a_user_ends_all_apps_and_the_first_is_only_remembered(acme: World, taken: list[str]) -> None:
    bob = acme.add_person("bob", [])
    acme.token(bob)
    portal = other_app(acme)

    def remember(tx: Tx) -> None:
        here = installations.by_app(tx, acme.org.id, portal)
        assert here is not None
        approvals.remember(tx, acme.org.id, here.id, bob.user.id, ["api"], "https://app.example/cb")

    acme.change(remember)
    assert [app["label"] for app in acme.ask("GET", "/me/apps", by=bob).json()] == ["Portal", "App of bob"]
    taken.clear()
    ended = acme.ask("DELETE", "/me/apps", by=bob).json()
    assert [(app["forgotten"], app["sequence"] is not None) for app in ended] == [(True, False), (False, True)]
    assert taken == ["feed", "trail", "trail"]


def test_when_a_request_is_answered_by_a_block(acme: World, taken: list[str]) -> None:
    request_id = opened(acme, RequestKind.APP, other_app(acme))
    taken.clear()
    assert acme.ask("POST", f"/requests/{request_id}/block", body={"reason": "It is not ours."}).status_code == 200
    assert (taken.count("feed"), taken[0]) == (1, "feed")
