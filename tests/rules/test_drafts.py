"""A draft laid over recorded facts: what it speaks of is as drafted, and all else as recorded."""

from dataclasses import replace

import pytest
from tests.rules.facts_builder import APP, BARE_FACTS, FACTS, NOW, POLICIES, SERVICE_PROFILE, SETTINGS, SYNC_SET, USER, but

from gatebridge.rules.drafts import Draft, applied
from gatebridge.rules.network import Relaxation
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission

RELAXED = replace(POLICIES, ip_relaxation=Relaxation.RELAX)
NO_FLOW = replace(SETTINGS, flows=frozenset())
SHORT = replace(SERVICE_PROFILE, session_minutes=5)
OTHER = replace(SERVICE_PROFILE, id="00e000000000009")
CLOSED = replace(OTHER, permissions=frozenset())
FULLER = replace(SYNC_SET, permissions=frozenset({Permission.VIEW_SETUP}))
HELD = ((SYNC_SET, Assignment(SYNC_SET.id)),)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (Draft(policies={APP.id: RELAXED}), replace(FACTS, policies=RELAXED)),
        (Draft(settings={APP.id: NO_FLOW}), replace(FACTS, settings=NO_FLOW)),
        (Draft(permits={APP.id: ()}), replace(FACTS, permits=())),
        (Draft(profiles={SERVICE_PROFILE.id: SHORT}), but(FACTS, "standing", profile=SHORT)),
        (Draft(profile_of={USER.id: OTHER}), but(FACTS, "standing", profile=OTHER)),
        (Draft(profile_of={USER.id: OTHER}, profiles={OTHER.id: CLOSED}), but(FACTS, "standing", profile=CLOSED)),
        (Draft(sets={USER.id: HELD}), but(FACTS, "standing", sets=HELD)),
        (
            Draft(sets={USER.id: HELD}, permission_sets={SYNC_SET.id: FULLER}),
            but(FACTS, "standing", sets=((FULLER, Assignment(SYNC_SET.id)),)),
        ),
        (Draft(org=OrgSettings(session_minutes=5)), but(FACTS, "org", settings=OrgSettings(session_minutes=5))),
    ],
    ids=["policies", "settings", "permits", "profile", "another profile", "another one, edited", "sets", "a set, edited", "org"],
)
def test_what_is_drafted_counts(draft: Draft, expected: object) -> None:
    assert applied(draft, FACTS) == expected


@pytest.mark.parametrize(
    "draft",
    [
        Draft(),
        Draft(policies={APP.id: POLICIES}, settings={APP.id: SETTINGS}, permits={APP.id: FACTS.permits}),
        Draft(profiles={SERVICE_PROFILE.id: SERVICE_PROFILE}, sets={USER.id: ()}, org=OrgSettings()),
        Draft(policies={"another": RELAXED}, profiles={"another": SHORT}, profile_of={"another": OTHER}, sets={"another": HELD}),
    ],
    ids=["nothing", "the app as recorded", "people and org as recorded", "others"],
)
def test_a_draft_that_touches_nothing_leaves_the_very_same_facts(draft: Draft) -> None:
    assert applied(draft, FACTS) is FACTS


def test_a_draft_does_not_install_an_app_and_makes_no_user() -> None:
    draft = Draft(policies={APP.id: RELAXED}, sets={USER.id: HELD}, settings={APP.id: NO_FLOW})
    strange = replace(BARE_FACTS, app=APP)
    assert applied(draft, BARE_FACTS) is BARE_FACTS
    assert applied(draft, strange) is strange
    assert strange.now is NOW
