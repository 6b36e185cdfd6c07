"""Queries from their text to their records. What a condition finds is the matter of tests/storage/test_sobjects.py, on both databases."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.records.seed import NOON
from tests.salesforce.asking import EVERYTHING, LINES, REFUSED, Asking, locator

from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import sobjects as reasons
from gatebridge.rules.reasons import soql
from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.salesforce import query
from gatebridge.salesforce.query import Record
from gatebridge.storage import dialects
from gatebridge.storage.sobjects import reading


def test_a_record_is_told_as_salesforce_tells_it(asking: Asking) -> None:
    found = asking.run(EVERYTHING + " WHERE Status != 'Success' ORDER BY LoginTime DESC LIMIT 1")
    assert (found.total_size, found.done, found.next_locator) == (1, True, None)
    (record,) = found.records
    assert record.sobject is OBJECTS["LoginHistory"]
    assert list(record.values.items()) == [
        ("Id", record.id),
        ("UserId", long(asking.acme.owner_id)),
        ("LoginTime", "2026-03-02T11:57:00.000+0000"),
        ("SourceIp", "192.0.2.1"),
        ("Status", "secret_wrong"),
        ("Application", "Billing"),
    ]
    assert record.id is not None
    assert len(record.id) == 18


def test_the_fields_come_as_they_were_asked_for_in_the_spelling_of_the_object(asking: Asking) -> None:
    (record, *_) = asking.run("select username, ID, Name from user order by username").records
    assert list(record.values) == ["Username", "Id", "Name"]
    assert record.values["Username"] == "olga@acme.example"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("SELECT COUNT() FROM LoginHistory", LINES),
        ("SELECT COUNT() FROM LoginHistory WHERE Status = 'Success'", LINES - REFUSED),
        ("SELECT COUNT() FROM LoginHistory WHERE Status = 'SECRET_WRONG'", REFUSED),
        ("SELECT COUNT() FROM LoginHistory WHERE Status NOT IN ('Success', 'user_frozen')", REFUSED),
        ("SELECT COUNT() FROM LoginHistory WHERE Application = 'BILLING'", LINES),
        ("SELECT COUNT() FROM LoginHistory WHERE Application != 'Billing'", 0),
        ("SELECT COUNT() FROM LoginHistory LIMIT 7", 7),
        ("SELECT COUNT() FROM LoginHistory LIMIT 7 OFFSET 447", 3),
        ("SELECT COUNT() FROM LoginHistory OFFSET 2000", 0),
        ("SELECT COUNT() FROM LoginHistory WHERE LoginTime = TODAY", LINES),
        ("SELECT COUNT() FROM LoginHistory WHERE LoginTime >= 2026-03-02T11:00:00Z", 60),
    ],
)
def test_counting_answers_a_number_and_no_records(asking: Asking, text: str, count: int) -> None:
    found = asking.run(text)
    assert (found.total_size, found.done, found.records) == (count, True, ())


@pytest.mark.parametrize("name", ["Account", "ScratchOrgInfo", "SetupAuditTrail", "Profile"])
def test_compat_05_an_object_that_is_not_there_and_one_that_may_not_be_read_are_one_answer(asking: Asking, name: str) -> None:
    said = asking.refused(reasons.SOBJECT_UNKNOWN, lambda: asking.run(f"SELECT Id FROM {name} LIMIT 1", asking.actor()))
    assert said == f"sObject type '{name}' is not supported."


def test_without_the_right_one_reads_what_is_about_oneself(asking: Asking) -> None:
    actor = asking.actor(Permission.API_ENABLED)
    assert asking.run("SELECT COUNT() FROM LoginHistory", actor).total_size == LINES // 2
    assert asking.run(f"SELECT COUNT() FROM LoginHistory WHERE UserId = '{asking.acme.owner_id}'", actor).total_size == 0
    assert [record.values["Username"] for record in asking.run("SELECT Username FROM User", actor).records] == ["uwe@acme.example"]
    assert [record.values["Name"] for record in asking.run("SELECT Name FROM Organization", actor).records] == ["acme"]
    service = replace(actor, user_id=None)
    asking.refused(reasons.SOBJECT_UNKNOWN, lambda: asking.run("SELECT Id FROM User", service))


def test_the_objects_are_listed_that_can_be_read(asking: Asking) -> None:
    assert [sobject.name for sobject in query.readable(asking.admin)] == list(OBJECTS)
    own = [sobject.name for sobject in query.readable(asking.actor())]
    assert own == ["AuthSession", "LoginHistory", "OauthToken", "Organization", "PermissionSetAssignment", "User"]
    assert [sobject.name for sobject in query.readable(replace(asking.actor(), user_id=None))] == ["Organization"]


def record(asking: Asking, name: str, record_id: str, *fields: str, actor: Actor | None = None) -> Record | None:
    with asking.database.snapshot() as tx:
        return query.record(tx, actor or asking.admin, OBJECTS[name], record_id, fields)


def test_a_record_is_found_by_its_id_in_either_form(asking: Asking) -> None:
    user_id = asking.acme.user_id
    for written in (user_id, long(user_id)):
        found = record(asking, "User", written, "Username", "Id")
        assert found is not None
        assert dict(found.values) == {"Username": "uwe@acme.example", "Id": long(user_id)}
    whole = record(asking, "Organization", asking.acme.id)
    assert whole is not None
    assert list(whole.values) == [each.name for each in OBJECTS["Organization"].fields]


def test_a_record_that_is_hidden_and_one_that_never_was_are_one_answer(asking: Asking) -> None:
    own = asking.actor()
    assert record(asking, "User", asking.acme.user_id, actor=own) is not None
    assert record(asking, "User", asking.acme.owner_id, actor=own) is None
    assert record(asking, "User", asking.other.user_id) is None
    assert record(asking, "Organization", asking.other.id) is None
    assert record(asking, "User", "005000000000000AAA") is None
    assert record(asking, "User", asking.acme.app_id) is None
    assert record(asking, "User", "nonsense") is None
    assert record(asking, "PermissionSetAssignment", asking.acme.user_id) is None


def test_a_query_that_takes_too_long_is_refused_wherever_it_is_asked(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    made = locator(asking)
    monkeypatch.setattr(dialects, "STEPS_BETWEEN_LOOKS", 1)
    monkeypatch.setattr(reading, "LONGEST_SECONDS", 0)
    asking.refused(reasons.QUERY_TIMEOUT, lambda: asking.run(EVERYTHING))
    asking.refused(reasons.QUERY_TIMEOUT, lambda: asking.run("SELECT COUNT() FROM LoginHistory"))
    asking.refused(reasons.QUERY_TIMEOUT, lambda: asking.more(made))
    asking.refused(reasons.QUERY_TIMEOUT, lambda: record(asking, "User", asking.acme.user_id))


@pytest.mark.parametrize(
    "value", ["x' OR Id != '", "x\\' OR 1=1 --", "'; DROP TABLE users; --", "%", "_", "\\", "${jndi:ldap://x}", "'||pg_sleep(9)||'"]
)
def test_X_HT_07_a_value_stays_a_value(asking: Asking, value: str) -> None:
    """Written as a client's library writes it, it finds nobody; pasted in as it is, it is no query, or finds nobody either."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    own = asking.actor()
    assert not asking.run(f"SELECT Id FROM User WHERE Username = '{quoted}'", own).records
    pasted = f"SELECT Id FROM User WHERE Username = '{value}'"
    if value.startswith("x' OR"):  # who writes conditions asks with them, and still reads what is the own
        assert [record.id for record in asking.run(pasted, own).records] == [long(asking.acme.user_id)]
    elif value.startswith("'") or value == "\\":
        asking.refused(soql.QUERY_MALFORMED, lambda: asking.run(pasted, own))
    else:
        assert not asking.run(pasted, own).records


def test_a_moment_of_the_distant_past_or_future_bounds_nothing(asking: Asking) -> None:
    for text, count in (
        ("LoginTime > 1700-01-01T00:00:00Z", LINES),
        ("LoginTime < 3999-12-31T23:59:59Z", LINES),
        ("LoginTime < 1999-01-01T00:00:00Z", 0),
    ):
        assert asking.run(f"SELECT COUNT() FROM LoginHistory WHERE {text}").total_size == count
    assert datetime.fromisoformat(str(asking.run("SELECT LoginTime FROM LoginHistory LIMIT 1").records[0].values["LoginTime"])) < NOON
