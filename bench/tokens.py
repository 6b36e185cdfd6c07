"""Live tokens in bulk: recorded by the same function that records every token, without a request for each."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.ids import Prefix
from gatebridge.storage import tokens
from gatebridge.storage.database import Database
from gatebridge.storage.tokens import NewToken

CHUNK = 5_000
LIFE = timedelta(hours=2)


def add_live_tokens(database: Database, like: AccessToken, count: int, life: timedelta = LIFE) -> list[str]:
    """Record so many opaque tokens that differ from `like` in value, id and time only, and return their values."""
    values: list[str] = []
    while len(values) < count:
        chunk = [secrets.opaque_access_token(like.org_id, "standard", os.urandom) for _ in range(min(CHUNK, count - len(values)))]
        _record(database, like, chunk, life)
        values += chunk
    return values


def _record(database: Database, like: AccessToken, values: Sequence[str], life: timedelta) -> None:
    with database.transaction() as tx:
        tokens.insert_many(
            tx,
            [
                NewToken(
                    replace(like, id=tx.new_id(Prefix.RECEIPT), issued_at=tx.now, expires_at=tx.now + life),
                    secrets.digest(value),
                )
                for value in values
            ],
        )
