"""An SFDX auth URL: one text with which the Salesforce CLI signs in where there is no browser (`sf org login sfdx-url`).

It is `force://<consumer key>:<secret>:<refresh token>@<host>`: whoever reads it is the user, so it goes into a closed file. It is made as
the CLI itself signs in: code and PKCE, the answer on port 1717 of this machine, which is the callback that its app has registered.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx

from gatebridge.cli import login, metadata
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.login import Asking
from gatebridge.cli.loopback import Place
from gatebridge.rules import scopes
from gatebridge.rules.client_guides import SF_CALLBACK, SF_SCOPES

# What the Salesforce CLI reads of one (protocol file 6.2); it gives up on any other without saying why.
_READABLE = re.compile(r"force://[a-zA-Z0-9._-]+={0,2}:[a-zA-Z0-9._-]*={0,2}:[a-zA-Z0-9._-]+={0,2}@[a-zA-Z0-9:._-]+")
JSON_FIELD = "sfdxAuthUrl"
STANDARD_OUTPUT = "-"


def make(http: httpx.Client, url: str, consumer_key: str, secret: str | None, show: Callable[[str], None]) -> str:
    """Sign somebody in through this app, and return the auth URL. `show` brings the address to a browser. Raises Stop.

    Nothing but the refresh token is kept: the access token that came with it is ended.
    """
    server = metadata.fetch(http, url, consumer_key)
    callback = urlsplit(SF_CALLBACK)
    place = Place(str(callback.hostname), callback.port or 0, callback.path)
    said = login.get_tokens(http, server, show, asking=Asking(scopes.render(SF_SCOPES), place, secret))
    with contextlib.suppress(Stop):  # it ends by itself soon
        login.end_token(http, server.revocation_endpoint, said["access_token"], consumer_key, secret)
    refresh_token = said.get("refresh_token")
    if not isinstance(refresh_token, str):
        words = "No refresh token was given, and an auth URL is made of one. The app needs flow, scope and policy for one."
        raise Stop(Exit.REFUSED, words)
    made = f"force://{consumer_key}:{secret or ''}:{refresh_token}@{urlsplit(url).netloc}"
    if _READABLE.fullmatch(made) is None:
        with contextlib.suppress(Stop):
            login.end_token(http, server.revocation_endpoint, refresh_token, consumer_key, secret)
        raise Stop(
            Exit.REFUSED, "The Salesforce CLI could not read the URL: it takes letters, digits and . _ - in key, secret, token and host."
        )
    return made


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """A file that is not there yet and that only its owner can read. It goes again when nothing came of it. Raises Stop."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stop(Exit.USAGE, f"{path} cannot be written: {error.strerror}. Name a new file; none is overwritten.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def written(made: str, path: Path) -> str:
    """What goes into the file: the text alone, or the JSON that the Salesforce CLI expects in a file that is called so."""
    return json.dumps({JSON_FIELD: made}) + "\n" if path.suffix == ".json" else made + "\n"
