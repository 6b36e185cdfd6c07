"""Logout tokens on their way: posted over real connections, side by side, and never in the way of anything else."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from tests.databases import MASTER_KEYS
from tests.delivery.listener import Listener, listening, says
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, make_org

from gatebridge import bootstrap
from gatebridge.delivery import courier
from gatebridge.delivery.backchannel import AT_ONCE, Backchannel, Letter, NotTaken
from gatebridge.delivery.courier import MOST_ATTEMPTS, Delivery, Round
from gatebridge.delivery.fetching import Answer, Fetching, NoAnswer
from gatebridge.oauth.keyring import Keyring
from gatebridge.records.outbox import leave
from gatebridge.settings.catalogue import Settings
from gatebridge.storage.database import Database
from gatebridge.storage.outbox import Entry


@dataclass
class Desk:
    """Writes the same letter for every entry, and remembers what came of them."""

    uri: str | None
    at_home: bool = True
    heard: list[tuple[str, str, str]] = field(default_factory=list)

    def letter(self, entry: Entry) -> Letter | None:
        return Letter(self.uri, f"token for {entry.id}", self.at_home) if self.uri is not None else None

    def refused(self, entry: Entry, letter: Letter, status: int) -> None:
        self.heard.append(("refused", entry.id, str(status)))

    def undelivered(self, entry: Entry, letter: Letter, words: str) -> None:
        self.heard.append(("undelivered", entry.id, words))


def entry(attempts: int = 0) -> Entry:
    return Entry("00D000000000001", "0OB000000000001", "logout", {}, datetime(2026, 3, 2, tzinfo=UTC), attempts, "")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening(says("200 OK")) as made:
        yield made


def test_std_BC_01_the_token_is_posted_as_a_form(listener: Listener) -> None:
    desk = Desk(listener.url)
    Backchannel(desk).deliver(entry())
    assert listener.forms() == [{"logout_token": "token for 0OB000000000001"}]
    assert desk.heard == []


def test_nothing_is_posted_where_nobody_listens_any_more() -> None:
    desk = Desk(None)
    Backchannel(desk).deliver(entry())
    assert desk.heard == []


def test_X_SS_05_from_a_public_server_this_machine_is_not_written_to(listener: Listener) -> None:
    desk = Desk(listener.url, at_home=False)
    Backchannel(desk).deliver(entry())
    assert listener.silent
    assert desk.heard == [("undelivered", "0OB000000000001", "Only https addresses are written to.")]


def test_std_BC_02_a_no_is_no_failure_and_anything_else_is_one() -> None:
    for status, heard in ((400, [("refused", "0OB000000000001", "400")]), (302, []), (401, []), (503, [])):
        with listening(says(f"{status} So")) as listener:
            desk = Desk(listener.url)
            if status == 400:
                Backchannel(desk).deliver(entry())
            else:
                with pytest.raises(NotTaken, match=f"The app answered {status}"):
                    Backchannel(desk).deliver(entry())
            assert desk.heard == heard


def test_the_last_failure_is_heard_of_and_no_other() -> None:
    with listening(says("500 So")) as listener:
        desk = Desk(listener.url)
        for attempts in (0, MOST_ATTEMPTS - 2, MOST_ATTEMPTS - 1):
            with pytest.raises(NotTaken):
                Backchannel(desk).deliver(entry(attempts))
    assert desk.heard == [("undelivered", "0OB000000000001", "The app answered 500, which is neither yes nor no")]


def test_an_app_that_did_not_answer_is_left_alone_for_a_while() -> None:
    asked: list[str] = []
    now = [0.0]

    def post(uri: str, form: Mapping[str, str], way: Fetching) -> Answer:
        asked.append(uri)
        raise NoAnswer("nobody")

    first, second = Desk("https://first.example/out"), Desk("https://second.example/out")
    channel = Backchannel(first, post=post, monotonic=lambda: now[0])
    for _ in range(3):
        with pytest.raises(NoAnswer):
            channel.deliver(entry())
    channel.desk = second
    with pytest.raises(NoAnswer):
        channel.deliver(entry())
    assert asked == ["https://first.example/out", "https://second.example/out"]
    now[0] = 30.0
    with pytest.raises(NoAnswer):
        channel.deliver(entry())
    assert len(asked) == 3


def test_a_server_carries_them_with_the_networks_that_its_operator_has_named(sqlite_url: str) -> None:
    with at_the_time_of(ManualClock(), sqlite_url) as opened:
        settings = Settings.model_validate({"outbound_networks": "10.20.0.0/16, fd12:3456::/32"})
        wired = bootstrap.deliveries(settings, opened, Keyring(MASTER_KEYS))
    channel = wired["logout"]
    assert isinstance(channel, Backchannel)
    assert [str(network) for network in channel.own] == ["10.20.0.0/16", "fd12:3456::/32"]
    assert wired.keys() == {"audit_head", "mail", "logout", "app_logout"}


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    with at_the_time_of(ManualClock(), sqlite_url) as opened:
        yield opened


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


@dataclass
class Parcels:
    """An ordinary delivery, which notes when it was at work."""

    got: list[str] = field(default_factory=list)
    most_attempts: int | None = 3

    def deliver(self, entry: Entry) -> None:
        self.got.append(entry.id)


def test_slow_apps_wait_side_by_side_and_after_everything_else(database: Database, org: SmallOrg) -> None:
    parcels, together, most = Parcels(), [0], [0]
    lock, seen = threading.Lock(), []

    def post(uri: str, form: Mapping[str, str], way: Fetching) -> Answer:
        with lock:
            seen.append(len(parcels.got))
            together[0] += 1
            most[0] = max(most[0], together[0])
        time.sleep(0.02)
        with lock:
            together[0] -= 1
        return Answer(200, b"")

    with database.transaction() as tx:
        for _ in range(20):
            leave(tx, org.id, "logout", {})
            leave(tx, org.id, "parcel", {})
    deliveries: dict[str, Delivery] = {"logout": Backchannel(Desk("https://app.example/out"), post=post), "parcel": parcels}
    assert courier.run_once(database, deliveries, lambda: 1.0) == Round(sent=40)
    assert seen == [20] * 20
    assert 1 < most[0] <= AT_ONCE
