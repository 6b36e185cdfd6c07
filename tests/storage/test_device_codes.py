"""Device codes: an approval is used up by one conditional update, and only an approval."""

from datetime import timedelta

from tests.records.seed import SmallOrg
from tests.storage.people_flows import HERE, at_once, digest

from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.grants import Approved, Epochs
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.storage import device_codes
from gatebridge.storage.database import Database
from gatebridge.storage.device_codes import NewDeviceCode
from gatebridge.storage.tx import Tx

GRANT = "0GR000000000001"


def a_device(tx: Tx, org: SmallOrg, value: str = "device", *, approved: bool = True) -> DeviceCode:
    """A request whose code the org's user has typed, and approved too unless not."""
    device = DeviceCode(
        id=tx.new_id(Prefix.DEVICE_CODE),
        org_id=org.id,
        app_id=org.app_id,
        installation_id=org.installation_id,
        scopes=("api",),
        epochs=Epochs(1, 2, 3, 0, 0),
        created_at=tx.now,
        expires_at=tx.now + timedelta(minutes=10),
        interval_seconds=5,
    )
    device_codes.insert_many(tx, [NewDeviceCode(device, digest(value), digest(f"typed {value}"), "192.0.2.0/24")])
    session_id = tx.new_id(Prefix.SESSION)
    assert device_codes.typed(tx, device, session_id, by_link=False)
    if approved:
        said = Approved(("api",), session_id, Level.STANDARD, ("pwd",), tx.now)
        assert device_codes.approve(tx, device, org.user_id, said, Epochs(1, 2, 3, 4, 0), HERE)
    return device


def test_X_DV_04_std_DV_05_of_many_devices_that_fetch_one_approval_at_once_one_wins(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        device = a_device(tx, acme)

    def redeem(number: int) -> bool:
        with timed.transaction() as tx:
            return device_codes.redeem(tx, acme.id, device.id, f"0GR00000000000{number}")

    answers = at_once(8, redeem)
    assert sum(answers) == 1
    with timed.snapshot() as tx:
        found = device_codes.by_digest(tx, acme.id, digest("device"))
    assert found is not None
    assert found.grant_id == f"0GR00000000000{answers.index(True)}"


def test_std_DV_05_what_nobody_has_approved_and_what_is_another_orgs_buys_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        waiting, approved = a_device(tx, acme, approved=False), a_device(tx, acme, "other")
        assert not device_codes.redeem(tx, acme.id, waiting.id, GRANT)
        assert not device_codes.redeem(tx, other.id, approved.id, GRANT)
        assert device_codes.redeem(tx, acme.id, approved.id, GRANT)
