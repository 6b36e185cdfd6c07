"""Which uploads become a key that an app may prove itself with."""

import base64
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from gatebridge.crypto import certificates, signing
from gatebridge.crypto.certificates import MAX_UPLOAD, CertificateRefused, Flaw, read
from gatebridge.crypto.signing import SigningKey

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo

KINDS: dict[str, Callable[[], Any]] = {
    "rsa_2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa_3072": lambda: rsa.generate_private_key(65537, 3072),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa_1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa_2048_e3": lambda: rsa.generate_private_key(3, 2048),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "ed448": ed448.Ed448PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(2048),
}
GOOD = {
    "rsa_2048": ("RSA 2048", ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "rsa_3072": ("RSA 3072", ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "p256": ("EC P-256", ("ES256",)),
    "p384": ("EC P-384", ("ES384",)),
    "p521": ("EC P-521", ("ES512",)),
    "ed25519": ("Ed25519", ("EdDSA", "Ed25519")),
}
WEAK = ["rsa_1024", "rsa_2048_e3", "secp256k1", "p224", "ed448", "dsa"]


@cache
def private(kind: str) -> Any:
    return KINDS[kind]()


@cache
def certificate(kind: str, begins: datetime = NOW - YEAR, ends: datetime = NOW + YEAR) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Order Sync")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7).public_key(private(kind).public_key())
    signer = private("p256")
    return builder.not_valid_before(begins).not_valid_after(ends).sign(signer, hashes.SHA256())


def pem(kind: str, **when: datetime) -> str:
    return certificate(kind, **when).public_bytes(PEM).decode()


def private_pem(kind: str, form: serialization.PrivateFormat, password: bytes | None = None) -> str:
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    text: bytes = private(kind).private_bytes(PEM, form, closed)
    return text.decode()


@cache
def public_jwk(kind: str) -> dict[str, Any]:
    wrapper: Any = {"rsa": jwk.RSAKey, "p25": jwk.ECKey, "p38": jwk.ECKey, "p52": jwk.ECKey, "ed2": jwk.OKPKey}[kind[:3]]
    members: dict[str, Any] = wrapper.import_key(private(kind).public_key()).as_dict(private=False)
    return members


def jwk_of(kind: str, **more: object) -> str:
    return json.dumps({**public_jwk(kind), **more})


def flaw_of(upload: str | bytes) -> Flaw:
    with pytest.raises(CertificateRefused) as refused:
        read(upload, now=NOW)
    assert refused.value.words.isprintable()
    return refused.value.code


@pytest.mark.parametrize("kind", GOOD)
def test_X_JB_09_a_certificate_with_a_good_key_is_read_in_pem_and_der(kind: str) -> None:
    from_pem = read(pem(kind), now=NOW)
    assert (from_pem.key_type, from_pem.algs) == GOOD[kind]
    assert (from_pem.subject, from_pem.issuer, from_pem.not_before, from_pem.not_after) == (
        "CN=Order Sync",
        "CN=Order Sync",
        NOW - YEAR,
        NOW + YEAR,
    )
    assert from_pem.fingerprint == certificate(kind).fingerprint(hashes.SHA256()).hex()
    assert from_pem.public_pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert read(certificate(kind).public_bytes(DER), now=NOW) == from_pem


@pytest.mark.parametrize("kind", GOOD)
def test_X_JB_09_a_public_jwk_with_a_good_key_is_read(kind: str) -> None:
    found = read(jwk_of(kind, kid="mine", use="sig"), now=NOW)
    assert (found.key_type, found.algs, found.kid) == (*GOOD[kind], "mine")
    assert (found.subject, found.not_after) == (None, None)
    assert found.public_pem == read(pem(kind), now=NOW).public_pem


def test_a_jwk_that_names_its_algorithm_is_for_that_one_alone() -> None:
    assert read(jwk_of("rsa_2048", alg="PS256"), now=NOW).algs == ("PS256",)


@pytest.mark.parametrize("kind", ["rsa_2048", "p256", "ed25519"])
def test_what_the_private_half_signs_the_stored_key_verifies(kind: str) -> None:
    alg = {"rsa_2048": "RS256", "p256": "ES256", "ed25519": "EdDSA"}[kind]
    stored = read(pem(kind), now=NOW)
    token = signing.sign(SigningKey("k", alg, private(kind)), "JWT", {"iss": "gbk_x"})
    for key in (certificates.verifying_key(stored.public_pem, kid="k"), certificates.verifying_key(stored.public_pem, alg, kid="k")):
        assert signing.verify(token, [key], algs=frozenset({alg}), typ=frozenset({"jwt"})).key is key


def test_the_stored_key_is_not_for_an_algorithm_that_does_not_fit() -> None:
    with pytest.raises(ValueError):
        certificates.verifying_key(read(pem("p256"), now=NOW).public_pem, "RS256")


@pytest.mark.parametrize("kind", WEAK)
def test_X_JB_09_a_certificate_with_a_weak_or_foreign_key_is_refused(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        upload = pem(kind)
    assert flaw_of(upload) is Flaw.WEAK


def test_X_JB_09_a_jwk_with_a_weak_key_is_refused() -> None:
    def number(value: int) -> str:
        return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()

    for kind in ("rsa_1024", "rsa_2048_e3"):
        numbers = private(kind).public_key().public_numbers()
        assert flaw_of(json.dumps({"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)})) is Flaw.WEAK
    too_large = json.dumps({"kty": "RSA", "n": number((1 << 16383) | 1), "e": "AQAB"})
    assert flaw_of(too_large) is Flaw.WEAK


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(lambda: private_pem("p256", serialization.PrivateFormat.PKCS8), id="pkcs8"),
        pytest.param(lambda: private_pem("p256", serialization.PrivateFormat.PKCS8, b"password"), id="pkcs8_with_a_password"),
        pytest.param(lambda: private_pem("p256", serialization.PrivateFormat.TraditionalOpenSSL), id="ec_private_key"),
        pytest.param(lambda: private_pem("rsa_2048", serialization.PrivateFormat.TraditionalOpenSSL), id="rsa_private_key"),
        pytest.param(lambda: private_pem("ed25519", serialization.PrivateFormat.OpenSSH), id="openssh"),
        pytest.param(lambda: pem("p256") + private_pem("p256", serialization.PrivateFormat.PKCS8), id="behind_its_certificate"),
        pytest.param(lambda: private_pem("p256", serialization.PrivateFormat.PKCS8).lower(), id="in_lower_case"),
        pytest.param(lambda: private("p256").private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), id="der"),
        pytest.param(
            lambda: private("p256").private_bytes(
                DER, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"password")
            ),
            id="der_with_a_password",
        ),
        pytest.param(lambda: jwk_of("p256", d="AAAA"), id="jwk_ec"),
        pytest.param(lambda: jwk_of("rsa_2048", p="AAAA"), id="jwk_rsa_with_a_prime_only"),
        pytest.param(lambda: '{"kty":"oct","k":"AAAA"}', id="jwk_symmetric"),
    ],
)
def test_X_JB_09_a_private_key_is_refused_and_called_compromised(upload: Any) -> None:
    with pytest.raises(CertificateRefused, match="compromised") as refused:
        read(upload(), now=NOW)
    assert refused.value.code is Flaw.HAS_PRIVATE_KEY


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(lambda: pem("p256") * 2, id="a_certificate_twice"),
        pytest.param(lambda: pem("p256") + pem("p384"), id="a_chain"),
        pytest.param(lambda: json.dumps({"keys": [public_jwk("p256")]}), id="a_set_of_one"),
        pytest.param(lambda: json.dumps({"keys": [public_jwk("p256"), public_jwk("p384")]}), id="a_set_of_two"),
    ],
)
def test_X_JB_09_one_block_only(upload: Any) -> None:
    assert flaw_of(upload()) is Flaw.SEVERAL


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(lambda: "", id="nothing"),
        pytest.param(lambda: b"\0" * 100, id="zeros"),
        pytest.param(lambda: "hello", id="a_word"),
        pytest.param(lambda: "\ud800", id="half_a_character"),
        pytest.param(lambda: pem("p256")[:200], id="a_certificate_cut_off"),
        pytest.param(lambda: pem("p256").replace("M", "N", 5), id="a_certificate_mistyped"),
        pytest.param(lambda: private("p256").public_key().public_bytes(PEM, SPKI), id="a_bare_public_key"),
        pytest.param(lambda: private("p256").public_key().public_bytes(DER, SPKI), id="a_bare_public_key_in_der"),
        pytest.param(lambda: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me", id="an_ssh_key"),
        pytest.param(lambda: pem("p256") + "#" * MAX_UPLOAD, id="too_large"),
        pytest.param(lambda: "{}", id="an_empty_jwk"),
        pytest.param(lambda: "{", id="a_brace"),
        pytest.param(lambda: '{"kty":"EC","kty":"RSA"}', id="a_jwk_with_a_name_twice"),
        pytest.param(lambda: '{"kty":"XYZ"}', id="an_unknown_kty"),
        pytest.param(lambda: '{"kty":["EC"],"crv":"P-256","x":"AA","y":"AA"}', id="a_kty_that_is_a_list"),
        pytest.param(lambda: '{"kty":"EC","crv":"P-256","x":1,"y":"AA"}', id="a_coordinate_that_is_a_number"),
        pytest.param(lambda: jwk_of("p256", x="AAAA"), id="a_point_not_on_the_curve"),
        pytest.param(lambda: jwk_of("p256", x="&&&&"), id="a_coordinate_not_in_base64url"),
        pytest.param(lambda: jwk_of("p256", crv="P-999"), id="an_unknown_curve"),
        pytest.param(lambda: jwk_of("ed25519", crv="Ed999"), id="an_unknown_edwards_curve"),
        pytest.param(lambda: '{"kty":"RSA","n":"","e":""}', id="an_empty_modulus"),
        pytest.param(lambda: jwk_of("p256", use="enc"), id="a_jwk_for_encryption"),
        pytest.param(lambda: jwk_of("p256", kid=7), id="a_kid_that_is_a_number"),
        pytest.param(lambda: jwk_of("p256", kid="k" * 257), id="a_kid_too_long"),
        pytest.param(lambda: jwk_of("p256", alg="HS256"), id="a_jwk_for_hmac"),
        pytest.param(lambda: jwk_of("p256", alg="RS256"), id="a_jwk_for_another_algorithm"),
    ],
)
def test_X_JB_09_what_is_no_certificate_and_no_public_jwk_is_refused(upload: Any) -> None:
    assert flaw_of(upload()) is Flaw.UNREADABLE


@given(st.binary(max_size=300) | st.text(max_size=100) | st.binary(max_size=100).map(lambda tail: b"-----BEGIN CERTIFICATE-----\n" + tail))
def test_rubbish_is_refused_and_breaks_nothing(upload: str | bytes) -> None:
    with pytest.raises(CertificateRefused):
        read(upload, now=NOW)


@pytest.mark.parametrize(
    ("ends", "taken"),
    [(NOW + timedelta(seconds=1), True), (NOW, False), (NOW - timedelta(seconds=1), False), (NOW - YEAR / 2, False)],
)
def test_a_certificate_that_has_ended_is_refused(ends: datetime, taken: bool) -> None:
    upload = pem("p256", ends=ends)
    if taken:
        assert read(upload, now=NOW).not_after == ends
    else:
        assert flaw_of(upload) is Flaw.OUT_OF_DATE


def test_a_certificate_that_has_not_begun_is_taken_for_later() -> None:
    assert read(pem("p256", begins=NOW + YEAR / 2), now=NOW).not_before == NOW + YEAR / 2


def test_text_around_the_block_does_no_harm() -> None:
    assert read("subject=Order Sync\r\n\r\n" + pem("p256").replace("\n", "\r\n") + "\r\n  ", now=NOW) == read(pem("p256"), now=NOW)
