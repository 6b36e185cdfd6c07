"""Device codes, by the digest of the value that the device holds, and by that of the code which its user types."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import device_codes as rules
from gatebridge.rules import ids
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.grants import Approved, Epochs
from gatebridge.rules.levels import Level
from gatebridge.storage.dialects import Digest, Id, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

device_codes = sa.Table(
    "device_codes",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("user_digest", Digest, nullable=False),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("scopes", Text, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("app_epoch", sa.BigInteger, nullable=False),
    sa.Column("installation_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("interval_seconds", sa.Integer, nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("network", sa.String(64), nullable=False, server_default=""),  # around the address, for counting those that wait
    sa.Column("user_agent", sa.String(512), nullable=False, server_default=""),
    sa.Column("number", sa.String(4), nullable=False, server_default=""),
    sa.Column("polled_at", Moment),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("session_id", Id),  # in which the code was typed, and then the request was decided
    sa.Column("by_link", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("user_id", Id),
    sa.Column("approved_scopes", Text),  # null: denied, or not decided yet
    sa.Column("level", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("methods", sa.String(64), nullable=False, server_default=""),
    sa.Column("authenticated_at", Moment),
    sa.Column("activated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("decided_at", Moment),
    sa.Column("decided_from", sa.String(64), nullable=False, server_default=""),
    sa.Column("used_at", Moment),
    sa.Column("grant_id", Id),
    sa.UniqueConstraint("org_id", "digest"),
    sa.UniqueConstraint("org_id", "user_digest"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class NewDeviceCode:
    """A request of a device that is to be kept, with the digests of its two codes."""

    device: DeviceCode
    digest: bytes
    user_digest: bytes
    network: str


def insert_many(tx: Tx, new: Sequence[NewDeviceCode]) -> None:
    """Keep requests that have just come in, in one statement."""
    tx.connection.execute(sa.insert(device_codes), [_stored(each) for each in new])


def _stored(new: NewDeviceCode) -> dict[str, object]:
    device = new.device
    return {
        "org_id": device.org_id,
        "id": device.id,
        "digest": new.digest,
        "user_digest": new.user_digest,
        "app_id": device.app_id,
        "installation_id": device.installation_id,
        "scopes": " ".join(device.scopes),
        "org_epoch": device.epochs.org,
        "app_epoch": device.epochs.app,
        "installation_epoch": device.epochs.installation,
        "created_at": device.created_at,
        "expires_at": device.expires_at,
        "interval_seconds": device.interval_seconds,
        "address": device.address,
        "network": new.network,
        "user_agent": device.user_agent,
        "number": device.number,
    }


def of_row(row: Any) -> DeviceCode:
    return DeviceCode(
        id=row.id,
        org_id=row.org_id,
        app_id=row.app_id,
        installation_id=row.installation_id,
        scopes=tuple(row.scopes.split()),
        epochs=Epochs(row.org_epoch, row.app_epoch, row.installation_epoch, row.user_epoch, 0),
        created_at=row.created_at,
        expires_at=row.expires_at,
        interval_seconds=row.interval_seconds,
        address=row.address,
        user_agent=row.user_agent,
        number=row.number,
        polled_at=row.polled_at,
        tries=row.tries,
        session_id=row.session_id,
        by_link=row.by_link,
        user_id=row.user_id,
        approved=_approved(row) if row.approved_scopes is not None else None,
        decided_at=row.decided_at,
        decided_from=row.decided_from,
        used_at=row.used_at,
        grant_id=row.grant_id,
    )


def _approved(row: Any) -> Approved:
    return Approved(
        scopes=tuple(row.approved_scopes.split()),
        session_id=row.session_id,
        level=Level(row.level),
        methods=tuple(row.methods.split()),
        authenticated_at=row.authenticated_at,
        activated=row.activated,
    )


_BY_DIGEST = sa.select(device_codes).where(device_codes.c.org_id == sa.bindparam("org_id"), device_codes.c.digest == sa.bindparam("digest"))
_USE = (
    sa.update(device_codes)
    .where(
        device_codes.c.org_id == sa.bindparam("of_org"),
        device_codes.c.id == sa.bindparam("device_id"),
        device_codes.c.used_at.is_(None),
        device_codes.c.approved_scopes.is_not(None),
    )
    .values(used_at=sa.bindparam("moment"), grant_id=sa.bindparam("bought"))
)
_POLLED = (
    sa.update(device_codes)
    .where(device_codes.c.org_id == sa.bindparam("of_org"), device_codes.c.id == sa.bindparam("device_id"))
    .values(polled_at=sa.bindparam("moment"), interval_seconds=device_codes.c.interval_seconds + sa.bindparam("slower", type_=sa.Integer))
)


def by_digest(tx: Tx, org_id: str, digest: bytes) -> DeviceCode | None:
    """The request whose device holds the value with this digest."""
    row = tx.connection.execute(_BY_DIGEST, {"org_id": org_id, "digest": digest}).one_or_none()
    return of_row(row) if row else None


def by_user_digests(tx: Tx, org_id: str, digests: Sequence[bytes]) -> DeviceCode | None:
    """The newest request whose user types the code with one of these digests: one for each master key."""
    table = device_codes
    wanted = sa.select(table).where(table.c.org_id == org_id, table.c.user_digest.in_(digests)).order_by(table.c.id.desc()).limit(1)
    row = tx.connection.execute(wanted).one_or_none()
    return of_row(row) if row else None


def by_id(tx: Tx, org_id: str, device_id: str) -> DeviceCode | None:
    wanted = sa.select(device_codes).where(device_codes.c.org_id == org_id, device_codes.c.id == device_id)
    row = tx.connection.execute(wanted).one_or_none()
    return of_row(row) if row else None


def waiting(tx: Tx, org_id: str, network: str) -> tuple[int, int]:
    """How many requests wait for their users at this moment: from this network, and in the whole org."""
    table = device_codes
    # Ids are in the order of time, so only the rows of the last minutes are looked at.
    oldest = ids.floor(ids.Prefix.DEVICE_CODE, tx.now - rules.LIFETIME)
    wait = (table.c.org_id == org_id, table.c.id >= oldest, table.c.expires_at > tx.now, table.c.decided_at.is_(None))
    here = sa.func.sum(sa.case((table.c.network == network, 1), else_=0))
    row = tx.connection.execute(sa.select(sa.func.coalesce(here, 0).label("here"), sa.func.count().label("all")).where(*wait)).one()
    return int(row.here), int(row.all)


def typed(tx: Tx, device: DeviceCode, session_id: str, *, by_link: bool) -> bool:
    """The code was typed in this session, which alone decides from now on. False: it was decided about meanwhile."""
    return _update(tx, device, _undecided(), session_id=session_id, by_link=by_link)


def retyped_wrong(tx: Tx, device: DeviceCode) -> bool:
    """One more second typing that was wrong."""
    return _update(tx, device, _undecided(), tries=device_codes.c.tries + 1)


def approve(tx: Tx, device: DeviceCode, user_id: str, approved: Approved, epochs: Epochs, address: str) -> bool:
    """The user of this session says yes. False: it was decided about meanwhile, or typed in another session. One decision wins."""
    return _update(
        tx,
        device,
        (*_undecided(), device_codes.c.session_id == approved.session_id, device_codes.c.expires_at > tx.now),
        user_id=user_id,
        approved_scopes=" ".join(approved.scopes),
        level=approved.level,
        methods=" ".join(approved.methods),
        authenticated_at=approved.authenticated_at,
        activated=approved.activated,
        org_epoch=epochs.org,
        app_epoch=epochs.app,
        installation_epoch=epochs.installation,
        user_epoch=epochs.user,
        decided_at=tx.now,
        decided_from=address,
    )


def deny(tx: Tx, device: DeviceCode, user_id: str, session_id: str, address: str) -> bool:
    """The user of this session says no. False: it was decided about meanwhile, or typed in another session."""
    wanted = (*_undecided(), device_codes.c.session_id == session_id)
    return _update(tx, device, wanted, user_id=user_id, decided_at=tx.now, decided_from=address)


def redeem(tx: Tx, org_id: str, device_id: str, grant_id: str) -> bool:
    """Use the approval up for this grant. False when somebody did before: one caller wins."""
    values = {"of_org": org_id, "device_id": device_id, "moment": tx.now, "bought": grant_id}
    return bool(tx.connection.execute(_USE, values).rowcount)


def polled(tx: Tx, org_id: str, device_id: str, *, slower: int) -> None:
    """The device has asked, and is to wait so many seconds longer between two questions from now on."""
    tx.connection.execute(_POLLED, {"of_org": org_id, "device_id": device_id, "moment": tx.now, "slower": slower})


def burn_of_user(tx: Tx, org_id: str, installation_id: str, user_id: str) -> int:
    """Use up for nothing what a user has approved of an app and no device has fetched yet. How many there were."""
    table = device_codes
    # Ids are in the order of time, and none that is older is good for anything.
    oldest = ids.floor(ids.Prefix.DEVICE_CODE, tx.now - rules.LIFETIME)
    wanted = (table.c.org_id == org_id, table.c.id >= oldest, table.c.installation_id == installation_id, table.c.user_id == user_id)
    burnt = sa.update(table).where(*wanted, table.c.used_at.is_(None), table.c.approved_scopes.is_not(None)).values(used_at=tx.now)
    return tx.connection.execute(burnt).rowcount


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget requests that expired before a moment, the oldest first, at most `limit`."""
    table = device_codes
    # Ids are in the order of time, and each lives equally long.
    before_then = ids.floor(ids.Prefix.DEVICE_CODE, before - rules.LIFETIME)
    doomed = sa.select(table.c.id).where(table.c.org_id == org_id, table.c.id < before_then).order_by(table.c.id).limit(limit)
    return tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.id.in_(doomed))).rowcount


def _undecided() -> tuple[sa.ColumnElement[bool], ...]:
    return (device_codes.c.decided_at.is_(None),)


def _update(tx: Tx, device: DeviceCode, wanted: tuple[sa.ColumnElement[bool], ...], **values: object) -> bool:
    table = device_codes
    changed = sa.update(table).where(table.c.org_id == device.org_id, table.c.id == device.id, *wanted).values(**values)
    return bool(tx.connection.execute(changed).rowcount)
