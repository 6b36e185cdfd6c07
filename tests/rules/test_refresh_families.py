"""Refresh families: which grants begin one, when one ends by itself, and how many grants a user may have of one app."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import APP, FACTS, GRANT, NOW, POLICIES, REFRESH, SETTINGS

from gatebridge.rules import refresh_families
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import RefreshToken
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.refresh_families import Ends

GIVING = replace(FACTS, settings=replace(SETTINGS, flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})))


def with_policies(*policies: RefreshPolicy) -> Facts:
    until = NOW + timedelta(days=1)
    excepted = replace(POLICIES, refresh_exception_reason="A kiosk in the hall.", refresh_exception_until=until)
    return replace(GIVING, policies=replace(excepted, refresh_policies=policies))


@pytest.mark.parametrize(
    ("facts", "scopes", "begins"),
    [
        pytest.param(GIVING, ("api", "refresh_token"), True, id="scope, flow and policy allow it"),
        pytest.param(GIVING, ("api", "offline_access"), True, id="by its other name"),
        pytest.param(GIVING, ("api", "full"), False, id="full does not hold it"),
        pytest.param(FACTS, ("api", "refresh_token"), False, id="the app cannot use one"),
        pytest.param(with_policies(RefreshPolicy("immediately")), ("refresh_token",), False, id="it would be dead at once"),
        pytest.param(
            with_policies(RefreshPolicy("idle", 1, "days"), RefreshPolicy("immediately")),
            ("refresh_token",),
            False,
            id="it would be dead at once, whatever stands beside that",
        ),
        pytest.param(with_policies(RefreshPolicy("until_revoked")), ("refresh_token",), True, id="for ever, by exception"),
        pytest.param(replace(GIVING, settings=None), ("refresh_token",), False, id="nobody knows the app's settings"),
    ],
)
def test_a_grant_begins_a_family_where_scope_flow_and_policy_allow_it(facts: Facts, scopes: tuple[str, ...], begins: bool) -> None:
    assert refresh_families.begins(facts, scopes) is begins


def days(count: int) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("facts", "used_after", "idle", "absolute"),
    [
        pytest.param(GIVING, None, 30, 365, id="the defaults, before the first use"),
        pytest.param(GIVING, 10, 40, 365, id="use moves the first end and not the second"),
        pytest.param(with_policies(RefreshPolicy("until_revoked")), 10, None, None, id="never, by exception"),
        pytest.param(with_policies(RefreshPolicy("immediately")), None, None, 0, id="at once"),
        pytest.param(with_policies(RefreshPolicy("absolute", 7, "days")), 3, None, 7, id="one of the two alone"),
    ],
)
def test_a_family_ends_for_lack_of_use_and_in_any_case(
    facts: Facts, used_after: int | None, idle: int | None, absolute: int | None
) -> None:
    began = GRANT.created_at
    ends = refresh_families.ends(facts, GRANT, began + days(used_after) if used_after is not None else None)
    assert ends == Ends(
        began + days(idle) if idle is not None else None,
        began + days(absolute) if absolute is not None else None,
    )
    both = [end for end in (idle, absolute) if end is not None]
    assert ends.first == (began + days(min(both)) if both else None)


@pytest.mark.parametrize(
    ("facts", "most"),
    [
        pytest.param(FACTS, 20, id="the default"),
        pytest.param(replace(FACTS, app=replace(APP, dialect=Dialect.SALESFORCE)), 5, id="as Salesforce's clients know it"),
        pytest.param(replace(FACTS, policies=replace(POLICIES, max_grants_per_user=3)), 3, id="as the admin says"),
        pytest.param(replace(FACTS, policies=None), None, id="without policies nothing is known"),
        pytest.param(replace(FACTS, app=None), None, id="nor without the app"),
    ],
)
def test_a_user_has_so_many_grants_of_an_app(facts: Facts, most: int | None) -> None:
    assert refresh_families.most_grants(facts) == most


PARALLEL = replace(FACTS, app=replace(APP, dialect=Dialect.SALESFORCE), grant=GRANT, policies=replace(POLICIES, refresh_grace_seconds=0))
JUST_USED = replace(REFRESH, used_at=NOW - timedelta(milliseconds=999))


@pytest.mark.parametrize(
    ("facts", "refresh", "on_its_way"),
    [
        pytest.param(PARALLEL, JUST_USED, True, id="exchanged within the second"),
        pytest.param(PARALLEL, replace(REFRESH, used_at=NOW - timedelta(seconds=1)), False, id="a second is over"),
        pytest.param(PARALLEL, REFRESH, False, id="the newest"),
        pytest.param(PARALLEL, replace(JUST_USED, successor_used=True), False, id="its successor was used"),
        pytest.param(replace(PARALLEL, app=APP), JUST_USED, False, id="in the standard dialect"),
        pytest.param(replace(PARALLEL, app=None), JUST_USED, False, id="of no app"),
        pytest.param(replace(PARALLEL, policies=POLICIES), JUST_USED, False, id="where there is a grace"),
        pytest.param(replace(PARALLEL, policies=None), JUST_USED, False, id="without policies"),
        pytest.param(replace(PARALLEL, grant=replace(GRANT, ended_at=NOW)), JUST_USED, False, id="the grant has ended"),
        pytest.param(replace(PARALLEL, grant=None), JUST_USED, False, id="without a grant"),
    ],
)
def test_another_refresh_may_have_been_on_its_way(facts: Facts, refresh: RefreshToken, on_its_way: bool) -> None:
    assert refresh_families.on_its_way(facts, refresh) is on_its_way
