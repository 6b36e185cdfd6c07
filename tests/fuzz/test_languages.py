"""What the server reads as a language of its own, or of a standard: signed tokens, the parameter `claims`, expressions. None breaks it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.attacks.signed import Slot, signed, slots
from tests.fuzz.requests import SHORT, TIMES, bounded
from tests.oauth.flows.portal import make_portal
from tests.oauth.flows.visits import Asking
from tests.oauth.houses import Standing
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules import attributes
from gatebridge.rules.reasons import Refused
from gatebridge.storage import facts

pytestmark = pytest.mark.timeout(120 * TIMES)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | SHORT | st.sampled_from(["iss", "sub", "x", "at+jwt", "JWT", "ES256"])
JSON: SearchStrategy[Any] = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHORT, inner, max_size=3))


@pytest.fixture(scope="module")
def org(house: Standing) -> Tenant:
    return make_tenant(house)


def members(*names: str) -> SearchStrategy[dict[str, Any]]:
    """An object with some of these members, each of any kind."""
    return st.dictionaries(st.sampled_from(names) | SHORT, JSON, max_size=5)


def test_no_signed_token_breaks_a_place_that_takes_one(org: Tenant) -> None:
    every = slots(org)
    names = st.sampled_from(sorted(every))
    claims = members("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope", "nonce", "sid", "act", "cnf")
    headers = members("kid", "typ", "cty", "crit", "jwk", "jku", "x5c", "zip", "b64", "enc", "p2c")

    @bounded(60)
    @given(names, headers, claims, st.sampled_from(["kept", "bare"]))
    def each(name: str, header: dict[str, Any], said: dict[str, Any], how: str) -> None:
        slot: Slot = every[name]
        base = slot.claims() if how == "kept" else {}
        # The slot itself fails on any answer that is neither a yes nor the refusal of its standard.
        slot.taken(signed(encoded(slot.header | header), encoded(base | said), slot.alg, slot.key))

    each()


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def test_no_claims_parameter_breaks_an_authorization_request(org: Tenant) -> None:
    asking = Asking(make_portal(org, "Asking"))
    about = st.dictionaries(st.sampled_from(["essential", "value", "values"]) | SHORT, JSON, max_size=3)
    wanted = st.dictionaries(st.sampled_from(["acr", "sub", "auth_time", "name", "email"]) | SHORT, JSON | about, max_size=4)
    shaped = st.dictionaries(st.sampled_from(["userinfo", "id_token"]), wanted, max_size=2)
    texts = (shaped | JSON).map(json.dumps) | SHORT | st.sampled_from(["{" * 900, "[" * 400 + "]" * 400, '{"id_token":' * 90])

    @bounded(60)
    @given(texts, st.sampled_from(["none", "login", "consent"]))
    def each(text: str, prompt: str) -> None:
        if len(text) > 6_000:
            return  # longer than an address may be; the tests of the limits try that
        page = asking.browser().open(asking.url(claims=text.replace("\0", "0") or "{}", prompt=prompt))
        if page.went_to is None:
            assert page.status in (200, 400, 413, 431)
        else:
            assert asking.arrived(page)["error"] in ("invalid_request", "login_required", "unmet_authentication_requirements")

    each()


WORDS = (
    "user.email",
    "user.id",
    "org.name",
    "$User.Email",
    "lower",
    "upper",
    "coalesce",
    "if",
    "contains",
    "equals",
    "true",
    "null",
    "__class__",
)


def test_no_expression_breaks_the_check_of_it_or_its_value(org: Tenant) -> None:
    with org.standing.database.snapshot() as tx:
        standing = facts.standing(tx, org.org.id, org.runner.id)
    assert standing is not None
    tokens = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=12)
    nested = st.integers(1, 3_000).map(lambda depth: "lower(" * depth + '"a"' + ")" * depth)

    @bounded(200)
    @given(tokens.map("".join) | tokens.map(" ".join) | SHORT | nested)
    def each(expression: str) -> None:
        if attributes.expression_problem(expression) is None:
            found = attributes.value(expression, org.org, standing)
            assert found is None or isinstance(found, (str, bool))
            assert len(str(found)) < 10_000

    each()


def test_no_attribute_that_is_saved_breaks_userinfo(org: Tenant) -> None:
    portal = make_portal(org, "Attributed", scopes=("openid", "id", "api", "refresh_token"))
    token = portal.signed_in()["access_token"]
    words = st.lists(
        st.sampled_from(["user.email", "org.name", "lower(user.username)", "+", "&", '"x"', "(", ")", "coalesce(", ","]), max_size=5
    )

    @bounded(30)
    @given(st.lists(st.tuples(st.sampled_from(["a", "sub", "badge", "iss", "x y"]) | SHORT, words.map(" ".join)), max_size=3))
    def each(attributes: list[tuple[str, str]]) -> None:
        try:
            portal.settings(custom_attributes=tuple(attributes))
        except Refused:
            return
        answer = org.door.get(f"{org.org.issuer}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert answer.json()["sub"]

    each()
