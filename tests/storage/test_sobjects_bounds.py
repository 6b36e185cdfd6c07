"""What a query over the setup objects never finds, how it is told, and how far it goes."""

import pytest
import sqlalchemy as sa
from tests.storage.sobject_pages import KEYS, Filled, every_field, pages, shown

from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.rules.soql.query import Comparison, Condition, Every, In, Like, Not, Op, Query, Some
from gatebridge.storage import dialects, sobjects
from gatebridge.storage.orgs import orgs
from gatebridge.storage.sobjects import TookTooLong
from gatebridge.storage.sobjects.objects import SOURCES

LINES = Query(
    "LoginHistory", ("Id", "UserId", "Status", "Application", "ConnectedApplicationId", "Browser", "Platform", "LoginType", "LoginSubType")
)


@pytest.mark.parametrize("name", OBJECTS)
def test_no_record_of_another_org_is_ever_found(filled: Filled, name: str) -> None:
    """The other org has as many records of each object; whatever is asked about them, none is there."""
    database, org = filled
    sobject = OBJECTS[name]
    known = "UserId" if sobject.field("UserId") else KEYS.get(name, ("Id",))[0]
    with database.snapshot() as tx:
        elsewhere = tx.connection.execute(sa.select(orgs.c.id).where(orgs.c.id != org.id)).scalar_one()
        fields = every_field(sobject)
        theirs = sobjects.select(tx, elsewhere, Query(name, fields), own_user_id=None, after=None, limit=1_000).rows
        hidden = {row.values[fields.index(known)] for row in theirs} - {None}
        assert hidden
        for condition in (
            In(known, tuple(sorted(map(str, hidden)))),
            Some((Not(Comparison(known, Op.EQ, None)), Comparison(known, Op.EQ, None))),
        ):
            found = pages(tx, org, Query(name, fields, where=condition), 1_000)
            assert not hidden & {record[known] for record in found}


@pytest.mark.parametrize("name", [name for name, sobject in OBJECTS.items() if sobject.own])
def test_who_reads_only_what_is_the_own_reads_nothing_else_however_it_is_asked(filled: Filled, name: str) -> None:
    _, org = filled
    sobject = OBJECTS[name]
    own = sobject.own or ""
    everything = Some((Comparison(own, Op.NE, None), Comparison(own, Op.EQ, None)))
    for where in (None, everything, Not(Comparison(own, Op.EQ, org.user_id)), Comparison(own, Op.EQ, org.owner_id)):
        found = shown(filled, Query(name, every_field(sobject), where=where), org.user_id)
        assert {record[own] for record in found} <= {org.user_id}
    assert shown(filled, Query(name, every_field(sobject)), org.user_id)


def test_nothing_is_read_as_ones_own_where_no_record_is_anybodys(filled: Filled) -> None:
    with pytest.raises(ValueError, match="Organization"):
        shown(filled, Query("Organization", ("Id",)), filled[1].user_id)


def test_a_line_of_the_login_history_says_what_happened_in_the_words_of_salesforce(filled: Filled) -> None:
    found = shown(filled, Query("LoginHistory", LINES.fields, where=Comparison("UserId", Op.NE, None)))
    statuses = {record["Status"] for record in found}
    assert statuses == {"Success", "secret_wrong", "user_frozen"}
    assert {record["LoginType"] for record in found} == {"Application", "Remote Access 2.0"}
    assert {record["LoginSubType"] for record in found} == {"OauthWebServer", "OauthRefreshToken", None}
    assert {(record["Browser"], record["Platform"]) for record in found} == {
        ("Unknown", "Unknown"),
        ("Edge", "Windows"),
        ("Firefox", "iPhone"),
    }
    assert all((record["Application"] is None) is (record["ConnectedApplicationId"] is None) for record in found)


def test_the_label_of_an_app_that_was_never_here_is_not_told(filled: Filled) -> None:
    (line,) = shown(filled, Query("LoginHistory", LINES.fields, where=Comparison("Status", Op.EQ, "App_Not_Installed")))
    assert (line["Application"], line["ConnectedApplicationId"]) == (None, "0H4000000000001")


@pytest.mark.parametrize(("offset", "limit", "numbers"), [(0, 3, [0, 1, 2]), (2, 3, [2, 3, 4]), (2_000, 3, [])])
def test_an_offset_leaves_out_the_first(filled: Filled, offset: int, limit: int, numbers: list[int]) -> None:
    database, org = filled
    everybody = [record["Id"] for record in shown(filled, Query("User", ("Id",)))]
    with database.snapshot() as tx:
        found = sobjects.select(tx, org.id, Query("User", ("Id",), offset=offset), own_user_id=None, after=None, limit=limit)
    assert [row.id for row in found.rows] == [everybody[number] for number in numbers]
    assert (found.more, len(found.last)) == ((True, 1) if numbers else (False, 0))


def test_counting_goes_no_further_than_it_is_told(filled: Filled) -> None:
    database, org = filled
    with database.snapshot() as tx:
        counts = [sobjects.count(tx, org.id, Query("User", ()), own_user_id=None, most=most) for most in (None, 5, 500, 0)]
    assert counts == [18, 5, 18, 0]


LARGE = (
    Some(tuple(Comparison("Username", Op.EQ, f"nobody{number}") for number in range(500))),
    Every(tuple(Not(Like("LastName", f"%nobody{number}_")) for number in range(500))),
    In("Username", tuple(f"nobody{number}" for number in range(2_000)), negated=True),
    Not(Like("Username", "%a" * 10_000)),
    Not(Like("Username", "_" * 20_000)),
)


@pytest.mark.parametrize("condition", LARGE, ids=["some", "every", "list", "pattern", "wildcards"])
def test_the_largest_queries_that_are_read_are_answered(filled: Filled, condition: Condition) -> None:
    deep = condition
    for _ in range(24):
        deep = Not(Every((deep, Comparison("IsActive", Op.EQ, True))))
    assert len(shown(filled, Query("User", ("Id",), where=condition))) == (0 if isinstance(condition, Some) else 18)
    assert len(shown(filled, Query("User", ("Id",), where=deep))) <= 18


def test_queries_do_not_drive_out_the_compiled_statements_of_others(filled: Filled) -> None:
    database, _ = filled
    shown(filled, Query("User", ("Id",)))
    before = len(database.engine._compiled_cache or ())
    for name in every_field(OBJECTS["User"]):
        shown(filled, Query("User", (name,)))
    assert len(database.engine._compiled_cache or ()) == before


SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(20)",
}


def test_a_statement_that_takes_too_long_is_given_up_and_the_next_one_has_its_own_time(filled: Filled) -> None:
    database, _ = filled
    with database.snapshot() as tx, pytest.raises(TookTooLong), dialects.at_most(tx.connection, 0.05):
        tx.connection.exec_driver_sql(SLOW[database.engine.dialect.name])
    assert len(shown(filled, Query("User", ("Id",)))) == 18


def test_what_goes_wrong_for_another_cause_is_not_taken_for_a_lack_of_time(filled: Filled) -> None:
    database, _ = filled
    with database.snapshot() as tx, pytest.raises(sa.exc.DBAPIError), dialects.at_most(tx.connection, 5):
        tx.connection.exec_driver_sql("SELECT * FROM nowhere")


def test_what_no_query_may_compare_cannot_be_compared(filled: Filled) -> None:
    for where in (Like("Id", "%"), Comparison("UserAgent", Op.EQ, "x")):
        with pytest.raises((TypeError, ValueError)):
            shown(filled, Query("LoginHistory", ("Id",), where=where))


def test_each_object_of_the_catalogue_has_its_fields_and_no_others(filled: Filled) -> None:
    database, org = filled
    with database.snapshot() as tx:
        assert {name: tuple(make(tx, org.id).columns) for name, make in SOURCES.items()} == {
            name: every_field(sobject) for name, sobject in OBJECTS.items()
        }


@pytest.mark.parametrize(
    ("name", "fields", "statements"),
    [
        ("User", ("Id", "Name"), 1),
        ("LoginHistory", ("Id", "Status", "LoginUrl"), 1),
        ("LoginHistory", ("Id", "Application"), 2),  # and the labels of the org's apps
        ("OauthToken", ("Id", "ConnectedApplicationId"), 1),
        ("AuthSession", ("Id",), 3),  # and the org with its profiles, which say how long a session may rest
    ],
)
def test_a_page_takes_so_many_statements(filled: Filled, name: str, fields: tuple[str, ...], statements: int) -> None:
    database, _ = filled
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        shown(filled, Query(name, fields))
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    assert len([text for text in seen if text.startswith("SELECT") and "set_config" not in text]) == statements


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 0])
def test_a_number_may_be_as_large_as_a_query_can_hold(filled: Filled, number: int) -> None:
    fitting = [
        len(shown(filled, Query("AuthSession", ("Id",), where=Comparison("NumSecondsValid", op, number)))) for op in (Op.LT, Op.GE, Op.EQ)
    ]
    everything = len(shown(filled, Query("AuthSession", ("Id",))))
    assert fitting == ([everything, 0, 0] if number > 0 else [0, everything, 0])
