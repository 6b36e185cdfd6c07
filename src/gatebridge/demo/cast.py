"""Who and what is in the demo org, and the making of it, verb by verb."""

import base64
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.permissions import Permission
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.first_admin import FirstAdmin, create_first_admin
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage.tx import Tx

CLIENT_CREDENTIALS = frozenset({Flow.CLIENT_CREDENTIALS})
BY_KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo, with the password that only `var/demo.json` holds."""

    username: str
    password: str = field(repr=False)
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class DemoApp:
    """An app of the demo, as a client needs it."""

    app_id: str
    name: str
    flow: str
    key: str
    secret: str | None = field(repr=False)
    callback: str | None = None
    key_file: str | None = None
    cert_file: str | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and everything in the demo."""

    people: tuple[Person, ...]
    apps: tuple[DemoApp, ...]


def make(tx: Tx, hasher: PasswordHasher, *, host: str, issuer: str, keys_directory: Path) -> Cast:
    """Make the demo org in this transaction."""
    people: list[Person] = []

    def invent(username: str, name: str, what: str) -> str:
        person = Person(username, _password(), name, what)
        people.append(person)
        return hasher.hash(person.password)

    first = create_first_admin(
        tx,
        FirstAdmin(
            org_name="Acme",
            host=host,
            issuer=issuer,
            username="dana.okafor@acme.example",
            email="dana.okafor@acme.example",
            first_name="Dana",
            last_name="Okafor",
            password_hash=invent("dana.okafor@acme.example", "Dana Okafor", "security admin"),
        ),
    )
    operator = first.actor
    rights = frozenset(
        {
            Permission.API_ENABLED,
            Permission.VIEW_SETUP,
            Permission.REGISTER_CONNECTED_APPS,
            Permission.ROTATE_CONSUMER_CREDENTIALS,
            Permission.VIEW_OAUTH_USAGE,
        }
    )
    developer = create_profile(tx, operator, CreateProfile("Integration Developer", "Registers apps and looks after them", rights))
    machines = create_profile(
        tx,
        operator,
        CreateProfile(
            "Warehouse Machines",
            "Service users that may only come from the warehouse or from this machine",
            frozenset({Permission.API_ENABLED, Permission.API_ONLY}),
            login_ranges=(
                TypedRange("127.0.0.0/8", "this machine"),
                TypedRange("::1", "this machine"),
                TypedRange("10.20.0.0/16", "warehouse"),
            ),
        ),
    )
    named = {name: profile.id for name, profile in first.profiles.items()}

    def person(username: str, first_name: str, last_name: str, profile_id: str, what: str) -> str:
        hashed = invent(username, f"{first_name} {last_name}", what)
        command = CreateUser(username, username, profile_id, first_name, last_name, password_hash=hashed)
        return create_user(tx, operator, command).id

    lee = person("lee.park@acme.example", "Lee", "Park", developer.id, "integration developer")
    sam = person("sam.ruiz@acme.example", "Sam", "Ruiz", named["Standard User"], "end user")

    def machine(username: str, name: str, profile_id: str) -> str:
        return create_user(tx, operator, CreateUser(username, "it@acme.example", profile_id, "Service", name)).id

    ledger = machine("ledger@machines.acme.example", "Ledger", named["Integration User"])
    warehouse = machine("warehouse@machines.acme.example", "Warehouse", machines.id)
    partner = machine("partner@machines.acme.example", "Partner", named["Integration User"])

    nightly = create_permission_set(
        tx, operator, CreatePermissionSet("Nightly Integrations", "Nightly_Integrations", "May use the nightly jobs", frozenset())
    )
    auditor = create_permission_set(
        tx,
        operator,
        CreatePermissionSet(
            "Security Auditor",
            "Security_Auditor",
            "Reads every record and changes nothing",
            frozenset({Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY, Permission.VIEW_AUDIT_TRAIL, Permission.VIEW_OAUTH_USAGE}),
        ),
    )
    for user_id, set_id in ((ledger, nightly.id), (warehouse, nightly.id), (sam, auditor.id)):
        assign_permission_set(tx, operator, AssignPermissionSet(user_id, set_id))

    apps = [
        _app(tx, operator, "Ledger Sync", lee, ("api",), "Copies invoices to the ledger every night", run_as=ledger, allowed=nightly.id),
        _key_app(tx, operator, lee, warehouse, nightly.id, keys_directory),
        _resource_server(tx, operator, lee),
        _app(
            tx,
            operator,
            "Data Loader",
            lee,
            ("api", "id"),
            "A client that was written for Salesforce",
            run_as=ledger,
            allowed=nightly.id,
            dialect=Dialect.SALESFORCE,
        ),
        _app(tx, operator, "Partner Portal", lee, ("api",), "Waits for an admin to approve its user", run_as=partner, allowed=None),
        _app(
            tx,
            operator,
            "Setup Robot",
            first.user.id,
            ("setup_api",),
            "What the command line of this demo acts through",
            run_as=first.user.id,
            allowed=first.user.profile_id,
            administers=True,
        ),
    ]
    old = _app(tx, operator, "Old Importer", lee, ("api",), "Was replaced by Ledger Sync", run_as=ledger, allowed=nightly.id)
    block_app(tx, operator, BlockApp(old.app_id, "Replaced by Ledger Sync in March; nobody should be using it."))
    return Cast(tuple(people), (*apps, old))


def _app(
    tx: Tx,
    operator: Actor,
    label: str,
    owner: str,
    scopes: tuple[str, ...],
    purpose: str,
    *,
    run_as: str,
    allowed: str | None,
    dialect: Dialect = Dialect.STANDARD,
    administers: bool = False,
) -> DemoApp:
    command = CreateApp(
        label=label,
        api_name=label.replace(" ", "_"),
        contact_email="it@acme.example",
        purpose=purpose,
        owner_id=owner,
        dialect=dialect,
        flows=CLIENT_CREDENTIALS,
        scopes=scopes,
    )
    made = create_app(tx, operator, command)
    edit_policies(tx, operator, EditPolicies(made.app.id, run_as_user_id=run_as, may_administer=administers))
    if allowed is not None:
        assign_access(tx, operator, AssignAccess(made.app.id, allowed))
    return DemoApp(made.app.id, label, Flow.CLIENT_CREDENTIALS, made.app.consumer_key, made.secret.reveal() if made.secret else None)


def _key_app(tx: Tx, operator: Actor, owner: str, run_as: str, allowed: str, directory: Path) -> DemoApp:
    command = CreateApp(
        label="Warehouse Feed",
        api_name="Warehouse_Feed",
        contact_email="it@acme.example",
        purpose="Sends stock levels; proves itself with a key and gets signed tokens",
        owner_id=owner,
        flows=CLIENT_CREDENTIALS,
        scopes=("api",),
        auth_methods=BY_KEY,
        access_token_format=TokenFormat.JWT,
    )
    made = create_app(tx, operator, command)
    key_file, cert_file = make_certificate(directory, "warehouse-feed", tx.now)
    add_certificate(tx, operator, AddCertificate(made.app.id, "Warehouse key", cert_file.read_text()))
    edit_policies(tx, operator, EditPolicies(made.app.id, run_as_user_id=run_as))
    assign_access(tx, operator, AssignAccess(made.app.id, allowed))
    return DemoApp(
        made.app.id,
        "Warehouse Feed",
        Flow.CLIENT_CREDENTIALS,
        made.app.consumer_key,
        None,
        key_file=str(key_file),
        cert_file=str(cert_file),
    )


def _resource_server(tx: Tx, operator: Actor, owner: str) -> DemoApp:
    command = CreateApp(
        label="Orders API",
        api_name="Orders_API",
        contact_email="it@acme.example",
        purpose="A resource server: it asks whether the tokens that it is sent are good",
        owner_id=owner,
        introspect_all_tokens=True,
    )
    made = create_app(tx, operator, command)
    return DemoApp(made.app.id, "Orders API", "introspection", made.app.consumer_key, made.secret.reveal() if made.secret else None)


def make_certificate(directory: Path, name: str, now: datetime) -> tuple[Path, Path]:
    """A private key (0600) and its self-signed certificate, good for a year."""
    directory.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(private, hashes.SHA256())
    )
    key_file, cert_file = directory / f"{name}.key.pem", directory / f"{name}.cert.pem"
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, cert_file


def _password() -> str:
    return base64.urlsafe_b64encode(os.urandom(12)).decode()
