"""Codes of authenticator apps, by the examples of RFC 6238 appendix B; the six digits are the last of its eight."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from gatebridge.crypto import totp

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_a_code_belongs_to_the_step_of_the_rfc(seconds: int, code: str) -> None:
    step = seconds // 30
    assert totp.step_of_code(SEED, code, range(step - 1, step + 2)) == step
    assert totp.step_of_code(SEED, code, range(step + 1, step + 4)) is None


@pytest.mark.parametrize("code", ["", "287083", "94287082", "٢٨٧٠٨٢", "28708\ud800"])
def test_what_is_not_the_code_belongs_to_no_step(code: str) -> None:
    assert totp.step_of_code(SEED, code, (1,)) is None


def test_without_a_seed_no_code_is_right() -> None:
    shown = pyotp.TOTP(totp.text_of(bytes(20))).generate_otp(1)
    assert totp.step_of_code(bytes(20), shown, (1,)) == 1
    assert totp.step_of_code(None, shown, (1,)) is None


def test_an_app_reads_issuer_user_and_seed() -> None:
    seed = totp.new_seed(os.urandom)
    assert len(seed) == 20
    address = urlsplit(totp.address_of(seed, issuer="Acme & Söhne", username="dana@acme.example"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Acme & Söhne:dana@acme.example"
    assert parse_qs(address.query) == {"secret": [totp.text_of(seed)], "issuer": ["Acme & Söhne"]}
