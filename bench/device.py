"""Devices whose users have said yes, in bulk: what they wait for is measured over HTTP, and only the approving is left out."""

import os
from datetime import timedelta

import sqlalchemy as sa

from bench.people import CHUNK, SCOPES, USERS, People, UserApp, epochs_of
from gatebridge.crypto import secrets
from gatebridge.rules.device_codes import INTERVAL_SECONDS, LIFETIME
from gatebridge.rules.grants import Epochs
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.storage.database import Database
from gatebridge.storage.device_codes import device_codes
from gatebridge.storage.tx import Tx

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


def add_approved(database: Database, people: People, app: UserApp, count: int) -> list[str]:
    """So many device codes that were approved and can be redeemed once each, spread over the users; their values."""
    values: list[str] = []
    while len(values) < count:
        with database.transaction() as tx:
            new = [secrets.new(secrets.Kind.DEVICE_CODE, os.urandom) for _ in range(min(CHUNK, count - len(values)))]
            epochs = epochs_of(tx, people, app)
            rows = [_row(tx, people, app, epochs, number, value) for number, value in enumerate(new)]
            tx.connection.execute(sa.insert(device_codes), rows)
            values += new
    return values


def _row(tx: Tx, people: People, app: UserApp, epochs: Epochs, number: int, value: str) -> dict[str, object]:
    user = people.users[number % USERS]
    return {
        "org_id": people.org_id,
        "id": tx.new_id(Prefix.DEVICE_CODE),
        "digest": secrets.digest(value),
        "user_digest": os.urandom(32),
        "app_id": app.id,
        "installation_id": app.installation_id,
        "scopes": " ".join(SCOPES),
        "org_epoch": epochs.org,
        "app_epoch": epochs.app,
        "installation_epoch": epochs.installation,
        "user_epoch": epochs.user,
        "created_at": tx.now,
        "expires_at": tx.now + LIFETIME,
        "interval_seconds": INTERVAL_SECONDS,
        "polled_at": tx.now - timedelta(seconds=INTERVAL_SECONDS),
        "session_id": people.sessions[user.id],
        "user_id": user.id,
        "approved_scopes": " ".join(SCOPES),
        "level": Level.STANDARD,
        "methods": "pwd",
        "authenticated_at": tx.now,
        "decided_at": tx.now,
    }
