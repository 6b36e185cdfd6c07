"""Where the command line gets its access token from: the environment, a sign-in, or a file with which one is fetched.

A secret is never an option of a command: options are in the shell's history and in the process list (X-SX-03).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatebridge.cli import private_file, token_store
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.token_store import Login

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
    """Which server, and what to show it: a token at hand, a sign-in that is renewed, or a client that can get one."""

    url: str
    token: str | None = field(default=None, repr=False)
    client: Client | None = field(default=None, repr=False)
    login: Login | None = field(default=None, repr=False)
    store: Path | None = None  # where the sign-in is kept

    @property
    def through(self) -> str:
        """By what the command line is who it is."""
        if self.token is not None:
            return TOKEN_VARIABLE
        return "gatebridge login" if self.login is not None else "a credentials file"


def default_file(environ: Mapping[str, str]) -> Path:
    """Where the file is looked for when nobody says."""
    return private_file.directory(environ) / "credentials.json"


def server(environ: Mapping[str, str], url: str | None) -> str:
    """Which server to sign in to or out of: named, in the environment, that of the last sign-in, or that of the credentials file."""
    named = url or environ.get(URL_VARIABLE) or token_store.current(token_store.default_file(environ))
    return named.rstrip("/") if named else address(environ)


def address(environ: Mapping[str, str], *, url: str | None = None, file: Path | None = None) -> str:
    """Which server: named, or in the environment, or that of the credentials file, whose secret is not looked at."""
    path = _file(environ, file)
    kept = read(path) if path.exists() and url is None and not environ.get(URL_VARIABLE) else {}
    return (url or environ.get(URL_VARIABLE) or kept.get("url") or DEFAULT_URL).rstrip("/")


def _file(environ: Mapping[str, str], file: Path | None) -> Path:
    return file or Path(environ.get(FILE_VARIABLE) or default_file(environ))


def find(environ: Mapping[str, str], *, url: str | None = None, file: Path | None = None) -> Credentials:
    """The credentials of this run: a token in the environment, else a file that was named, else a sign-in, else the usual file.

    Raises Stop for a file that cannot be used.
    """
    token = environ.get(TOKEN_VARIABLE) or None
    path = _file(environ, file)
    named = file is not None or bool(environ.get(FILE_VARIABLE))
    signed_in = _signed_in(environ, url) if token is None and not named else None
    if signed_in is not None:
        return signed_in
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


def _signed_in(environ: Mapping[str, str], url: str | None) -> Credentials | None:
    """The sign-in to the server that is named, or the last one. What was given by one server is never shown to another."""
    store = token_store.default_file(environ)
    chosen = url or environ.get(URL_VARIABLE) or token_store.current(store)
    login = token_store.load(store, chosen.rstrip("/")) if chosen else None
    return Credentials(login.url, login=login, store=store) if login is not None else None


def read(path: Path) -> dict[str, str]:
    """What a credentials file says. Raises Stop when others can read it, or when it is not one."""
    kept = private_file.read(path)
    if not all(isinstance(kept.get(name), str) for name in ("url", "client_id", "client_secret")):
        raise Stop(Exit.NO_CREDENTIALS, f"{path} must hold url, client_id and client_secret.")
    return kept


def write(path: Path, url: str, client: Client) -> None:
    """Write a credentials file that only its owner can read, from its first byte on."""
    private_file.write(path, {"url": url, "client_id": client.client_id, "client_secret": client.client_secret})


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
