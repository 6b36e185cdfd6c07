"""The checks of settings that are more than a range. Each raises ValueError with the end of a sentence that begins with the name."""

import ipaddress
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationInfo

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def base_url(url: str) -> str:
    """An address that can be an issuer: scheme, host and port, and nothing after them (RFC 8414 section 2)."""
    if url != url.lower():
        raise ValueError("must be in lower case, because the issuer is compared byte for byte")
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port  # reading the port raises ValueError when it is no number up to 65535
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an address such as https://id.example.com")
    if url != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise ValueError("must end after the host and port: no user, path, query, fragment or slash at the end, because it is the issuer")
    if port == {"http": 80, "https": 443}[parts.scheme] or parts.netloc.endswith(":"):
        raise ValueError("must leave out the port that its scheme implies, because clients leave it out of the Host header")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https://, because plain http is only for addresses of this machine such as http://localhost:8080")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def database_url(url: str) -> str:
    """A SQLite file or a PostgreSQL database."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        if not rest.startswith("/") or rest == "/" or ":memory:" in rest:
            raise ValueError("must name a file: sqlite:///relative/path.db or sqlite:////absolute/path.db")
    elif scheme != "postgresql" or not urlsplit(url).path.strip("/"):
        raise ValueError("must be sqlite:///path.db or postgresql://user:password@host/database")
    return url


def sender(text: str) -> str:
    """Who mail comes from: `ada@example.com`, or `Name <ada@example.com>`."""
    address = parseaddr(text)[1]
    local, _, domain = address.rpartition("@")
    if not local or not domain or not text.isascii() or not text.isprintable() or not text.endswith((address, f"<{address}>")):
        raise ValueError("must be an address such as Gatebridge <no-reply@example.com>")
    return text


def mail_credentials(username: str | None, info: ValidationInfo) -> str | None:
    """Who signs in at the mail server: with a password, and on no way that others can listen to."""
    if username is None:
        return None
    if info.data.get("smtp_password") is None:
        raise ValueError("needs a password beside it: set smtp_password too")
    if info.data.get("smtp_security") == "none" and not _is_loopback(info.data.get("smtp_host") or ""):
        raise ValueError("must not be sent unprotected: set smtp_security to starttls or tls")
    return username


def networks(value: object) -> object:
    """Networks in CIDR notation, of both IP versions."""
    parts = separated(value)
    if not isinstance(parts, list):
        return value
    found = []
    for part in parts:
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(f"must hold networks such as 10.0.0.0/8, and {part!r} is not one") from None
    return tuple(found)


def separated(text: object) -> object:
    """Comma-separated text as a list; anything else as it is."""
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def open_to_others(path: Path) -> bool:
    """Whether anyone but the owner may read or change the file."""
    return bool(path.stat().st_mode & 0o077)
