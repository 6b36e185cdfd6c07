"""The names of events keep to one grammar, so that people and programs can match on their parts."""

import re

import pytest

from gatebridge.rules.events import Event


@pytest.mark.parametrize("event", Event)
def test_an_event_is_a_source_a_subject_and_an_action(event: Event) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*(:[a-z]+(_[a-z]+)*){2}", event)
    assert f"{event.source}:{event.subject}:{event.action}" == event


@pytest.mark.parametrize("event", Event)
def test_an_event_is_called_by_its_subject_and_action(event: Event) -> None:
    assert event.name == f"{event.subject}_{event.action}".upper()


@pytest.mark.parametrize("event", Event)
def test_an_action_is_over_when_it_is_told(event: Event) -> None:
    assert event.action.endswith(("ed", "set", "frozen", "sent"))


def test_no_name_is_used_twice() -> None:
    assert len({event.value for event in Event}) == len(Event.__members__)


def test_every_setup_verb_of_the_first_step_has_its_event() -> None:
    assert {event.subject for event in Event if event.source == "setup"} == {
        *(
            "first_admin",
            "backup",
            "master_key",
            "record",
            "org",
            "user",
            "profile",
            "permission_set",
            "custom_permission",
            "app",
            "loosening",
        ),
        *("secret", "certificate", "token", "grant", "user_of_app", "app_access", "user_access", "signing_key", "approval", "session"),
        "user_sessions",
        *("access_request", "odd_thing", "factor", "recovery_codes", "browsers", "try"),
    }
