"""Whatever is sent, the guard answers: it lets nothing in that it does not know, and raises nothing at whoever asks it."""

import string
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.guard.issuer import Guarded, Issuer, encoded, key

from gatebridge.crypto.signing import sign
from gatebridge_guard import Refusal, Token

NEARLY = settings(max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["iss", "aud", "sub", "client_id", "scope", "iat", "exp", "nbf", "jti", "acr", "auth_time", "scp", "token_type", "active"]


@pytest.fixture(scope="module")
def known() -> Iterator[Guarded]:
    with Issuer().guarded() as guarded:
        yield guarded


@NEARLY
@given(header=st.text(max_size=200) | st.text(alphabet=string.ascii_letters + "._-~+/=! ", max_size=200).map("Bearer ".__add__))
def test_any_header_is_refused(known: Guarded, header: str) -> None:
    assert isinstance(known.guard.check(header), Refusal)


@NEARLY
@given(header=JSON, claims=JSON, signature=st.binary(max_size=80))
def test_anything_in_the_shape_of_a_token_is_refused(known: Guarded, header: object, claims: object, signature: bytes) -> None:
    token = f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"
    assert isinstance(known.guard.check(f"Bearer {token}"), Refusal)


@NEARLY
@given(changed=st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=3))
def test_X_TK_08_signed_claims_of_any_kind_are_let_in_only_with_what_must_be_there(known: Guarded, changed: dict[str, object]) -> None:
    issuer = known.issuer
    found = known.check(sign(key(), "at+jwt", issuer.claims() | changed))
    if isinstance(found, Token):
        assert found.issuer == "https://id.example"
        assert "https://orders.example" in found.audience
        assert issuer.now < found.expires_at <= found.issued_at + 12 * 3600
        assert found.id
        assert found.client_id


@NEARLY
@given(said=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_whatever_introspection_says_is_believed_only_with_what_must_be_there(known: Guarded, said: dict[str, object]) -> None:
    token = known.issuer.opaque()
    known.issuer.said[token] |= said
    known.issuer.now += 6  # nothing is remembered from before
    known.issuer.said[token] |= {"exp": known.issuer.said[token]["exp"]}
    assert isinstance(known.check(token), Token | Refusal)
