"""Consumer secrets of an app. A value is in one answer, once, and nowhere afterwards."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules import lifetimes
from gatebridge.rules.apps import ConsumerSecret
from gatebridge.rules.ids import Prefix
from gatebridge.setup import rotate_secret as verbs
from gatebridge.setup.rotate_secret import AddSecret, NewSecret, RetireSecret, RotateSecret
from gatebridge.storage import credentials
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, Visit, record_id
from gatebridge.web.api.shapes import Closed, GivenId, GivenMoment, Id, Moment, Shown

router = APIRouter(prefix="/apps/{app_id}/secrets", tags=["Secrets"])


class SecretShown(Shown):
    """What is kept of a secret: its name, its recognisable ends and its dates."""

    id: Id
    name: str
    hint: str
    created_at: Moment
    created_by: Id
    expires_at: Moment | None
    retired_at: Moment | None
    try_id: Id | None = Field(description="The run of Try it for which it was made, and with which it ends.")


class NewSecretShown(SecretShown):
    """A secret at the one moment when it can be read. In a repeated answer `secret` is null."""

    secret: str | None = Field(description="The value, shown once. Keep it now.")
    ending: list[SecretShown] = Field(description="The secrets that it replaces, with the end that they now have.")


class SecretToAdd(Closed):
    """One more secret."""

    name: str = Field(examples=["Deployment of November"])
    expires_at: GivenMoment | None = Field(None, description="Its end; without it, it lives until it is rotated or retired.")
    allow_more: bool = Field(False, description="Allow up to 5 live secrets instead of 2.")


class Rotation(Closed):
    """A new secret in place of one, or of all live ones."""

    secret_id: GivenId | None = Field(None, description="The one to replace; without it all live ones.")
    overlap_hours: int = Field(lifetimes.DEFAULT_SECRET_OVERLAP_HOURS, description="How long what it replaces lives on; 0 ends it now.")
    name: str = ""
    expires_at: GivenMoment | None = None
    allow_more: bool = False


def _new(made: NewSecret) -> NewSecretShown:
    kept = SecretShown.model_validate(made.record)
    ending = [SecretShown.model_validate(each) for each in made.ending]
    return NewSecretShown(**{name: getattr(kept, name) for name in SecretShown.model_fields}, secret=made.secret.reveal(), ending=ending)


@router.get("", summary="List secrets")
def list_secrets(desk: AtDesk, app_id: str) -> list[SecretShown]:
    """The secrets that the app has or had, newest first; never their values. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app = app_reading.own(visit.tx, visit.actor, record_id(app_id, Prefix.APP)).app
        return [SecretShown.model_validate(each) for each in credentials.secrets_of(visit.tx, visit.org.id, app.id)]


@router.post("", summary="Add a secret", status_code=201, response_model=NewSecretShown)
def add_secret(desk: AtDesk, app_id: str, body: SecretToAdd, idempotency_key: IdempotencyKey = None) -> Response:
    """Make one more secret. Needs *Rotate Consumer Credentials*, and to be the owner or *Manage Connected Apps*."""
    command = AddSecret(record_id(app_id, Prefix.APP), body.name, body.expires_at, body.allow_more)

    def make(visit: Visit) -> NewSecretShown:
        return _new(verbs.add_secret(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.post("/rotate", summary="Rotate secrets", status_code=201, response_model=NewSecretShown)
def rotate_secret(desk: AtDesk, app_id: str, body: Rotation, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a secret and let what it replaces end after an overlap. Needs *Rotate Consumer Credentials*, and to be the owner or
    *Manage Connected Apps*."""
    app = record_id(app_id, Prefix.APP)
    command = RotateSecret(app, body.secret_id, body.overlap_hours, body.name, body.expires_at, body.allow_more)

    def make(visit: Visit) -> NewSecretShown:
        return _new(verbs.rotate_secret(visit.tx, visit.actor, command))

    return desk.create(make, idempotency_key)


@router.post("/{secret_id}/retire", summary="Retire a secret")
def retire_secret(desk: AtDesk, app_id: str, secret_id: str) -> SecretShown:
    """End a secret now. Needs *Rotate Consumer Credentials*, and to be the owner or *Manage Connected Apps*."""
    command = RetireSecret(record_id(app_id, Prefix.APP), record_id(secret_id, Prefix.SECRET))
    with desk.writing() as visit:
        retired: ConsumerSecret = verbs.retire_secret(visit.tx, visit.actor, command)
        return SecretShown.model_validate(retired)
