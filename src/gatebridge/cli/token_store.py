"""Where the command line keeps what a sign-in gave it: in the system's keyring where there is one, else in a file of one's own.

The file is `~/.config/gatebridge/tokens.json`, readable by its owner alone, written whole and put in place at once. It names the servers
that somebody is signed in to, and the one of the last sign-in. With the optional package `keyring` and a keyring that works, the tokens
themselves are there and not in the file.
"""

import fcntl
import importlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gatebridge.cli import private_file
from gatebridge.cli.exits import Exit, Stop

KEYRING_SERVICE = "gatebridge"


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in to one server, as the app of the command line."""

    url: str
    client_id: str
    token_endpoint: str
    revocation_endpoint: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


def default_file(environ: Mapping[str, str]) -> Path:
    """Where the file is: beside the credentials file."""
    return private_file.directory(environ) / "tokens.json"


def current(path: Path) -> str | None:
    """The server of the last sign-in, if somebody is signed in anywhere."""
    kept = _read(path)
    return kept["current"] if kept["current"] in kept["servers"] else next(iter(kept["servers"]), None)


def load(path: Path, url: str) -> Login | None:
    """The sign-in to this server. None where there is none. Raises Stop for a file that others can read."""
    entry = _read(path)["servers"].get(url)
    if entry is None:
        return None
    secret = entry.get("tokens") or _from_keyring(url)
    try:
        return Login(url=url, **{name: entry[name] for name in ("client_id", "token_endpoint", "revocation_endpoint")}, **secret)
    except (KeyError, TypeError):
        return None  # written by another version, or its half in the keyring was taken away: the same as not signed in


def save(path: Path, login: Login) -> None:
    """Keep a sign-in, in place of an earlier one to the same server. Inside `locked` where another process may do the same."""
    kept = _read(path)
    entry = asdict(login)
    tokens = {name: entry.pop(name) for name in ("access_token", "refresh_token")}
    del entry["url"]
    if not _into_keyring(login.url, tokens):
        entry["tokens"] = tokens
    _write(path, kept | {"current": login.url, "servers": kept["servers"] | {login.url: entry}})


def forget(path: Path, url: str) -> None:
    """Keep nothing of the sign-in to this server."""
    kept = _read(path)
    keyring = _keyring()
    if keyring is not None:
        with suppress(Exception):  # it may not be there; what matters is that the file does not name it any more
            keyring.delete_password(KEYRING_SERVICE, url)
    if url in kept["servers"]:
        servers = {name: entry for name, entry in kept["servers"].items() if name != url}
        _write(path, kept | {"servers": servers})


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time. A refresh token works once, so two commands at once must not both send the one that they have read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # let go by the system however the process ends
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"current": None, "servers": {}}
    kept = private_file.read(path)
    if not isinstance(kept.get("servers"), dict):
        raise Stop(Exit.NO_CREDENTIALS, f"{path} is not what `gatebridge login` writes. Move it away and sign in again.")
    return {"current": kept.get("current"), "servers": kept["servers"]}


def _write(path: Path, kept: Mapping[str, object]) -> None:
    private_file.write(path, kept)


def _keyring() -> Any:
    """The keyring of this machine, where the optional package is there and has one that works."""
    try:
        module = importlib.import_module("keyring")
        return module if module.get_keyring().priority >= 1 else None
    except Exception:
        return None  # whatever is wrong with it, the file is always there


def _into_keyring(url: str, tokens: Mapping[str, object]) -> bool:
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(KEYRING_SERVICE, url, json.dumps(tokens))
    except Exception:
        return False  # locked, or full: the file takes them
    return True


def _from_keyring(url: str) -> dict[str, Any]:
    keyring = _keyring()
    try:
        kept = json.loads(keyring.get_password(KEYRING_SERVICE, url)) if keyring is not None else {}
    except Exception:
        return {}
    return kept if isinstance(kept, dict) else {}
