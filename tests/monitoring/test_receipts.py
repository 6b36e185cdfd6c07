"""The login history and its receipts: who may read which, and what each reader sees."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import NOON, ManualClock, SmallOrg, at_the_time_of, line, make_org

from gatebridge.monitoring import login_history, receipts
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules import reasons
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Compared, Refused
from gatebridge.storage import login_history as stored
from gatebridge.storage import strangers
from gatebridge.storage.database import Database
from gatebridge.storage.installations import installations

MONITOR = Permission.MONITOR_LOGIN_HISTORY
PERSONAL = "Uwe Example is frozen"

RECEIPT = {
    "findings": [
        {"gate": "client", "state": "passed", "words": "known"},
        {
            "gate": "scopes",
            "state": "refused",
            "words": "not registered: web",
            "reason": "scope_not_assigned",
            "compared": [{"name": "scope", "sent": "api web", "registered": "api", "difference": "web"}],
        },
        {"gate": "user", "state": "refused", "words": PERSONAL, "reason": "user_frozen"},
        {
            "gate": "network",
            "state": "refused",
            "words": "192.0.2.1 is outside",
            "compared": [{"name": "address", "sent": "192.0.2.1", "registered": "10.0.0.0/8", "difference": ""}],
        },
    ],
    "request": {"scope": "api web", "grant_type": "client_credentials"},
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with at_the_time_of(ManualClock(), database_url) as opened:
        yield opened


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def record(database: Database, org: SmallOrg, minutes: float = 0, **given: object) -> str:
    written = line(org, NOON + timedelta(minutes=minutes), **given)
    with database.transaction() as tx:
        stored.insert_many(tx, [written])
    return written.id


def refuse(database: Database, org: SmallOrg, **given: object) -> str:
    refusal = {
        "outcome": "refused",
        "reason": "scope_not_assigned",
        "status": 400,
        "receipt": RECEIPT,
        "user_id": org.user_id,
        "credential_id": org.secret_id,
        "scopes_asked": "api web",
    }
    return record(database, org, 0, **(refusal | given))


def test_a_receipt_tells_everything_to_whoever_monitors(database: Database, org: SmallOrg) -> None:
    receipt_id = refuse(database, org)
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(MONITOR), receipt_id)
    reason = reasons.get("scope_not_assigned")
    assert (receipt.reason, receipt.sentence, receipt.hint, receipt.remedy) == (reason.code, reason.sentence, reason.hint, reason.remedy)
    assert receipt.page == "/help/reasons/scope_not_assigned"
    assert (receipt.app, receipt.user, receipt.credential, receipt.address) == ("Billing", "Uwe Example", "first", "192.0.2.1")
    assert (receipt.scopes_asked, receipt.scopes_given, receipt.narrowed) == (("api", "web"), (), False)
    assert [finding.gate for finding in receipt.findings] == ["client", "scopes", "user", "network"]
    assert receipt.findings[1].compared == (Compared("scope", "api web", "api", "web"),)
    assert receipt.request == (("grant_type", "client_credentials"), ("scope", "api web"))


def test_the_owner_of_the_app_sees_what_was_sent_and_the_reason_but_nobody(database: Database, org: SmallOrg) -> None:
    receipt_id = refuse(database, org)
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(user_id=org.owner_id), receipt_id)
    assert receipt.narrowed
    assert receipt.findings[1].compared == (Compared("scope", "api web", "api", "web"),)
    assert (receipt.reason, receipt.credential) == ("scope_not_assigned", "first")
    for personal in (PERSONAL, "Uwe", org.user_id, "192.0.2.1", "10.0.0.0/8", "probe/1"):
        assert personal not in repr(receipt)


def test_of_a_token_that_came_twice_the_owner_sees_when_and_not_from_where(database: Database, org: SmallOrg) -> None:
    twice = {"name": "address", "sent": "192.0.2.1", "registered": "198.51.100.7", "difference": "used 3 s before"}
    finding = {"gate": "proof", "state": "refused", "words": "again", "reason": "refresh_reused", "compared": [twice]}
    receipt_id = refuse(database, org, reason="refresh_reused", receipt={"findings": [finding]})
    with database.snapshot() as tx:
        owner = receipts.by_id(tx, org.actor(user_id=org.owner_id), receipt_id)
        admin = receipts.by_id(tx, org.actor(MONITOR), receipt_id)
    assert owner.findings[0].compared == (Compared("address", None, None, "used 3 s before"),)
    assert "192.0.2.1" not in repr(owner)
    assert admin.findings[0].compared == (Compared("address", "192.0.2.1", "198.51.100.7", "used 3 s before"),)


def test_of_a_device_the_owner_sees_that_it_was_connected_and_not_where(database: Database, org: SmallOrg) -> None:
    said = {"device": "0DC000000000001", "device_address": "203.0.113.9", "device_agent": "Fridge/1", "confirmation": "number"}
    receipt_id = refuse(database, org, event="device_denied", receipt={"findings": [], "request": said})
    with database.snapshot() as tx:
        owner = receipts.by_id(tx, org.actor(user_id=org.owner_id), receipt_id)
        admin = receipts.by_id(tx, org.actor(MONITOR), receipt_id)
    assert dict(owner.request) == {"device": "0DC000000000001", "confirmation": "number"}
    assert dict(admin.request) == said


def test_the_owner_of_an_app_may_open_a_receipt_of_another_org_that_uses_it(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        using = make_org(tx, "using")
        tx.connection.execute(
            sa.insert(installations).values(org_id=using.id, id="0HI000000000001", app_id=org.app_id, installed_at=tx.now)
        )
    receipt_id = refuse(database, using, app_id=org.app_id)
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(MONITOR, user_id=org.owner_id), receipt_id)
        assert (receipt.narrowed, receipt.app, receipt.address) == (True, "Billing", None)
        for somebody in (org.actor(MONITOR), org.actor(MONITOR, user_id=org.user_id)):
            with pytest.raises(Refused) as refused:
                receipts.by_id(tx, somebody, receipt_id)
            assert refused.value.reason.code == "record_not_found"


def test_nobody_else_is_even_told_whether_a_receipt_exists(database: Database, org: SmallOrg) -> None:
    receipt_id = refuse(database, org)
    powerless = org.actor(*set(Permission) - {MONITOR}, user_id=org.user_id)
    codes = set()
    with database.snapshot() as tx:
        for asked in (receipt_id, "0Ya000000000000"):
            with pytest.raises(Refused) as refused:
                receipts.by_id(tx, powerless, asked)
            codes.add(refused.value.reason.code)
    assert codes == {"permission_missing"}


def test_a_receipt_of_another_org_does_not_exist(database: Database, org: SmallOrg) -> None:
    receipt_id = refuse(database, org)
    with database.transaction() as tx:
        other = make_org(tx, "other")
    with database.snapshot() as tx, pytest.raises(Refused) as refused:
        receipts.by_id(tx, other.actor(MONITOR, user_id=other.owner_id), receipt_id)
    assert refused.value.reason.code == "record_not_found"


def test_the_id_of_a_counting_row_opens_what_it_counts(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        counted = strangers.count(tx, org.id, NOON, "client_unknown", "192.0.2.0/24", "0Ya0000000000AB", 40)
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(MONITOR), counted.id)
    assert receipt.folded is not None
    assert (receipt.folded.count, receipt.folded.network, receipt.reason, receipt.outcome) == (
        40,
        "192.0.2.0/24",
        "client_unknown",
        "refused",
    )
    assert receipt.sentence == reasons.get("client_unknown").sentence


def test_a_success_needs_no_explanation(database: Database, org: SmallOrg) -> None:
    receipt_id = record(database, org, scopes_given="api openid")
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(MONITOR), receipt_id)
    assert (receipt.reason, receipt.sentence, receipt.page, receipt.scopes_given) == (None, "", "", ("api", "openid"))


def test_a_reason_that_this_version_does_not_know_is_shown_by_its_code(database: Database, org: SmallOrg) -> None:
    receipt_id = refuse(database, org, reason="from_the_future")
    with database.snapshot() as tx:
        receipt = receipts.by_id(tx, org.actor(MONITOR), receipt_id)
    assert (receipt.reason, receipt.page) == ("from_the_future", "")


class TestLoginHistory:
    """The history is read newest first, page by page, narrowed as one likes."""

    def found(self, database: Database, org: SmallOrg, wanted: HistoryFilter, before: str | None = None, limit: int = 50) -> list[str]:
        with database.snapshot() as tx:
            return [receipt.id for receipt in login_history.page(tx, org.actor(MONITOR), wanted, before=before, limit=limit)]

    def test_pages_join_without_gap_or_overlap(self, database: Database, org: SmallOrg) -> None:
        written = [record(database, org, minutes) for minutes in range(7)]
        first = self.found(database, org, HistoryFilter(), limit=3)
        second = self.found(database, org, HistoryFilter(), before=first[-1])
        assert first + second == written[::-1]

    def test_each_filter_narrows(self, database: Database, org: SmallOrg) -> None:
        success = record(database, org, user_id=org.owner_id)
        refusal = refuse(database, org)
        stranger = refuse(database, org, app_id="", user_id=None, reason="client_unknown")
        tried = record(database, org, app_id="", would_refuse="address_outside_app_ranges")
        for wanted, expected in [
            (HistoryFilter(outcome="success"), [tried, success]),
            (HistoryFilter(outcome="refused"), [stranger, refusal]),
            (HistoryFilter(reason="client_unknown"), [stranger]),
            (HistoryFilter(app_id=org.app_id), [refusal, success]),
            (HistoryFilter(user_id=org.user_id), [refusal]),
            (HistoryFilter(user_id=org.user_id, outcome="success"), []),
            (HistoryFilter(would_refuse=True), [tried]),
            (HistoryFilter(app_id=org.app_id, would_refuse=False), [refusal, success]),
        ]:
            assert self.found(database, org, wanted) == expected, wanted

    def test_since_is_included_and_until_is_not(self, database: Database, org: SmallOrg) -> None:
        written = [record(database, org, minutes) for minutes in (0, 10, 20)]
        at = NOON + timedelta(minutes=10)
        assert self.found(database, org, HistoryFilter(since=at)) == [written[2], written[1]]
        assert self.found(database, org, HistoryFilter(until=at)) == [written[0]]

    def test_a_line_is_placed_by_its_moment_though_its_id_is_a_little_older(self, database: Database, org: SmallOrg) -> None:
        slow = org.mint.mint(Prefix.RECEIPT, NOON)
        record(database, org, 1, id=slow)
        assert self.found(database, org, HistoryFilter(since=NOON + timedelta(seconds=30))) == [slow]

    def test_it_shows_one_org_only(self, database: Database, org: SmallOrg) -> None:
        with database.transaction() as tx:
            other = make_org(tx, "other")
        record(database, org)
        assert self.found(database, other, HistoryFilter()) == []

    def test_it_needs_the_permission(self, database: Database, org: SmallOrg) -> None:
        with database.snapshot() as tx, pytest.raises(Refused):
            login_history.page(tx, org.actor(*set(Permission) - {MONITOR}), HistoryFilter())
