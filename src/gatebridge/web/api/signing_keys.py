"""The keys that sign the org's tokens."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules import signing_keys as rules
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.setup import signing_keys as verbs
from gatebridge.setup.signing_keys import AddSigningKey, RemoveSigningKey, RetireSigningKey
from gatebridge.storage import signing_keys
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, Visit, record_id
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown, WithReason

router = APIRouter(tags=["Signing keys"])


class SigningKeyShown(Shown):
    """One key: its public half and where it stands. `kid` is what tokens and the JWKS say.

    `signs`: it is the one of its algorithm that signs now. `removable_from`: when the last token of a retired key is over.
    """

    id: Id
    kid: str
    algorithm: str
    public_jwk: dict[str, str]
    created_at: Moment
    signs_from: Moment
    retired_at: Moment | None
    signs: bool
    removable_from: Moment | None


class NewSigningKey(Closed):
    """Which kind of key to make."""

    algorithm: Literal["ES256", "RS256"]


class Removal(WithReason):
    """Removing a key before its last token is over is an emergency, and needs a reason."""

    emergency: bool = False


def _shown(key: StoredKey, *, signs: bool) -> SigningKeyShown:
    return SigningKeyShown(
        id=key.id,
        kid=key.id,
        algorithm=key.algorithm,
        public_jwk=dict(key.public_jwk),
        created_at=key.created_at,
        signs_from=key.signs_from,
        retired_at=key.retired_at,
        signs=signs,
        removable_from=rules.removable_from(key.retired_at) if key.retired_at is not None else None,
    )


def _published(visit: Visit) -> list[SigningKeyShown]:
    found = signing_keys.published(visit.tx, visit.org.id)
    # The newest of its algorithm whose time has come signs, as the keyring has it.
    signing = {key.algorithm: key.id for key in reversed(found) if key.retired_at is None and key.signs_from <= visit.tx.now}
    return [_shown(key, signs=signing.get(key.algorithm) == key.id) for key in found]


def _one(visit: Visit, key: StoredKey) -> SigningKeyShown:
    """The key as it stands after the verb; one that was removed is published no more."""
    return next((each for each in _published(visit) if each.kid == key.id), _shown(key, signs=False))


@router.get("/signing-keys", summary="List signing keys")
def list_signing_keys(desk: AtDesk) -> list[SigningKeyShown]:
    """The published keys, newest first. Needs *View Setup* or *Manage Security*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_SETUP, Permission.MANAGE_SECURITY)
        return _published(visit)


@router.post("/signing-keys", summary="Add a signing key", status_code=201, response_model=SigningKeyShown)
def add_signing_key(desk: AtDesk, body: NewSigningKey, idempotency_key: IdempotencyKey = None) -> Response:
    """Make and publish a key; it signs as soon as no client can hold an older JWKS. Needs *Manage Security*."""

    def make(visit: Visit) -> SigningKeyShown:
        return _one(visit, verbs.add_signing_key(visit.tx, visit.actor, AddSigningKey(body.algorithm)))

    return desk.create(make, idempotency_key)


@router.post("/signing-keys/{key_id}/retire", summary="Retire a signing key")
def retire_signing_key(desk: AtDesk, key_id: str) -> SigningKeyShown:
    """Let a key sign no more; it stays published for the tokens it signed. Needs *Manage Security*."""
    with desk.writing() as visit:
        return _one(visit, verbs.retire_signing_key(visit.tx, visit.actor, RetireSigningKey(record_id(key_id, Prefix.SIGNING_KEY))))


@router.post("/signing-keys/{key_id}/remove", summary="Remove a signing key")
def remove_signing_key(desk: AtDesk, key_id: str, body: Removal) -> SigningKeyShown:
    """Take a retired key out of the JWKS: what it signed is refused everywhere from then on. Needs *Manage Security*."""
    command = RemoveSigningKey(record_id(key_id, Prefix.SIGNING_KEY), body.emergency, body.reason)
    with desk.writing() as visit:
        return _one(visit, verbs.remove_signing_key(visit.tx, visit.actor, command))
