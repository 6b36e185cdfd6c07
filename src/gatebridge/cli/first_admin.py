"""`gatebridge first-admin`: the first org, its admin, and the app through which this command line administers it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gatebridge.cli import credentials, machine
from gatebridge.cli.credentials import Client
from gatebridge.cli.exits import Exit, Stop
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.password_checks import password_problem
from gatebridge.rules.reasons import Refused
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.first_admin import FirstAdmin, FirstAdminCreated, create_first_admin, operator
from gatebridge.storage import migrate
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be the first admin, of what org, and where the command line's credentials go."""

    org_name: str
    username: str
    email: str
    first_name: str
    last_name: str
    password: str = field(repr=False)
    target: Path


def found(wanted: Wanted) -> dict[str, str]:
    """Make all of it, or nothing. Returns what was made, without any secret. Raises Stop."""
    if problem := password_problem(wanted.password, username=wanted.username, email=wanted.email):
        raise Stop(Exit.USAGE, problem)
    with machine.opened() as here:
        migrate.upgrade(here.database)
        hashed = PasswordHasher(parallel=1, random=os.urandom).hash(wanted.password)
        base_url = here.settings.base_url
        command = FirstAdmin(
            org_name=wanted.org_name,
            host=urlsplit(base_url).netloc,
            issuer=base_url,
            username=wanted.username,
            email=wanted.email,
            first_name=wanted.first_name,
            last_name=wanted.last_name,
            password_hash=hashed,
        )
        try:
            with here.database.transaction() as tx:
                made = create_first_admin(tx, command)
                client = make_admin_app(tx, made)
                # Inside the transaction: where the file cannot be written, nobody has the secret, and nothing was made.
                credentials.write(wanted.target, base_url, client)
        except Refused as refused:
            raise Stop(Exit.REFUSED, in_words(refused)) from None
        except OSError as error:
            raise Stop(Exit.USAGE, f"{wanted.target} cannot be written: {error.strerror}. Nothing was made.") from None
    ids_made = {"org_id": ids.long(made.org.id), "user_id": ids.long(made.user.id)}
    return {**ids_made, "base_url": base_url, "credentials": str(wanted.target)}


def make_admin_app(tx: Tx, made: FirstAdminCreated) -> Client:
    """The app of the command line: client credentials that act for the admin, and may administer the org."""
    actor, admin = operator(made.org.id), made.user
    app = create_app(
        tx,
        actor,
        CreateApp(
            label="Admin CLI",
            api_name="admin_cli",
            contact_email=admin.email,
            description="The command line of the first admin.",
            purpose="Administering this org until every admin has signed in with an account of their own.",
            owner_id=admin.id,
            flows=frozenset({Flow.CLIENT_CREDENTIALS}),
            scopes=("setup_api",),
        ),
    )
    edit_policies(tx, actor, EditPolicies(app.app.id, run_as_user_id=admin.id, may_administer=True))
    assign_access(tx, actor, AssignAccess(app.app.id, admin.profile_id))
    if app.secret is None:
        raise ValueError("an app with client credentials was made without a secret")
    return Client(app.app.consumer_key, app.secret.reveal())


def in_words(refused: Refused) -> str:
    """A refusal of a verb as this machine's own command says it."""
    lines = [refused.detail or refused.reason.sentence, *(f"  {each.field}: {each.problem}" for each in refused.fields)]
    return "\n".join([*lines, f"Remedy: {refused.reason.remedy}"])
