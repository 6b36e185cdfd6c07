"""Which tokens are believed: our own as we made them, and nothing that was bent."""

import base64
import hashlib
import hmac
import json
import socket
import time
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from gatebridge.crypto import signing
from gatebridge.crypto.signing import BadToken, Fault, SignedClaims, SigningKey, VerifyingKey

ALL = frozenset(signing.SIGNING_ALGS)
TYP = frozenset({"at+jwt"})
CLAIMS: dict[str, object] = {"iss": "https://acme.example", "sub": "005000000000001AAA", "exp": 1_800_000_000, "scope": "api"}


@cache
def key(alg: str = "ES256", kid: str = "k1") -> SigningKey:
    return SigningKey.load(kid, alg, signing.new_key(alg, kid)[1])


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: dict[str, Any] | bytes, claims: object = CLAIMS) -> str:
    """A token with a true ES256 signature over any header and payload whatever, to show that the signature is not all that counts."""
    covered = f"{part(header)}.{part(claims)}"
    model = next(model for model in jws.JWSRegistry.algorithms.values() if model.name == "ES256")
    return f"{covered}.{part(model.sign(covered.encode(), jwk.ECKey.import_key(key().private)))}"  # type: ignore[arg-type]


def header(**more: object) -> dict[str, Any]:
    return {"alg": "ES256", "kid": "k1", "typ": "at+jwt", **more}


def verify(token: str, *keys: VerifyingKey, algs: frozenset[str] = ALL, typ: frozenset[str | None] = TYP) -> SignedClaims:
    return signing.verify(token, keys or (key().verifying(),), algs=algs, typ=typ)


def fault_of(token: str, *keys: VerifyingKey, algs: frozenset[str] = ALL, typ: frozenset[str | None] = TYP) -> Fault:
    with pytest.raises(BadToken) as refused:
        verify(token, *keys, algs=algs, typ=typ)
    assert refused.value.words.isascii()
    assert refused.value.words.isprintable()
    assert len(refused.value.words) < 300
    return refused.value.code


@pytest.mark.parametrize("alg", signing.SIGNING_ALGS)
def test_what_we_sign_is_believed_and_says_who_signed_it(alg: str) -> None:
    believed = verify(signing.sign(key(alg), "at+jwt", CLAIMS), key(alg).verifying())
    assert (believed.claims, believed.key.kid) == (CLAIMS, "k1")
    assert believed.header == {"alg": alg, "kid": "k1", "typ": "at+jwt"}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_what_we_sign_is_believed_by_another_library_that_reads_our_published_key(alg: str) -> None:
    public = jwk.import_key({**key(alg).public_jwk()})
    read = jws.deserialize_compact(signing.sign(key(alg), "JWT", CLAIMS), public, algorithms=[alg])
    assert json.loads(read.payload) == CLAIMS


@given(
    st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.integers() | st.booleans() | st.none())
)
def test_claims_come_back_as_they_went_in(claims: dict[str, object]) -> None:
    assert verify(signing.sign(key(), "at+jwt", claims)).claims == claims


@given(st.integers(0, 10_000), st.sampled_from("ABCxyz019-_.=+/ \n"))
def test_a_token_with_any_character_changed_is_not_believed(place: int, other: str) -> None:
    token = signing.sign(key(), "at+jwt", CLAIMS)
    place %= len(token)
    if token[place] == other:
        other = "~"
    with pytest.raises(BadToken):
        verify(token[:place] + other + token[place + 1 :])


@given(st.text() | st.lists(st.binary().map(part), min_size=3, max_size=3).map(".".join))
def test_rubbish_is_refused_and_breaks_nothing(text: str) -> None:
    for read in (verify, signing.peek):
        with pytest.raises(BadToken):
            read(text)


@pytest.mark.parametrize("backslashes", range(6))
def test_X_TK_09_a_nul_is_told_from_a_backslash_before_the_letters_u0000(backslashes: int) -> None:
    payload = b'{"sub":"' + b"\\" * backslashes + b'u0000"}'
    if backslashes % 2:
        assert fault_of(signed(header(), payload)) is Fault.MALFORMED
    else:
        assert verify(signed(header(), payload)).claims == {"sub": "\\" * (backslashes // 2) + "u0000"}


def test_what_json_cannot_hold_is_not_signed() -> None:
    for claims in ({"exp": float("nan")}, {"exp": float("inf")}):
        with pytest.raises(ValueError):
            signing.sign(key(), "JWT", claims)


def test_checked_claims_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match="verify"):
        SignedClaims({}, {"sub": "admin"}, key().verifying(), object())


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", None, 0, ["ES256"], {"ES256": 1}, True, "es256", "ES256 ", "ES999", "A" * 900]
)
def test_X_TK_01_std_JT_01_an_algorithm_is_a_name_from_the_list_and_nothing_else(alg: object) -> None:
    assert fault_of(signed(header(alg=alg))) is Fault.ALGORITHM


@pytest.mark.parametrize("signature", ["", part(b"\0" * 64)])
def test_X_TK_01_std_JT_01_a_token_without_algorithm_or_signature_is_not_believed(signature: str) -> None:
    for head in ({"typ": "at+jwt"}, {"alg": "none", "typ": "at+jwt"}):
        assert fault_of(f"{part(head)}.{part(CLAIMS)}.{signature}", algs=frozenset({"none", "ES256"})) is Fault.ALGORITHM
    assert fault_of(f"{part(header())}.{part(CLAIMS)}.{signature}") is Fault.SIGNATURE


def test_X_TK_01_std_JT_01_the_algorithm_is_that_of_the_key_and_one_that_this_use_allows() -> None:
    for_rs256 = VerifyingKey.of(key("RS256").private.public_key(), "RS256", "k1")
    same_key_as_ps256 = SigningKey("k1", "PS256", key("RS256").private)
    assert fault_of(signing.sign(same_key_as_ps256, "at+jwt", CLAIMS), for_rs256) is Fault.ALGORITHM
    assert fault_of(signing.sign(key("RS256"), "at+jwt", CLAIMS), for_rs256, algs=frozenset({"ES256"})) is Fault.ALGORITHM


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", ["pem", "der", "pem_after_a_newline", "jwk"])
def test_X_TK_02_std_JT_01_a_public_key_is_no_hmac_secret(alg: str, form: str) -> None:
    public = key("RS256").private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = {"pem": pem, "der": der, "pem_after_a_newline": b"\n" + pem, "jwk": json.dumps(key("RS256").public_jwk()).encode()}[form]
    covered = f"{part(header(alg=alg))}.{part(CLAIMS)}"
    token = f"{covered}.{part(hmac.digest(secret, covered.encode(), 'sha' + alg[2:]))}"
    assert fault_of(token, key("RS256").verifying(), algs=frozenset({alg, "RS256"})) is Fault.ALGORITHM


def test_X_TK_03_a_token_signed_with_an_empty_hmac_key_is_not_believed() -> None:
    covered = f"{part(header(alg='HS256'))}.{part(CLAIMS)}"
    token = f"{covered}.{part(hmac.digest(b'', covered.encode(), hashlib.sha256))}"
    assert fault_of(token, algs=frozenset({"HS256"})) is Fault.ALGORITHM


@pytest.mark.parametrize(
    ("name", "value"),
    [("jwk", {"kty": "EC"}), ("jku", "http://127.0.0.1:9/keys"), ("x5u", "http://127.0.0.1:9/cert"), ("x5c", ["MIIB"]), ("jwk", None)],
)
def test_X_TK_04_std_JT_03_a_token_that_brings_its_own_key_is_refused_and_nothing_is_fetched(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("an outbound call"))
    assert fault_of(signed(header(**{name: value}))) is Fault.HEADER_KEY


def test_X_TK_04_the_key_in_the_header_is_not_the_key_that_counts() -> None:
    theirs = SigningKey("k1", "ES256", ec.generate_private_key(ec.SECP256R1()))
    assert fault_of(signing.sign(theirs, "at+jwt", CLAIMS)) is Fault.SIGNATURE


@pytest.mark.parametrize(
    "kid", ["../../etc/passwd", "' OR 1=1 --", "K1", "k1 ", "", "k" * 257, "k" * 5000, ["k1"], {"kid": "k1"}, 1, None, True]
)
def test_X_TK_05_std_JT_03_a_kid_is_an_exact_name_or_no_name(kid: object) -> None:
    assert fault_of(signed(header(kid=kid))) is Fault.KEY_UNKNOWN


def test_X_TK_05_a_kid_finds_its_key_among_several_and_without_one_every_fitting_key_is_tried() -> None:
    others = [VerifyingKey.of(ec.generate_private_key(ec.SECP256R1()).public_key(), "ES256", name) for name in ("a", "b")]
    assert verify(signed(header()), *others, key().verifying()).key.kid == "k1"
    assert verify(signed({"alg": "ES256", "typ": "at+jwt"}), *others, key("RS256").verifying(), key().verifying()).key.kid == "k1"
    assert fault_of(signed({"alg": "ES256", "typ": "at+jwt"}), *others) is Fault.SIGNATURE
    with pytest.raises(BadToken) as refused:
        signing.verify(signed(header()), (), algs=ALL, typ=TYP)
    assert refused.value.code is Fault.KEY_UNKNOWN


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"crit": ["x"], "x": 1}, id="an_unknown_extension"),
        pytest.param({"crit": ["exp"], "exp": 1}, id="a_known_name"),
        pytest.param({"crit": []}, id="an_empty_list"),
        pytest.param({"crit": None}, id="null"),
        pytest.param({"b64": False, "crit": ["b64"]}, id="an_unencoded_payload"),
        pytest.param({"b64": False}, id="an_unencoded_payload_without_crit"),
        pytest.param({"b64": True}, id="b64_true"),
        pytest.param({"zip": "DEF"}, id="a_compressed_payload"),
    ],
)
def test_X_TK_06_std_JT_04_an_extension_that_must_be_understood_is_refused(extra: dict[str, object]) -> None:
    assert fault_of(signed(header(**extra))) is Fault.CRIT


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("size", [9_000, 5_000_000])
def test_X_TK_07_std_JT_04_a_token_over_8_kib_is_refused_before_anything_is_decoded(place: int, size: int) -> None:
    segments = signed(header()).split(".")
    segments[place] = "A" * size
    token = ".".join(segments)
    begin = time.perf_counter()
    assert fault_of(token) is Fault.TOO_LARGE
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize("depth", [9, 500, 2500])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_X_TK_07_deep_nesting_is_refused_before_it_is_parsed(depth: int, brackets: str) -> None:
    opened = "[" if brackets == "[]" else '{"a":'
    deep = '{"a":' + opened * depth + "1" + brackets[1] * depth + "}"
    token = signed(header(), deep.encode())
    assert fault_of(token) is (Fault.TOO_LARGE if len(token) > signing.MAX_TOKEN else Fault.MALFORMED)


def test_X_TK_07_brackets_inside_a_text_are_no_nesting() -> None:
    assert verify(signed(header(), {"note": '[[[[[[[[[[{{{{{{{{{{\\"['})).claims["note"].startswith("[[[")


def test_X_TK_07_an_encrypted_token_is_refused() -> None:
    assert fault_of(".".join([part({"alg": "RSA-OAEP", "enc": "A256GCM"})] * 5)) is Fault.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"sub":"a","sub":"b"}', id="a_name_twice"),
        pytest.param(b'{"act":{"sub":"a","sub":"b"}}', id="a_name_twice_inside"),
        pytest.param(b'{"exp":NaN}', id="nan"),
        pytest.param(b'{"exp":Infinity}', id="infinity"),
        pytest.param(b'{"exp":-Infinity}', id="minus_infinity"),
        pytest.param(b'{"exp":1e400}', id="a_number_that_overflows"),
        pytest.param(b'{"exp":' + b"9" * 5000 + b"}", id="an_endless_number"),
        pytest.param(b'{"sub":"\\ud800"}', id="half_a_surrogate_pair"),
        pytest.param(b'{"sub":"a\\u0000b"}', id="a_nul_character"),
        pytest.param(b'{"sub":"a\x00b"}', id="a_bare_control_character"),
        pytest.param(b'{"sub":"\xff"}', id="not_utf_8"),
        pytest.param(b"\xef\xbb\xbf{}", id="a_byte_order_mark"),
        pytest.param('{"sub":"a"}'.encode("utf-16"), id="utf_16"),
        pytest.param(b"{'sub':'a'}", id="single_quotes"),
        pytest.param(b'{"sub":"a",}', id="a_comma_at_the_end"),
        pytest.param(b'{"sub":"a"} {}', id="two_documents"),
        pytest.param(b"[]", id="an_array"),
        pytest.param(b'"sub"', id="a_text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_X_TK_09_std_JT_04_odd_json_is_refused_in_the_claims_and_in_the_header(payload: bytes) -> None:
    assert fault_of(signed(header(), payload)) is Fault.MALFORMED
    assert fault_of(signed(payload)) is Fault.MALFORMED


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (0, True),
        (1_700_000_000, True),
        (4_102_444_800, True),
        (4_102_444_801, False),
        (1_700_000_000_000, False),
        (-1, False),
        (True, False),
        (False, False),
        (1_700_000_000.0, False),
        (1_700_000_000.5, False),
        (float("nan"), False),
        ("1700000000", False),
        ("", False),
        (None, False),
        ([1_700_000_000], False),
        ({}, False),
    ],
)
def test_X_TK_09_std_JT_06_a_date_is_a_whole_number_from_1970_to_2100(value: object, taken: bool) -> None:
    assert signing.numeric_date(value) == (value if taken else None)


def test_X_TK_08_std_JT_06_a_claim_of_the_wrong_json_type_comes_back_as_it_was_sent_and_is_no_date() -> None:
    believed = verify(signed(header(), {"exp": "1800000000"}))
    assert signing.numeric_date(believed.claims["exp"]) is None
    assert signing.numeric_date(believed.claims.get("iat")) is None


def test_X_TK_10_a_token_has_one_spelling_only() -> None:
    token = signed(header())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 64 bytes leave four unused bits in the last character; flipping one of them decodes to the same signature.
    flipped = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    for spelling in (flipped, token + "=", token + "==", token + "\n", " " + token, token + ".", token.replace(".", ".=", 1)):
        assert fault_of(spelling) is Fault.MALFORMED
    assert verify(token)


def test_std_JT_05_an_ecdsa_signature_is_raw_and_of_the_right_length() -> None:
    covered = signed(header()).rpartition(".")[0]
    der = key().private.sign(covered.encode(), ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg, arg-type]
    for signature in (der, b"\0" * 63, b"\0" * 64, b"\0" * 65, b"\xff" * 64):
        assert fault_of(f"{covered}.{part(signature)}") is Fault.SIGNATURE


@pytest.mark.parametrize(
    ("said", "taken_here", "believed"),
    [
        ("at+jwt", {"at+jwt"}, True),
        ("AT+JWT", {"at+jwt"}, True),
        ("application/at+jwt", {"at+jwt"}, True),
        ("JWT", {"at+jwt"}, False),
        ("at+jwt", {"jwt", None}, False),
        ("", {None}, False),
        ("JWT", {"jwt", None}, True),
        (["at+jwt"], {"at+jwt"}, False),
        (1, {"at+jwt", None}, False),
    ],
)
def test_std_JT_02_a_token_of_another_type_is_refused(said: object, taken_here: set[str | None], believed: bool) -> None:
    token = signed(header(typ=said))
    if believed:
        assert verify(token, typ=frozenset(taken_here))
    else:
        assert fault_of(token, typ=frozenset(taken_here)) is Fault.TYP


def test_std_JT_02_a_token_without_a_type_is_taken_only_where_that_is_said() -> None:
    untyped = signed({"alg": "ES256"})
    assert fault_of(untyped) is Fault.TYP
    assert verify(untyped, typ=frozenset({None}))


def test_a_peek_tells_the_issuer_of_a_token_that_nobody_can_verify() -> None:
    seen = signing.peek(f"{part({'alg': 'none'})}.{part(CLAIMS)}.")
    assert (seen.header, seen.claims["iss"]) == ({"alg": "none"}, "https://acme.example")


@pytest.mark.parametrize("alg", signing.SIGNING_ALGS)
def test_std_JW_01_a_published_key_has_its_public_members_kid_use_and_alg_only(alg: str) -> None:
    public, private = signing.new_key(alg, "k9")
    assert set(public) <= {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}
    assert (public["kid"], public["use"], public["alg"]) == ("k9", "sig", alg)
    assert SigningKey.load("k9", alg, private).public_jwk() == public


def test_X_TK_12_std_JW_01_private_members_never_reach_the_published_set() -> None:
    private = jwk.RSAKey.import_key(key("RS256").private).as_dict(private=True)  # type: ignore[arg-type]
    assert "d" in private
    (published,) = signing.public_jwks([{**private, "kid": "k1", "x5c": ["MIIB"], "note": "?"}])["keys"]
    assert set(published) == {"kty", "n", "e", "kid"}


@pytest.mark.parametrize("keys", [[{"kty": "oct", "k": "AAAA"}], [{"kty": "EC", "kid": "a"}, {"kty": "RSA", "kid": "a"}], [{}]])
def test_X_TK_12_a_symmetric_key_or_a_kid_twice_is_not_published(keys: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError):
        signing.public_jwks(keys)


def test_X_SX_02_a_signing_key_does_not_print_its_private_part() -> None:
    assert "private" not in repr(key())
    assert "k1" in repr(key())


@pytest.mark.parametrize("alg", ["HS256", "none", "RS512", ""])
def test_an_org_has_no_key_for_other_algorithms(alg: str) -> None:
    with pytest.raises(ValueError):
        signing.new_key(alg, "k1")


def test_a_private_key_is_not_loaded_for_an_algorithm_that_it_does_not_fit() -> None:
    with pytest.raises(ValueError):
        SigningKey.load("k1", "RS256", signing.new_key("ES256", "k1")[1])


@pytest.mark.parametrize(
    ("public", "algs"),
    [
        (rsa.generate_private_key(65537, 1024).public_key(), ()),
        (ec.generate_private_key(ec.SECP256R1()).public_key(), ("ES256",)),
        (ec.generate_private_key(ec.SECP384R1()).public_key(), ("ES384",)),
        (ec.generate_private_key(ec.SECP521R1()).public_key(), ("ES512",)),
        (ec.generate_private_key(ec.SECP256K1()).public_key(), ()),
        (ed25519.Ed25519PrivateKey.generate().public_key(), ("EdDSA", "Ed25519")),
        ("a text", ()),
    ],
    ids=["rsa_1024", "p256", "p384", "p521", "secp256k1", "ed25519", "no_key"],
)
def test_std_JW_04_a_key_checks_what_its_kind_and_size_allow(public: object, algs: tuple[str, ...]) -> None:
    assert signing.algs_for(public) == algs


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    # The example of RFC 7638 section 3.1.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
        "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
        "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
        "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    public = {"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert signing.thumbprint(public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
