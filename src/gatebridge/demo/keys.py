"""Key pairs for the demo's apps, as a developer would make them with openssl."""

import os
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gatebridge.crypto import signing
from gatebridge.crypto.certificates import read


def make_certificate(directory: Path, name: str, now: datetime, days: int, *, with_rsa: bool = False) -> tuple[Path, Path]:
    """A private key (0600) and its self-signed certificate, good for so many days. Clients of Salesforce sign with RSA only."""
    directory.mkdir(parents=True, exist_ok=True)
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048) if with_rsa else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(private, hashes.SHA256())
    )
    key_file, cert_file = directory / f"{name}.key.pem", directory / f"{name}.cert.pem"
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, cert_file


# The story signs a hundred times with the same few keys, and to read one takes longer than to sign.
_signing_key = cache(signing.SigningKey.load)


def load_key(key_file: str | None, cert_file: str | None, now: datetime) -> signing.SigningKey:
    """The key of these files, named by the fingerprint of its certificate. Raises ValueError where they hold no such key."""
    if key_file is None or cert_file is None:
        raise ValueError("This app has no key")
    return _signing_key(read(Path(cert_file).read_text(), now=now).fingerprint, *_private(key_file))


@cache
def _private(key_file: str) -> tuple[str, bytes]:
    private = serialization.load_pem_private_key(Path(key_file).read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError(f"{key_file} holds no elliptic curve key and none of RSA")
    der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return "RS256" if isinstance(private, rsa.RSAPrivateKey) else "ES256", der
