"""What a guard believes of a signed token: everything that is not exactly an access token of its issuer is none."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from tests.guard.issuer import APP, AUDIENCE, ISSUER, USER, Guarded, Issuer, encoded, key

from gatebridge.crypto.signing import sign
from gatebridge_guard import Level, Token
from gatebridge_guard.jws import BadToken, SignedToken, published

DEAD = (401, "invalid_token")


def test_std_AT_02_a_good_token_is_told_in_full(issuer: Issuer, guarded: Guarded) -> None:
    token = guarded.check(issuer.jwt(acr="urn:gatebridge:level:high", auth_time=int(issuer.now) - 9))
    assert token == Token(
        id="0Ya000000000001AAA",
        user_id=USER,
        client_id=APP,
        scopes=frozenset({"orders", "id"}),
        audience=(AUDIENCE,),
        issuer=ISSUER,
        issued_at=int(issuer.now),
        expires_at=int(issuer.now) + 900,
        level=Level.HIGH,
        authenticated_at=int(issuer.now) - 9,
    )
    assert token.has("orders", "email")
    assert not token.has("orders", "web")


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_both_algorithms_of_access_tokens_are_checked(issuer: Issuer, alg: str) -> None:
    issuer.keys = [dict(key(alg, "its name").public_jwk())]
    with issuer.guarded() as guarded:
        assert guarded.lets_in(issuer.jwt(key(alg, "its name")))


def test_the_salesforce_dialect_marks_the_user_and_the_guard_tells_the_same_id(issuer: Issuer, guarded: Guarded) -> None:
    token = guarded.check(issuer.jwt(sub=f"uid:{USER}", scp="orders id", nbf=int(issuer.now)))
    assert isinstance(token, Token)
    assert token.user_id == USER


def test_an_audience_among_others_counts(issuer: Issuer, guarded: Guarded) -> None:
    assert guarded.lets_in(issuer.jwt(aud=["https://else.example", AUDIENCE]))


# --- Claims --------------------------------------------------------------------------------------------------------------

NO_TEXTS: list[Any] = [..., None, "", [], {}, True, 1.5, -1]
NO_DATES: list[Any] = [..., None, "", [], {}, True, 1.5, -1, "1772000000", 10**11]
ABSENT = [(name, value) for name in ("iss", "aud", "sub", "client_id", "jti") for value in NO_TEXTS]
ABSENT += [(name, value) for name in ("iat", "exp") for value in NO_DATES]


@pytest.mark.parametrize(("name", "value"), ABSENT)
def test_X_TK_08_std_AT_02_a_claim_that_is_missing_or_of_another_type_is_absent(
    issuer: Issuer, guarded: Guarded, name: str, value: Any
) -> None:
    assert guarded.refusal(issuer.jwt(**{name: value})) == DEAD


WRONG: dict[str, Callable[[int], dict[str, Any]]] = {
    "another issuer": lambda _: {"iss": "https://evil.example"},
    "the issuer with a slash": lambda _: {"iss": ISSUER + "/"},
    "another audience": lambda _: {"aud": "https://billing.example"},
    "an audience that begins alike": lambda _: {"aud": AUDIENCE + ".evil.example"},
    "a list of other audiences": lambda _: {"aud": ["a", "b"]},
    "a list with something else in it": lambda _: {"aud": [AUDIENCE, 1]},
    "its time is over, to the second": lambda now: {"exp": now, "iat": now - 60},
    "issued ahead of all clocks": lambda now: {"iat": now + 61, "exp": now + 900},
    "not valid yet": lambda now: {"nbf": now + 61},
    "a date that is none": lambda _: {"nbf": "now"},
    "it ends before it begins": lambda now: {"iat": now + 50, "exp": now + 40},
    "it lives longer than any token": lambda now: {"exp": now + 12 * 3600 + 1},
    "no sign-in time": lambda _: {"auth_time": "yesterday"},
    "scopes as a list": lambda _: {"scope": ["orders"]},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_X_TK_08_std_AT_02_a_claim_that_is_not_right_is_refused(issuer: Issuer, guarded: Guarded, wrong: str) -> None:
    assert guarded.refusal(issuer.jwt(**WRONG[wrong](int(issuer.now)))) == DEAD


def test_a_token_without_scopes_holds_none(issuer: Issuer, guarded: Guarded) -> None:
    assert guarded.refusal(issuer.jwt(scope=...), scopes="orders") == (403, "insufficient_scope")


# --- Header and signature ------------------------------------------------------------------------------------------------


def forged(issuer: Issuer, header: dict[str, Any], signature: bytes = b"x" * 64, claims: object = None) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "first"} | header
    said = {name: value for name, value in head.items() if value is not ...}
    return f"{encoded(said)}.{encoded(claims if claims is not None else issuer.claims())}.{encoded(signature)}"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, ..., "HS256", "ES384", "RS512", "PS256", "EdDSA", "es256", ["ES256"], 1])
@pytest.mark.parametrize("signature", [b"", b"x" * 64])
def test_X_TK_01_only_two_algorithms_are_taken(issuer: Issuer, guarded: Guarded, alg: Any, signature: bytes) -> None:
    assert guarded.refusal(forged(issuer, {"alg": alg}, signature)) == DEAD


def test_X_TK_01_a_good_algorithm_with_no_signature_is_no_token(issuer: Issuer, guarded: Guarded) -> None:
    head, body, _ = issuer.jwt().split(".")
    for ending in ("", "AA", encoded(b"\0" * 64)):
        assert guarded.refusal(f"{head}.{body}.{ending}") == DEAD


def test_X_TK_02_the_public_key_is_no_secret_to_sign_with(issuer: Issuer, guarded: Guarded) -> None:
    public = key().private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, b"\n" + pem, pem.strip(), der, json.dumps(issuer.keys[0]).encode(), b""):
        for alg in ("HS256", "ES256"):
            signing_input = forged(issuer, {"alg": alg}).rpartition(".")[0]
            signature = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
            assert guarded.refusal(f"{signing_input}.{encoded(signature)}") == DEAD


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_X_TK_04_a_token_brings_no_key_of_its_own(issuer: Issuer, guarded: Guarded, name: str) -> None:
    thief = key("ES256", "thief")
    brought: Any = dict(thief.public_jwk()) if name == "jwk" else "https://evil.example/keys"
    before = len(issuer.asked)
    assert guarded.refusal(forged(issuer, {name: brought})) == DEAD
    assert len(issuer.asked) == before, "and nothing is fetched for it"


@pytest.mark.parametrize("kid", ["../first", "first' OR '1'='1", ["first"], {"kid": "first"}, 1, None, ..., "", "FIRST", "k" * 10_000])
def test_X_TK_05_a_key_is_found_by_its_exact_name_alone(issuer: Issuer, guarded: Guarded, kid: Any) -> None:
    assert guarded.refusal(forged(issuer, {"kid": kid})) == DEAD


@pytest.mark.parametrize(
    "header", [{"crit": ["x"]}, {"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"zip": "DEF"}], ids=str
)
def test_X_TK_06_X_TK_07_an_extension_that_must_be_understood_is_refused(issuer: Issuer, guarded: Guarded, header: dict[str, Any]) -> None:
    assert guarded.refusal(forged(issuer, header)) == DEAD


@pytest.mark.parametrize("part", range(3))
def test_X_TK_07_a_token_is_at_most_eight_kibibytes(issuer: Issuer, guarded: Guarded, part: int) -> None:
    parts = issuer.jwt().split(".")
    parts[part] += "A" * 9000
    assert guarded.refusal(".".join(parts)) == DEAD


def test_X_TK_07_an_encrypted_token_is_no_signed_one(guarded: Guarded) -> None:
    assert guarded.refusal("a.b.c.d.e") == DEAD


ODD = [
    b'{"iss": "a", "iss": "b"}',
    b'{"exp": NaN}',
    b'{"exp": Infinity}',
    b'{"exp": 1e400}',
    b"[]",
    b'"text"',
    b"{",
    b"",
    b"\xff",
    b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}",
]


@pytest.mark.parametrize("odd", ODD)
def test_X_TK_09_json_that_can_be_read_in_two_ways_is_none(issuer: Issuer, guarded: Guarded, odd: bytes) -> None:
    head, body, signature = issuer.jwt().split(".")
    assert guarded.refusal(f"{head}.{encoded(odd)}.{signature}") == DEAD
    assert guarded.refusal(f"{encoded(odd)}.{body}.{signature}") == DEAD


def test_brackets_inside_a_text_are_no_depth(issuer: Issuer, guarded: Guarded) -> None:
    assert guarded.lets_in(issuer.jwt(name='["\\"' + "[" * 40))


def test_X_TK_10_a_token_has_one_spelling(issuer: Issuer, guarded: Guarded) -> None:
    head, body, signature = issuer.jwt().split(".")
    twin = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter != signature[-1])
    for spelling in (f"{signature}==", signature[:-1] + twin, signature + "A", signature[:10] + "\n" + signature[10:]):
        assert guarded.refusal(f"{head}.{body}.{spelling}")[0] in (400, 401)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "", "logout+jwt", "dpop+jwt", "at+jwt+x", "application/at+jwt/x"])
def test_X_TK_11_what_the_issuer_signs_for_another_purpose_is_no_access_token(issuer: Issuer, guarded: Guarded, typ: str) -> None:
    assert guarded.refusal(sign(key(), typ, issuer.claims())) == DEAD


def test_std_AT_02_the_type_may_be_spelt_as_a_media_type(issuer: Issuer, guarded: Guarded) -> None:
    assert guarded.lets_in(sign(key(), "application/AT+JWT", issuer.claims()))


def test_X_TK_11_a_key_of_another_issuer_is_none(issuer: Issuer, guarded: Guarded) -> None:
    thief = key("ES256", "thief")
    assert guarded.refusal(issuer.jwt(thief)) == DEAD
    assert guarded.refusal(sign(type(thief)("first", "ES256", thief.private), "at+jwt", issuer.claims())) == DEAD


# --- Keys ----------------------------------------------------------------------------------------------------------------


def test_X_TK_12_keys_that_nobody_publishes_by_intent_are_left_out() -> None:
    good, small = dict(key().public_jwk()), key("RS256", "rsa").public_jwk()
    listed = [
        good,
        {"kty": "oct", "k": "AAAA", "kid": "oct", "alg": "HS256"},
        good | {"kid": "private", "d": "AAAA"},
        good | {"kid": "encrypting", "use": "enc"},
        good | {"kid": "for nothing", "alg": None},
        good | {"kid": "for another", "alg": "RS256"},
        good | {"kid": "off the curve", "x": "AAAA"},
        good | {"kid": "of another curve", "crv": "secp256k1"},
        good | {"kid": 1},
        dict(small) | {"kid": "weak", "n": "AQAB"},
        "no key",
    ]
    assert set(published({"keys": listed})) == {"first"}
    unreadable: list[dict[str, Any]] = [{}, {"keys": {}}, {"keys": [good, good]}]
    for broken in unreadable:
        with pytest.raises(ValueError, match=r"JWK set|same kid"):
            published(broken)


def test_X_TK_05_a_name_that_nobody_knows_costs_one_request_a_minute(issuer: Issuer, guarded: Guarded) -> None:
    second = key("ES256", "second")
    before = issuer.count("/id/keys")
    for _ in range(5):
        assert guarded.refusal(issuer.jwt(second)) == DEAD
    assert issuer.count("/id/keys") == before + 1


def test_X_TK_13_a_new_key_is_known_before_it_is_needed_and_an_old_one_stays(issuer: Issuer, guarded: Guarded) -> None:
    second = key("ES256", "second")
    issuer.keys = [dict(second.public_jwk()), *issuer.keys]
    guarded.pass_time(61)
    before = issuer.count("/id/keys")
    assert guarded.lets_in(issuer.jwt(second))
    assert guarded.lets_in(issuer.jwt())
    assert issuer.count("/id/keys") == before


def test_std_JW_05_a_key_that_was_taken_away_is_dead_a_minute_later(issuer: Issuer, guarded: Guarded) -> None:
    issuer.keys = []
    guarded.pass_time(61)
    assert guarded.refusal(issuer.jwt()) == DEAD


def test_a_key_for_one_algorithm_checks_no_other() -> None:
    signed = SignedToken(sign(key(), "at+jwt", {"a": 1}))
    with pytest.raises(BadToken, match="another algorithm"):
        signed.checked(published({"keys": [key("RS256", "rsa").public_jwk()]})["rsa"])
