"""Custom attributes and claims of scopes: what they may be called, what they may hold, and to whom they are told."""

from typing import Any

import pytest
from tests.rules.facts_builder import ORG, SERVICE_PROFILE, USER, but

from gatebridge.rules import attributes
from gatebridge.rules.attributes import FIELDS, MOST_ATTRIBUTES, MOST_SCOPE_CLAIMS, RESERVED, SPELLINGS
from gatebridge.rules.ids import long
from gatebridge.rules.orgs import Org, OrgSettings
from gatebridge.rules.people import Standing
from gatebridge.rules.scopes import CATALOGUE, CLAIMS

KNOWN = {
    "external_id": "E-17",
    "phone": "+49 30 901820",
    "street": "Unter den Linden 1",
    "city": "Berlin",
    "region": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}
SOMEBODY = Standing(but(USER, **KNOWN), SERVICE_PROFILE)
ALL = frozenset({"profile", "email", "address", "phone"})


def org_with(*claims: tuple[str, str, str], custom: tuple[str, ...] = ("ledger_read",)) -> Org:
    return but(ORG, settings=OrgSettings(custom_scopes=tuple((name, "Read your ledger") for name in custom), scope_claims=claims))


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_has_a_value_for_somebody_about_whom_all_is_known(field: str) -> None:
    assert attributes.value(field, ORG, SOMEBODY)


@pytest.mark.parametrize(
    ("expression", "made"),
    [
        ("user.id", long(USER.id)),
        ("user.profile", "Service"),
        ("$User.FederationIdentifier", "E-17"),
        ("$Organization.Name & '/' & $User.Country", "Acme/DE"),
        ("user.country = 'DE'", True),
        ("user.country = 'FR'", False),
        ("''", None),
        ("org.nonsense", None),
    ],
)
def test_an_expression_is_made_of_a_user_and_an_org(expression: str, made: object) -> None:
    assert attributes.value(expression, ORG, SOMEBODY) == made


def test_every_spelling_leads_to_a_field() -> None:
    assert set(SPELLINGS.values()) == set(FIELDS)
    assert all(spelling == spelling.lower() for spelling in SPELLINGS)
    assert {scope for scope in FIELDS.values() if scope is not None} == set(CLAIMS)


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ('"EMEA"', set()),
        ("org.name & user.id", set()),
        ("user.email", {"email"}),
        ("if(isblank(user.phone), user.city, user.name)", {"phone", "address", "profile"}),
        ("nonsense", set()),
    ],
)
def test_an_attribute_needs_the_scopes_of_what_it_looks_at(expression: str, needed: set[str]) -> None:
    assert attributes.needs(expression) == needed


@pytest.mark.parametrize(
    ("held", "names"),
    [
        (frozenset[str](), {"where"}),
        (frozenset({"email"}), {"where", "mail"}),
        (frozenset({"profile"}), {"where", "is_ops"}),
        (ALL, {"where", "mail", "is_ops"}),
    ],
)
def test_X_CO_08_a_developer_sees_in_an_attribute_what_the_scopes_let_the_app_see(held: frozenset[str], names: set[str]) -> None:
    written = (
        ("where", "org.name"), ("mail", "user.email"), ("is_ops", "user.profile = 'Ops'"), ("nothing", "user.phone"), ("odd", "("),
    )  # fmt: skip
    told = attributes.told(written, ORG, Standing(USER, SERVICE_PROFILE), held)
    assert set(told) == names
    assert told.get("is_ops") in (None, False)


def test_a_scope_makes_known_what_the_org_says() -> None:
    org = org_with(("ledger_read", "cost_centre", "user.external_id"), ("openid", "city", "user.city"), ("api", "gone", "user.phone"))
    assert attributes.claims(org, SOMEBODY, frozenset({"ledger_read"})) == {"cost_centre": "E-17"}
    assert attributes.claims(org, SOMEBODY, frozenset({"openid", "ledger_read"})) == {"cost_centre": "E-17", "city": "Berlin"}
    assert attributes.claims(org, Standing(USER, SERVICE_PROFILE), frozenset({"openid", "api"})) == {}


def test_what_has_a_meaning_of_its_own_is_not_told_even_where_it_was_stored() -> None:
    """A backup of another version, or a row that somebody wrote: no expression ever changes who somebody is."""
    org = org_with(("openid", "sub", "'somebody else'"), ("openid", "email", "'x@evil.example'"))
    assert attributes.claims(org, SOMEBODY, frozenset({"openid"})) == {}


def problems(*written: tuple[str, str]) -> list[tuple[str, str]]:
    return [(each.field, each.problem) for each in attributes.attribute_problems(written)]


def test_ordinary_attributes_are_saved() -> None:
    assert problems(("cost_centre", "user.external_id"), ("Region2", "if(user.country = 'DE', 'EMEA', 'other')")) == []


@pytest.mark.parametrize(
    ("written", "field", "said"),
    [
        pytest.param([("", "'a'")], "custom_attributes.0", "An attribute's name", id="a name is needed"),
        pytest.param([("a", "'a'"), ("2a", "'a'")], "custom_attributes.1", "An attribute's name", id="it begins with a letter"),
        pytest.param([("a b", "'a'")], "custom_attributes.0", "An attribute's name", id="it has no blank"),
        pytest.param([("a" * 81, "'a'")], "custom_attributes.0", "at most 80", id="it is not endless"),
        pytest.param([("__proto__", "'a'")], "custom_attributes.0", "An attribute's name", id="it is no trap for JavaScript"),
        pytest.param([("a", "'a'"), ("a", "'b'")], "custom_attributes.1", "a is there twice", id="no name is there twice"),
        pytest.param([("a", "'a' & (user.emial)")], "custom_attributes.0", "At character 8: There is no field", id="a wrong expression"),
        pytest.param([(f"a{n}", "'a'") for n in range(MOST_ATTRIBUTES + 1)], "custom_attributes", "at most 50", id="fifty are enough"),
    ],
)
def test_what_is_wrong_with_an_attribute_is_told_at_its_place(written: list[tuple[str, str]], field: str, said: str) -> None:
    ((where, message),) = problems(*written)
    assert where == field
    assert said in message


@pytest.mark.parametrize(
    ("claims", "field", "said"),
    [
        pytest.param([("ledger_read", "cost_centre", "user.external_id")], "", "", id="an ordinary claim"),
        pytest.param([("openid", "https://acme.example/claims/centre", "'a'")], "", "", id="under a web address"),
        pytest.param([("openid", "birthdate", "'2000-01-01'")], "", "", id="one of the standard's that we know nothing of"),
        pytest.param([("api", "centre", "'a'"), ("web", "centre", "'a'")], "", "", id="the same by two scopes"),
        pytest.param([("nonsense", "a", "'a'")], "scope_claims.0", "has no scope nonsense", id="a scope that there is not"),
        pytest.param([("refresh_token", "a", "'a'")], "scope_claims.0", "makes nothing known", id="one that only says how long"),
        pytest.param([("openid", "sub", "'a'")], "scope_claims.0", "a meaning of its own", id="who it is"),
        pytest.param([("openid", "roles", "'admin'")], "scope_claims.0", "a meaning of its own", id="X-AD-03: roles by constant"),
        pytest.param([("openid", "", "'a'")], "scope_claims.0", "A claim's name", id="no name"),
        pytest.param([("openid", "a b", "'a'")], "scope_claims.0", "A claim's name", id="a blank"),
        pytest.param([("openid", "javascript:a", "'a'")], "scope_claims.0", "A claim's name", id="an address that is none"),
        pytest.param([("openid", "__proto__", "'a'")], "scope_claims.0", "A claim's name", id="a trap for JavaScript"),
        pytest.param([("openid", "a" * 129, "'a'")], "scope_claims.0", "at most 128", id="an endless name"),
        pytest.param([("openid", "a", "user.id & org.id")], "", "", id="by openid, what needs no scope"),
        pytest.param([("profile", "a", "user.external_id")], "", "", id="by a scope that says who, what it says"),
        pytest.param([("id", "a", "user.city & user.email")], "", "", id="or implies"),
        pytest.param([("api", "a", "user.city")], "", "", id="by one that opens data, anything"),
        pytest.param([("openid", "a", "user.city")], "scope_claims.0", "the scope address does", id="X-CO-08: nothing behind consent"),
        pytest.param([("email", "a", "user.email & user.phone")], "scope_claims.0", "the scope phone does", id="nor more than it says"),
        pytest.param([("openid", "a", "user.")], "scope_claims.0", "At character", id="a wrong expression"),
        pytest.param([("openid", "a", "'a'")] * 2, "scope_claims.1", "known already", id="twice"),
        pytest.param([("openid", "a", "'a'"), ("api", "a", "'b'")], "scope_claims.1", "of something else", id="of two meanings"),
        pytest.param([("openid", f"a{n}", "'a'") for n in range(MOST_SCOPE_CLAIMS + 1)], "scope_claims", "at most 100", id="a hundred"),
    ],
)
def test_what_is_wrong_with_a_claim_of_a_scope_is_told_at_its_place(claims: list[tuple[str, str, str]], field: str, said: str) -> None:
    found = attributes.scope_claim_problems(org_with(*claims))
    assert [each.field for each in found] == ([field] if field else [])
    assert all(said in each.problem for each in found)


def test_no_claim_of_the_standard_that_we_tell_is_free_to_be_changed() -> None:
    told: Any = {claim for claims in CLAIMS.values() for claim in claims}
    assert told <= RESERVED
    assert set(CATALOGUE) & RESERVED == {"id", "profile", "email", "address", "custom_permissions"}
