"""Where the command line gets its access token from: the environment, or a file with which one is fetched.

A secret is never an option of a command: options are in the shell's history and in the process list (X-SX-03).
"""

import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatebridge.cli.exits import Exit, Stop

TOKEN_VARIABLE = "GATEBRIDGE_CLI_TOKEN"
URL_VARIABLE = "GATEBRIDGE_CLI_URL"
FILE_VARIABLE = "GATEBRIDGE_CLI_CREDENTIALS"
DEFAULT_URL = "http://localhost:8080"


@dataclass(frozen=True, slots=True)
class Client:
    """An app's key and secret, with which a token is fetched by client credentials."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Which server, and what to show it: a token at hand, or a client that can get one."""

    url: str
    token: str | None = field(default=None, repr=False)
    client: Client | None = field(default=None, repr=False)


def default_file(environ: Mapping[str, str]) -> Path:
    """Where the file is looked for when nobody says."""
    config = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config"
    return Path(config) / "gatebridge" / "credentials.json"


def address(environ: Mapping[str, str], *, url: str | None = None, file: Path | None = None) -> str:
    """Which server: named, or in the environment, or that of the credentials file, whose secret is not looked at."""
    path = _file(environ, file)
    kept = read(path) if path.exists() and url is None and not environ.get(URL_VARIABLE) else {}
    return (url or environ.get(URL_VARIABLE) or kept.get("url") or DEFAULT_URL).rstrip("/")


def _file(environ: Mapping[str, str], file: Path | None) -> Path:
    return file or Path(environ.get(FILE_VARIABLE) or default_file(environ))


def find(environ: Mapping[str, str], *, url: str | None = None, file: Path | None = None) -> Credentials:
    """The credentials of this run. A token in the environment wins over a file. Raises Stop for a file that cannot be used."""
    token = environ.get(TOKEN_VARIABLE) or None
    path = _file(environ, file)
    named = file is not None or bool(environ.get(FILE_VARIABLE))
    kept = read(path) if (named and token is None) or path.exists() else {}
    chosen = url or environ.get(URL_VARIABLE) or kept.get("url") or DEFAULT_URL
    if token:
        return Credentials(chosen.rstrip("/"), token=token)
    if not kept:
        return Credentials(chosen.rstrip("/"))
    # A file's secret belongs to the file's server; another address must not get it by a typing error or a trick.
    if "url" in kept and chosen.rstrip("/") != kept["url"].rstrip("/"):
        words = f"The credentials in {path} are for {kept['url']} and are not sent to {chosen}: name that server's file with --credentials."
        raise Stop(Exit.NO_CREDENTIALS, words)
    return Credentials(chosen.rstrip("/"), client=Client(kept["client_id"], kept["client_secret"]))


def read(path: Path) -> dict[str, str]:
    """What a credentials file says. Raises Stop when others can read it, or when it is not one."""
    try:
        mode = path.stat().st_mode
        kept = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Stop(Exit.NO_CREDENTIALS, f"The credentials file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Stop(Exit.NO_CREDENTIALS, f"The credentials file {path} is not JSON.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Stop(Exit.NO_CREDENTIALS, f"Others can read {path}, and it holds a secret. Close it first: chmod 600 {path}")
    if not isinstance(kept, dict) or not all(isinstance(kept.get(name), str) for name in ("url", "client_id", "client_secret")):
        raise Stop(Exit.NO_CREDENTIALS, f"{path} must hold url, client_id and client_secret.")
    return kept


def write(path: Path, url: str, client: Client) -> None:
    """Write a credentials file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = json.dumps({"url": url, "client_id": client.client_id, "client_secret": client.client_secret}, indent=2) + "\n"
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    beside.replace(path)


def secret_from(file: Path | None, words: str) -> str:
    """A secret from a file, from standard input (`-`), or typed unseen at a prompt."""
    if file is not None and str(file) != "-":
        try:
            return file.read_text("utf-8").strip()
        except OSError as error:
            raise Stop(Exit.USAGE, f"{file} cannot be read: {error.strerror}.") from None
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    import getpass  # only where somebody sits at a terminal

    return getpass.getpass(f"{words}: ")
