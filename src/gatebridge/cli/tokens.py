"""Getting a token."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gatebridge.cli import credentials, show, wishes
from gatebridge.cli.client import Api, fetch_token
from gatebridge.cli.credentials import Client, Credentials


def get_token(
    context: typer.Context,
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="The consumer key of an app; without it, the credentials file's.")
    ] = None,
    secret_file: Annotated[Path | None, typer.Option("--secret-file", help="A file with its secret; - reads standard input.")] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="The scopes to ask for; without it all that the app has.")] = None,
) -> None:
    """Print an access token: one by client credentials, or that of your sign-in. Secrets come from a file, standard input or a prompt."""
    wished = wishes.of(context)
    if client_id is not None:
        url = credentials.address(os.environ, url=wished.url, file=wished.credentials)
        found = Credentials(url, client=Client(client_id, credentials.secret_from(secret_file, "Consumer secret")))
    else:
        # A token at hand is no help here: a new one is wanted.
        environ = {name: value for name, value in os.environ.items() if name != credentials.TOKEN_VARIABLE}
        found = credentials.find(environ, url=wished.url, file=wished.credentials)
    with Api(found) as api:
        if found.login is not None and scope is None:
            api.get("/me")  # a token that is dead is renewed by being used
            answer = {"access_token": api.token, "token_type": "Bearer"}
        else:
            answer = fetch_token(api.http, api.client, scope)
    if wished.json:
        show.as_json(answer)
    else:
        typer.echo(answer["access_token"])
