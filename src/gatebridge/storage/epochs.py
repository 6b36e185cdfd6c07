"""Epochs: everything that hangs from an app, an installation or a user ends by raising one number, whatever it counts to.

A token carries the numbers that were read when it was decided on, and lives only as long as they are the current ones. So the cost of
a revoke does not grow with what it ends, and a token decided before the revoke and written after it is dead at birth.
"""

import sqlalchemy as sa

from gatebridge.storage.apps import apps
from gatebridge.storage.installations import installations
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx


def raise_app(tx: Tx, org_id: str, app_id: str) -> int | None:
    """End everything that the app has in any org. The new epoch, or None where this org owns no such app."""
    statement = (
        sa.update(apps)
        .where(apps.c.org_id == org_id, apps.c.id == app_id)
        .values(epoch=apps.c.epoch + 1, epoch_at=tx.now)
        .returning(apps.c.epoch)
    )
    return tx.connection.execute(statement).scalar_one_or_none()


def raise_installation(tx: Tx, org_id: str, app_id: str) -> int | None:
    """End everything that this app has in this org. The new epoch, or None where the app never was installed."""
    statement = (
        sa.update(installations)
        .where(installations.c.org_id == org_id, installations.c.app_id == app_id)
        .values(epoch=installations.c.epoch + 1, epoch_at=tx.now)
        .returning(installations.c.epoch)
    )
    return tx.connection.execute(statement).scalar_one_or_none()


def raise_user(tx: Tx, org_id: str, user_id: str) -> int | None:
    """End everything that any app has of this user. The new epoch, or None where there is no such user."""
    statement = (
        sa.update(users)
        .where(users.c.org_id == org_id, users.c.id == user_id)
        .values(epoch=users.c.epoch + 1, epoch_at=tx.now)
        .returning(users.c.epoch)
    )
    return tx.connection.execute(statement).scalar_one_or_none()
