"""What an app proves itself with: secrets, shown once, and certificates, whose private half never comes here."""

from pathlib import Path
from typing import Annotated

import typer

from gatebridge.cli import at, show

secrets = typer.Typer(help="Consumer secrets of an app.", no_args_is_help=True)
certs = typer.Typer(help="Certificates of an app.", no_args_is_help=True)

AppId = Annotated[str, typer.Argument(help="The app's id.", metavar="APP")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Save = Annotated[Path | None, typer.Option("--save-secret", help="Write the secret to this new file (0600); do not print it.")]
Until = Annotated[str | None, typer.Option("--expires", help="Its end, such as 2027-11-24T00:00:00Z.")]
More = Annotated[bool, typer.Option("--allow-more", help="Allow up to 5 live secrets instead of 2.")]
NEW = {"name": "Name", "id": "Id", "expires_at": "Ends"}

SECRET_COLUMNS = (
    ("NAME", show.field("name")),
    ("HINT", show.field("hint")),
    ("CREATED", show.when("created_at")),
    ("ENDS", show.when("expires_at")),
    ("RETIRED", show.when("retired_at")),
    ("ID", show.field("id")),
)


@secrets.command("list")
def list_secrets(context: typer.Context, app: AppId) -> None:
    """The secrets that an app has or had; never their values."""
    with at.server(context) as api:
        show.rows(context, api.get(f"/apps/{app}/secrets"), SECRET_COLUMNS, "It has none. Add one with: gatebridge secrets add APP NAME")


@secrets.command("add")
def add_secret(
    context: typer.Context,
    app: AppId,
    name: Annotated[str, typer.Argument()],
    expires: Until = None,
    allow_more: More = False,
    save: Save = None,
) -> None:
    """Make one more secret. It is shown once."""
    with at.server(context) as api:
        made = api.post(f"/apps/{app}/secrets", {"name": name, "expires_at": expires, "allow_more": allow_more})
    at.give_secret(context, made, save, NEW)


@secrets.command("rotate")
def rotate_secret(
    context: typer.Context,
    app: AppId,
    secret: Annotated[str | None, typer.Option("--secret", help="Replace this one (id); without it, all live ones.")] = None,
    overlap: Annotated[int, typer.Option("--overlap-hours", min=0, help="How long what it replaces lives on; 0 ends it now.")] = 24,
    name: Annotated[str, typer.Option("--name")] = "",
    expires: Until = None,
    allow_more: More = False,
    save: Save = None,
) -> None:
    """Make a secret in place of others, which live on for the overlap. It is shown once."""
    body = {"secret_id": secret, "overlap_hours": overlap, "name": name, "expires_at": expires, "allow_more": allow_more}
    with at.server(context) as api:
        made = api.post(f"/apps/{app}/secrets/rotate", body)
    at.give_secret(context, made, save, NEW)
    for ending in made["ending"]:
        ends = ending["retired_at"] or ending["expires_at"]
        typer.echo(f"{ending['name']} ({ending['hint']}) ends {show.moment(ends)} UTC.", err=True)


@secrets.command("retire")
def retire_secret(
    context: typer.Context, app: AppId, secret: Annotated[str, typer.Argument(help="The secret's id.")], yes: Yes = False
) -> None:
    """End a secret now."""
    with at.server(context) as api:
        at.sure("Whoever still uses this secret is refused from now on. Retire it?", yes)
        show.done(context, "The secret is retired.", api.post(f"/apps/{app}/secrets/{secret}/retire"))


CERTIFICATE_COLUMNS = (
    ("NAME", show.field("name")),
    ("KEY", show.field("key_type")),
    ("FROM", show.when("not_before")),
    ("UNTIL", show.when("not_after")),
    ("RETIRED", show.when("retired_at")),
    ("FINGERPRINT", lambda line: line["fingerprint"][:16]),
    ("ID", show.field("id")),
)


@certs.command("list")
def list_certificates(context: typer.Context, app: AppId) -> None:
    """The certificates that an app has or had."""
    with at.server(context) as api:
        show.rows(
            context, api.get(f"/apps/{app}/certificates"), CERTIFICATE_COLUMNS, "It has none. Add one with: gatebridge certs add APP FILE"
        )


@certs.command("add")
def add_certificate(
    context: typer.Context,
    app: AppId,
    file: Annotated[Path, typer.Argument(help="A certificate in PEM form, or a public JWK. Never a private key.")],
    name: Annotated[str | None, typer.Option(help="What people call it; without it, the name of the file.")] = None,
) -> None:
    """Register a key with which the app signs its assertions."""
    text = at.bytes_of(file).decode("utf-8", "replace")
    with at.server(context) as api:
        show.facts(context, api.post(f"/apps/{app}/certificates", {"name": name or file.stem, "certificate": text}))


@certs.command("retire")
def retire_certificate(
    context: typer.Context, app: AppId, certificate: Annotated[str, typer.Argument(help="The certificate's id.")], yes: Yes = False
) -> None:
    """End a certificate now."""
    with at.server(context) as api:
        at.sure("Assertions signed with its key are refused from now on. Retire it?", yes)
        show.done(context, "The certificate is retired.", api.post(f"/apps/{app}/certificates/{certificate}/retire"))
