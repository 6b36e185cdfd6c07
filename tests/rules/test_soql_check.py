"""A query is bound to its object, or refused with the words of Salesforce: its names, its types, its times."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Reason, Refused, soql
from gatebridge.rules.soql.check import LARGEST_NUMBER, MOST_TIMES, bound
from gatebridge.rules.soql.query import (
    ALL_FIELDS,
    STANDARD_FIELDS,
    Comparison,
    Condition,
    DateLiteral,
    Every,
    In,
    Like,
    Not,
    Op,
    Order,
    Query,
    Some,
    Value,
    fields_of,
)
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

NOW = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)
TODAY, TOMORROW = datetime(2026, 8, 12, tzinfo=UTC), datetime(2026, 8, 13, tzinfo=UTC)
ID = "0Ya000001bcdEFG"

THING = SObject(
    "Thing",
    "Thing",
    "Things",
    Prefix.RECEIPT,
    (
        Field("Id", FieldType.ID, "Id"),
        Field("OwnerId", FieldType.REFERENCE, "Owner", nullable=True),
        Field("Name", FieldType.STRING, "Name"),
        Field("Kind", FieldType.PICKLIST, "Kind"),
        Field("Email", FieldType.EMAIL, "E-mail"),
        Field("Website", FieldType.URL, "Website"),
        Field("Phone", FieldType.PHONE, "Phone"),
        Field("Story", FieldType.TEXTAREA, "Story", nullable=True, filterable=False, sortable=False),
        Field("IsOpen", FieldType.BOOLEAN, "Open"),
        Field("Uses", FieldType.INT, "Uses"),
        Field("MadeAt", FieldType.DATETIME, "Made"),
        Field("SeenAt", FieldType.DATETIME, "Seen", nullable=True),
        Field("Extra__c", FieldType.STRING, "Extra"),
    ),
)
NAMES = tuple(field.name for field in THING.fields)


def checked(query: Query) -> Query:
    return bound(query, THING, now=NOW, timezone="UTC")


def condition(where: Condition) -> Condition | None:
    return checked(Query("thing", ("Id",), where=where)).where


def refusal(query: Query) -> Refused:
    with pytest.raises(Refused) as caught:
        checked(query)
    return caught.value


def test_names_become_those_of_the_object() -> None:
    where = Every((Not(Like("nAME", "a%")), Some((In("KIND", ("x",)), Comparison("isopen", Op.EQ, True)))))
    query = Query("THING", ("id", "NAME"), where=where, order=(Order("madeat", True, True), Order("name")), limit=5, offset=2)
    made = checked(query)
    assert made == Query(
        "Thing",
        ("Id", "Name"),
        where=Every((Not(Like("Name", "a%")), Some((In("Kind", ("x",)), Comparison("IsOpen", Op.EQ, True))))),
        order=(Order("MadeAt", True, True), Order("Name")),
        limit=5,
        offset=2,
    )
    assert made.where is not None
    assert list(fields_of(made.where)) == ["Name", "Kind", "IsOpen"]


def test_a_query_that_only_counts_needs_no_fields() -> None:
    assert checked(Query("thing", (), counts=True)) == Query("Thing", (), counts=True)


@pytest.mark.parametrize(
    ("fields", "spelled_out"),
    [
        pytest.param((ALL_FIELDS,), NAMES, id="all"),
        pytest.param((STANDARD_FIELDS,), NAMES[:-1], id="all but those that an org added"),
        pytest.param(
            ("name", STANDARD_FIELDS), ("Name", *(name for name in NAMES[:-1] if name != "Name")), id="each once, where it came first"
        ),
        pytest.param((STANDARD_FIELDS, "Name", "Extra__c"), NAMES, id="and with others"),
    ],
)
def test_fields_are_spelled_out(fields: tuple[str, ...], spelled_out: tuple[str, ...]) -> None:
    assert checked(Query("thing", fields)).fields == spelled_out


def test_a_field_that_comes_a_second_time_in_an_order_decides_nothing() -> None:
    assert checked(Query("thing", ("Id",), order=(Order("name", True), Order("Id"), Order("NAME")))).order == (
        Order("Name", True),
        Order("Id"),
    )


@pytest.mark.parametrize(
    ("field", "op", "value", "becomes"),
    [
        ("Name", Op.EQ, "x", Comparison("Name", Op.EQ, "x")),
        ("Name", Op.GE, "x", Comparison("Name", Op.GE, "x")),
        ("Name", Op.EQ, None, Comparison("Name", Op.EQ, None)),
        pytest.param("Name", Op.EQ, "", Comparison("Name", Op.EQ, None), id="an empty text is none"),
        pytest.param("Name", Op.NE, "", Comparison("Name", Op.NE, None), id="and what is none of it is something"),
        pytest.param("Name", Op.GT, "", Comparison("Name", Op.GT, ""), id="everything is larger than an empty text"),
        ("Email", Op.EQ, "a@b", Comparison("Email", Op.EQ, "a@b")),
        ("Website", Op.EQ, "x", Comparison("Website", Op.EQ, "x")),
        ("Phone", Op.EQ, "1", Comparison("Phone", Op.EQ, "1")),
        ("Kind", Op.LT, "b", Comparison("Kind", Op.LT, "b")),
        pytest.param("Id", Op.EQ, ID, Comparison("Id", Op.EQ, ID), id="an id of 15 characters"),
        pytest.param("Id", Op.EQ, ids.long(ID), Comparison("Id", Op.EQ, ID), id="one of 18 becomes one of 15"),
        pytest.param("Id", Op.EQ, ids.long(ID).lower(), Comparison("Id", Op.EQ, ID), id="one that has lost its case is repaired"),
        pytest.param("OwnerId", Op.GT, ids.long(ID), Comparison("OwnerId", Op.GT, ID), id="ids have an order"),
        pytest.param("Id", Op.GT, "", Comparison("Id", Op.GT, ""), id="which begins before the first"),
        pytest.param("OwnerId", Op.NE, "", Comparison("OwnerId", Op.NE, None), id="no id is none"),
        ("IsOpen", Op.EQ, True, Comparison("IsOpen", Op.EQ, True)),
        ("IsOpen", Op.NE, False, Comparison("IsOpen", Op.NE, False)),
        ("IsOpen", Op.EQ, None, Comparison("IsOpen", Op.EQ, None)),
        ("Uses", Op.GT, 7, Comparison("Uses", Op.GT, 7)),
        ("Uses", Op.EQ, -LARGEST_NUMBER, Comparison("Uses", Op.EQ, -LARGEST_NUMBER)),
        pytest.param("Uses", Op.EQ, Decimal("7.0"), Comparison("Uses", Op.EQ, 7), id="a whole number with a dot"),
    ],
)
def test_a_value_is_taken_in_the_fields_type(field: str, op: Op, value: Value, becomes: Condition) -> None:
    made = condition(Comparison(field, op, value))
    assert made == becomes
    assert isinstance(made, Comparison)
    assert type(made.value) is type(becomes.value if isinstance(becomes, Comparison) else None)


@pytest.mark.parametrize(
    ("listed", "becomes"),
    [
        (In("name", ("a", "b", "a")), In("Name", ("a", "b"))),
        (In("name", ("a",), True), In("Name", ("a",), True)),
        pytest.param(In("Name", ("a", None)), Some((In("Name", ("a",)), Comparison("Name", Op.EQ, None))), id="or empty"),
        pytest.param(In("Name", ("a", ""), True), Every((In("Name", ("a",), True), Comparison("Name", Op.NE, None))), id="and not empty"),
        pytest.param(In("Name", (None, "", None)), Comparison("Name", Op.EQ, None), id="only empty"),
        pytest.param(In("Name", ("",), True), Comparison("Name", Op.NE, None), id="only not empty"),
        pytest.param(In("Id", (ID, ids.long(ID))), In("Id", (ID,)), id="the two forms of one id are one"),
        (In("IsOpen", (True, False)), In("IsOpen", (True, False))),
        (In("Uses", (1, Decimal("2.0"))), In("Uses", (1, 2))),
        pytest.param(
            In("SeenAt", (DateLiteral("TODAY"), None)),
            Some((Every((Comparison("SeenAt", Op.GE, TODAY), Comparison("SeenAt", Op.LT, TOMORROW))), Comparison("SeenAt", Op.EQ, None))),
            id="times are compared one by one",
        ),
        pytest.param(
            In("MadeAt", (DateLiteral("TODAY"), DateLiteral("TOMORROW")), True),
            Every(
                (
                    Some((Comparison("MadeAt", Op.LT, TODAY), Comparison("MadeAt", Op.GE, TOMORROW))),
                    Some((Comparison("MadeAt", Op.LT, TOMORROW), Comparison("MadeAt", Op.GE, TOMORROW + timedelta(days=1)))),
                )
            ),
            id="or none of them",
        ),
    ],
)
def test_a_list_holds_values_of_the_fields_type_each_once(listed: In, becomes: Condition) -> None:
    assert condition(listed) == becomes


@pytest.mark.parametrize(
    ("where", "reason", "words"),
    [
        (Comparison("Nam", Op.EQ, "x"), soql.QUERY_FIELD_UNKNOWN, "No such column 'Nam' on entity 'Thing'. Did you mean Name?"),
        (Comparison("Zzzzzz", Op.EQ, "x"), soql.QUERY_FIELD_UNKNOWN, "No such column 'Zzzzzz' on entity 'Thing'. The describe"),
        (Not(Like("Story", "x")), soql.QUERY_FIELD_NOT_COMPARABLE, "field 'Story' can not be filtered in a query call"),
        (
            Comparison("MadeAt", Op.EQ, "x"),
            soql.QUERY_VALUE_OF_WRONG_TYPE,
            "value of filter criterion for field 'MadeAt' must be of type dateTime",
        ),
        (Comparison("MadeAt", Op.EQ, date(2026, 8, 12)), soql.QUERY_VALUE_OF_WRONG_TYPE, "and should not be enclosed in quotes, as in"),
        (Comparison("MadeAt", Op.EQ, True), soql.QUERY_VALUE_OF_WRONG_TYPE, "type dateTime"),
        (
            Comparison("Name", Op.EQ, 7),
            soql.QUERY_VALUE_OF_WRONG_TYPE,
            "for field 'Name' must be of type string and should be enclosed in quotes",
        ),
        (Comparison("Email", Op.EQ, DateLiteral("TODAY")), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type string and should be"),
        (
            Comparison("IsOpen", Op.EQ, "true"),
            soql.QUERY_VALUE_OF_WRONG_TYPE,
            "must be of type boolean and should not be enclosed in quotes",
        ),
        (Comparison("IsOpen", Op.EQ, ""), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type boolean"),
        (Comparison("IsOpen", Op.EQ, 1), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type boolean"),
        (Comparison("Uses", Op.EQ, True), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type int and should not be enclosed in quotes"),
        (Comparison("Uses", Op.EQ, Decimal("1.5")), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type int"),
        (Comparison("Uses", Op.EQ, LARGEST_NUMBER + 1), soql.QUERY_NUMBER_OUTSIDE_RANGE, f"at most {LARGEST_NUMBER}"),
        (Comparison("OwnerId", Op.EQ, 7), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type id and should be enclosed in quotes"),
        (Comparison("OwnerId", Op.EQ, "ada"), soql.QUERY_ID_MALFORMED, "invalid ID field: ada"),
        (Comparison("OwnerId", Op.EQ, ID + "AAB"), soql.QUERY_ID_MALFORMED, "invalid ID field"),
        (In("Id", (ID, "x" * 100)), soql.QUERY_ID_MALFORMED, "invalid ID field: " + "x" * 40),
        (In("Name", ("x", 7)), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type string"),
        (In("MadeAt", (NOW, "x")), soql.QUERY_VALUE_OF_WRONG_TYPE, "must be of type dateTime"),
        (In("MadeAt", (NOW,) * (MOST_TIMES + 1)), soql.QUERY_TOO_LARGE, "A list holds at most 100 times."),
        (Like("IsOpen", "t%"), soql.QUERY_OPERATOR_REFUSED, "invalid operator on boolean field 'IsOpen'"),
        (Like("OwnerId", "005%"), soql.QUERY_OPERATOR_REFUSED, "invalid operator on id field 'OwnerId'"),
        (Like("MadeAt", "2026%"), soql.QUERY_OPERATOR_REFUSED, "invalid operator on dateTime field 'MadeAt'"),
        (Like("Uses", "1%"), soql.QUERY_OPERATOR_REFUSED, "invalid operator on int field 'Uses'"),
        (Comparison("IsOpen", Op.GT, False), soql.QUERY_OPERATOR_REFUSED, "invalid operator on boolean field 'IsOpen'"),
        (Comparison("Name", Op.LT, None), soql.QUERY_OPERATOR_REFUSED, "on string field 'Name': null is compared with = and != alone"),
        (Comparison("MadeAt", Op.GE, None), soql.QUERY_OPERATOR_REFUSED, "invalid operator on dateTime field 'MadeAt'"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_words_of_salesforce(where: Condition, reason: Reason, words: str) -> None:
    refused = refusal(Query("thing", ("Id",), where=where))
    assert refused.reason is reason
    assert words in (refused.detail or "")


def test_X_HT_07_fields_and_orders_that_the_object_does_not_have_are_refused() -> None:
    assert refusal(Query("thing", ("Id", "Nmae"))).reason is soql.QUERY_FIELD_UNKNOWN
    assert refusal(Query("thing", ("Id", "ID"))).detail == "duplicate field selected: Id"
    assert refusal(Query("thing", ("Id",), order=(Order("Nmae"),))).reason is soql.QUERY_FIELD_UNKNOWN
    assert refusal(Query("thing", ("Id",), order=(Order("Story"),))).detail == "field 'Story' can not be sorted in a query call"


def test_where_the_text_is_known_a_refusal_shows_the_place() -> None:
    text = "SELECT Id, Nmae FROM Thing"
    assert refusal(Query("Thing", ("Id", "Nmae"), text=text, places=(7, 11))).detail == (
        "\nSELECT Id, Nmae FROM Thing\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Nmae' on entity 'Thing'. Did you mean Name? The describe of the object lists its fields."
    )


def test_where_something_stands_is_no_part_of_what_is_said() -> None:
    assert Comparison("Name", Op.EQ, "x", place=3) == Comparison("Name", Op.EQ, "x")
    assert Query("Thing", ("Id",), text="a", places=(1,)) == Query("Thing", ("Id",))
    assert replace(Order("Name"), place=9) == Order("Name")
