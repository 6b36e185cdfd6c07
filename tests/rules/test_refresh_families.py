"""Refresh families: which grants begin one, when one ends by itself, and how many grants a user may have of one app."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import APP, FACTS, GRANT, NOW, POLICIES, SETTINGS

from gatebridge.rules import refresh_families
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Facts
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
