"""Whom it acts for: the gates User and Permitted."""

from datetime import datetime

import pytest
from tests.rules.facts_builder import (
    A_MOMENT,
    ASKED_ABOUT,
    ASKING,
    FACTS,
    NOW,
    PRESENTING,
    SERVICE_PROFILE,
    SYNC_SET,
    approved,
    but,
    finding,
)

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.people import Assignment, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import permitted as permitted_reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.verdict import State

# The same user, behind a token that was given by a flow with a sign-in.
SIGNED_IN = but(ASKED_ABOUT, "token", flow=Flow.WEB_SERVER)
DOORS = [pytest.param(ASKING, id="for a token"), pytest.param(ASKED_ABOUT, id="asked about"), pytest.param(PRESENTING, id="at our own API")]

INVITED = but(FACTS, "standing.user", state=UserState.INVITED)
DEACTIVATED = but(FACTS, "standing.user", state=UserState.DEACTIVATED)
FROZEN = but(FACTS, "standing.user", frozen=True)
FROZEN_AND_GONE = but(DEACTIVATED, "standing.user", frozen=True)
WITHOUT_RIGHTS = but(FACTS, "standing.profile", permissions=frozenset())
WITH_ALL_OTHER_RIGHTS = but(FACTS, "standing.profile", permissions=EVERY_POWER - {Permission.API_ENABLED})


@pytest.mark.parametrize(
    ("facts", "attempt", "reason", "words"),
    [
        pytest.param(FACTS, ASKING, None, "sync@acme.example is active", id="an active run-as user may"),
        pytest.param(INVITED, ASKING, user_reasons.RUN_AS_INACTIVE, "sync@acme.example is invited", id="an invited run-as user may not"),
        pytest.param(DEACTIVATED, ASKING, user_reasons.RUN_AS_INACTIVE, "sync@acme.example is deactivated", id="nor a deactivated one"),
        pytest.param(FROZEN, ASKING, user_reasons.RUN_AS_FROZEN, "sync@acme.example is frozen", id="nor a frozen one"),
        pytest.param(
            FROZEN_AND_GONE,
            ASKING,
            user_reasons.RUN_AS_INACTIVE,
            "sync@acme.example is deactivated",
            id="deactivated is said before frozen",
        ),
        pytest.param(INVITED, SIGNED_IN, user_reasons.USER_INACTIVE, "sync@acme.example is invited", id="a user who signed in, invited"),
        pytest.param(DEACTIVATED, SIGNED_IN, user_reasons.USER_INACTIVE, "sync@acme.example is deactivated", id="the same, deactivated"),
        pytest.param(FROZEN, SIGNED_IN, user_reasons.USER_FROZEN, "sync@acme.example is frozen", id="the same, frozen"),
        pytest.param(
            FROZEN, ASKED_ABOUT, user_reasons.RUN_AS_FROZEN, "sync@acme.example is frozen", id="a live token of a frozen run-as user"
        ),
        pytest.param(
            DEACTIVATED, PRESENTING, user_reasons.RUN_AS_INACTIVE, "sync@acme.example is deactivated", id="a live token after deactivation"
        ),
        pytest.param(
            WITHOUT_RIGHTS, ASKING, user_reasons.API_NOT_ENABLED, "sync@acme.example may not use APIs", id="a user without API Enabled"
        ),
        pytest.param(
            WITH_ALL_OTHER_RIGHTS,
            ASKING,
            user_reasons.API_NOT_ENABLED,
            "sync@acme.example may not use APIs",
            id="no other right stands in for API Enabled",
        ),
        pytest.param(
            WITHOUT_RIGHTS,
            PRESENTING,
            user_reasons.API_NOT_ENABLED,
            "sync@acme.example may not use APIs",
            id="API Enabled taken away later",
        ),
        pytest.param(
            but(but(FACTS, standing=None), "policies", run_as_user_id=None),
            ASKING,
            user_reasons.RUN_AS_MISSING,
            "no run-as user is set",
            id="an app for which no run-as user is set",
        ),
        pytest.param(
            but(FACTS, "policies", run_as_user_id=None),
            ASKED_ABOUT,
            user_reasons.RUN_AS_MISSING,
            "no run-as user is set",
            id="a live token of an app whose run-as user was taken away",
        ),
    ],
)
def test_the_user_gate(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.USER, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


@pytest.mark.parametrize(
    ("facts", "attempt"),
    [
        pytest.param(but(FACTS, standing=None), ASKING, id="a run-as user that is set and is not there"),
        pytest.param(but(FACTS, standing=None, policies=None), ASKING, id="a run-as user of an app without policies"),
        pytest.param(but(FACTS, standing=None), but(ASKING, flow=Flow.WEB_SERVER), id="a user who should have signed in"),
    ],
)
def test_X_AD_11_about_a_user_who_is_not_there_nothing_can_be_asked(facts: Facts, attempt: Attempt) -> None:
    assert finding(Gate.USER, facts, attempt).state is State.UNREACHED


@pytest.mark.parametrize(
    ("expires_at", "allowed"),
    [
        pytest.param(None, True, id="without an end"),
        pytest.param(NOW + A_MOMENT, True, id="until its last moment"),
        pytest.param(NOW, False, id="not at its end"),
        pytest.param(NOW - A_MOMENT, False, id="not after its end"),
    ],
)
def test_api_enabled_counts_by_permission_set_as_long_as_it_is_assigned(expires_at: datetime | None, allowed: bool) -> None:
    giving = but(SYNC_SET, permissions=frozenset({Permission.API_ENABLED}))
    facts = but(WITHOUT_RIGHTS, "standing", sets=((giving, Assignment(giving.id, expires_at)),))
    assert finding(Gate.USER, facts, ASKING).reason is (None if allowed else user_reasons.API_NOT_ENABLED)


BY_PROFILE = SERVICE_PROFILE.id
BY_SET = SYNC_SET.id
SOON, PAST = NOW + A_MOMENT, NOW - A_MOMENT

NOT_APPROVED = "no profile or permission set of the user is approved for the app"


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize(
    ("facts", "reason", "words"),
    [
        pytest.param(approved(Assignment(BY_PROFILE)), None, "approved through Service", id="through the user's profile"),
        pytest.param(approved(Assignment(BY_PROFILE, SOON)), None, "approved through Service", id="through the profile, until a moment"),
        pytest.param(
            approved(Assignment(BY_SET), holding=Assignment(BY_SET)), None, "approved through Sync Users", id="through a permission set"
        ),
        pytest.param(
            approved(Assignment(BY_SET, SOON), holding=Assignment(BY_SET, SOON)),
            None,
            "approved through Sync Users",
            id="through a permission set, with an end on either side that is still to come",
        ),
        pytest.param(
            approved(Assignment(BY_SET, PAST), Assignment(BY_PROFILE), holding=Assignment(BY_SET)),
            None,
            "approved through Service",
            id="through the profile, though the approval of the permission set has run out",
        ),
        pytest.param(approved(), permitted_reasons.USER_NOT_APPROVED, NOT_APPROVED, id="nobody at all is approved"),
        pytest.param(
            approved(Assignment("00e000000000002"), Assignment(BY_SET)),
            permitted_reasons.USER_NOT_APPROVED,
            NOT_APPROVED,
            id="others are approved, the user is not",
        ),
        pytest.param(
            approved(holding=Assignment(BY_SET)), permitted_reasons.USER_NOT_APPROVED, NOT_APPROVED, id="the permission set is not approved"
        ),
        pytest.param(
            approved(Assignment(BY_PROFILE, NOW)),
            permitted_reasons.APPROVAL_EXPIRED,
            "the approval through Service has run out",
            id="the approval of the profile ends at this moment",
        ),
        pytest.param(
            approved(Assignment(BY_SET, PAST), holding=Assignment(BY_SET)),
            permitted_reasons.APPROVAL_EXPIRED,
            "the approval through Sync Users has run out",
            id="the approval of the permission set has run out",
        ),
        pytest.param(
            approved(Assignment(BY_SET), holding=Assignment(BY_SET, NOW)),
            permitted_reasons.APPROVAL_EXPIRED,
            "the approval through Sync Users has run out",
            id="the user's own hold on the permission set ends at this moment",
        ),
        pytest.param(
            approved(Assignment("00e000000000002"), Assignment(BY_SET, PAST), holding=Assignment(BY_SET, PAST)),
            permitted_reasons.APPROVAL_EXPIRED,
            "the approval through Sync Users has run out",
            id="both have run out",
        ),
        pytest.param(
            but(approved(Assignment(BY_PROFILE, PAST)), "standing.profile", name=""),
            permitted_reasons.APPROVAL_EXPIRED,
            "the approval through  has run out",
            id="a profile without a name is a profile",
        ),
    ],
)
def test_only_users_whom_the_admin_approved_may_use_the_app(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.PERMITTED, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize("permits", [(), (Assignment(BY_PROFILE, PAST),), (Assignment(BY_PROFILE),)])
def test_where_all_users_may_self_authorize_nobody_needs_an_approval(attempt: Attempt, permits: tuple[Assignment, ...]) -> None:
    facts = but(approved(*permits), "policies", permitted_users=PermittedUsers.SELF_AUTHORIZE)
    found = finding(Gate.PERMITTED, facts, attempt)
    assert (found.state, found.words) == (State.PASSED, "all users may self-authorize")


def test_approval_of_the_admin_is_asked_for_unless_the_policies_say_otherwise() -> None:
    assert FACTS.policies is not None
    assert FACTS.policies.permitted_users is PermittedUsers.ADMIN_APPROVED


@pytest.mark.parametrize("missing", ["policies", "standing"])
def test_X_AD_11_without_policies_or_user_nobody_can_say_who_is_permitted(missing: str) -> None:
    assert finding(Gate.PERMITTED, but(FACTS, **{missing: None}), ASKING).state is State.UNREACHED
