"""From text to query: what is read, what is refused, and where it shows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gatebridge.rules.reasons import Refused, soql
from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.rules.soql.query import Comparison, Condition, DateLiteral, Every, In, Like, Not, Op, Order, Query, Some, Value
from gatebridge.rules.soql.sobjects import SObject
from gatebridge.salesforce.soql.parsing import parse

A, B, C = Comparison("a", Op.EQ, 1), Comparison("b", Op.EQ, 2), Comparison("c", Op.EQ, 3)


def where(text: str) -> Condition | None:
    return parse(f"SELECT Id FROM X WHERE {text}").where


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param(
            "SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status != 'Success'",
            Query(
                "LoginHistory",
                ("UserId", "LoginTime", "SourceIp", "Status", "Application"),
                where=Comparison("Status", Op.NE, "Success"),
            ),
            id="the query of the issue",
        ),
        pytest.param("select id from user", Query("user", ("id",)), id="words in small letters"),
        pytest.param("SeLeCt\n\tId\r\nFROM\fUser  ", Query("User", ("Id",)), id="blanks and line ends"),
        pytest.param("SELECT COUNT() FROM User", Query("User", (), counts=True), id="how many"),
        pytest.param("select count ( ) from User limit 5", Query("User", (), counts=True, limit=5), id="with blanks"),
        pytest.param("SELECT count, fields FROM User", Query("User", ("count", "fields")), id="fields of that name"),
        pytest.param("SELECT u.Id, User.Name, Email FROM User u", Query("User", ("Id", "Name", "Email")), id="an alias"),
        pytest.param("SELECT U.Id FROM User AS u WHERE u.a = 1", Query("User", ("Id",), where=A), id="written out"),
        pytest.param("SELECT Id FROM Group", Query("Group", ("Id",)), id="an object that is called like a word of the language"),
        pytest.param("SELECT FIELDS(STANDARD) FROM User", Query("User", ("FIELDS(STANDARD)",)), id="the standard fields"),
        pytest.param("SELECT fields ( all ) FROM User LIMIT 200", Query("User", ("FIELDS(ALL)",), limit=200), id="all fields"),
        pytest.param("SELECT Id FROM User LIMIT 0", Query("User", ("Id",), limit=0), id="none at all"),
        pytest.param("SELECT Id FROM User LIMIT 10 OFFSET 2000", Query("User", ("Id",), limit=10, offset=2000), id="some of them"),
        pytest.param(
            "SELECT Id FROM User u ORDER BY a, b ASC, c DESC NULLS FIRST, u.d NULLS LAST",
            Query("User", ("Id",), order=(Order("a"), Order("b"), Order("c", True), Order("d", False, True))),
            id="an order by an alias",
        ),
        pytest.param(
            "SELECT Id FROM User WHERE(a='x'AND b=2)",
            Query("User", ("Id",), where=Every((Comparison("a", Op.EQ, "x"), B))),
            id="no more blanks than needed",
        ),
    ],
)
def test_a_query_is_read(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize("sobject", OBJECTS.values(), ids=OBJECTS)
def test_no_field_of_an_object_is_called_like_a_word_of_the_language(sobject: SObject) -> None:
    names = tuple(field.name for field in sobject.fields)
    assert parse(f"SELECT {', '.join(names)} FROM {sobject.name} ORDER BY {names[-1]}") == Query(
        sobject.name, names, order=(Order(names[-1]),)
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("a = 1 AND b = 2 AND c = 3", Every((A, B, C))),
        ("a = 1 or b = 2 OR c = 3", Some((A, B, C))),
        ("(a = 1 AND b = 2) OR c = 3", Some((Every((A, B)), C))),
        ("a = 1 AND (b = 2 OR c = 3)", Every((A, Some((B, C))))),
        ("(a = 1 AND b = 2) AND c = 3", Every((Every((A, B)), C))),
        ("NOT a = 1", Not(A)),
        ("NOT (a = 1 OR b = 2)", Not(Some((A, B)))),
        pytest.param("NOT a = 1 AND b = 2", Every((Not(A), B)), id="NOT is about the next thing only"),
        ("a = 1 AND NOT b = 2", Every((A, Not(B)))),
        ("((((a = 1))))", A),
        ("NOT NOT a = 1", Not(Not(A))),
        ("a LIKE 'x%'", Like("a", "x%")),
        ("(NOT a LIKE 'x%')", Not(Like("a", "x%"))),
        ("a IN (1)", In("a", (1,))),
        ("a NOT IN ('x', null)", In("a", ("x", None), True)),
        ("NOT a NOT IN (1)", Not(In("a", (1,), True))),
        *((f"a {op} 1", Comparison("a", Op(op), 1)) for op in Op),
        ("a <> 1", Comparison("a", Op.NE, 1)),
        ("a!=1", Comparison("a", Op.NE, 1)),
        ("X.a = 1", A),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert where(text) == condition


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'x'", "x"),
        ("''", ""),
        pytest.param(r"'O\'Brien'", "O'Brien", id="a quote"),
        pytest.param(r"'a\\b'", r"a\b", id="a backslash"),
        pytest.param(r"'\n\r\t\b\f\"'", '\n\r\t\b\f"', id="what cannot be seen"),
        pytest.param(r"'\N\T'", "\n\t", id="in capitals"),
        pytest.param(r"'100\%'", "100%", id="a percent sign that needed no backslash"),
        pytest.param("'ß İ 名 😀'", "ß İ 名 😀", id="every script"),
        pytest.param("'a -- b /* c */; DROP TABLE users'", "a -- b /* c */; DROP TABLE users", id="a text is a text"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("1.50", Decimal("1.5")),
        ("TRUE", True),
        ("false", False),
        ("Null", None),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31t08:00:00z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00.25Z", datetime(2026, 1, 31, 8, 0, 0, 250_000, UTC)),
        pytest.param("2026-01-31T08:00:00.000+0000", datetime(2026, 1, 31, 8, tzinfo=UTC), id="as the answers show it"),
        ("2026-01-31T08:00:00+05:30", datetime(2026, 1, 31, 2, 30, tzinfo=UTC)),
        ("2026-01-31T08:00:00.123456789-08:00", datetime(2026, 1, 31, 16, 0, 0, 123_456, UTC)),
        ("today", DateLiteral("TODAY")),
        ("Last_N_Days:30", DateLiteral("LAST_N_DAYS", 30)),
        ("N_YEARS_AGO : 0", DateLiteral("N_YEARS_AGO", 0)),
    ],
)
def test_a_value_is_read(text: str, value: Value) -> None:
    read = where(f"a = {text}")
    assert read == Comparison("a", Op.EQ, value)
    assert isinstance(read, Comparison)
    assert type(read.value) is type(value)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("'%x_'", "%x_"),
        (r"'100\%'", r"100\%"),
        (r"'a\_b'", r"a\_b"),
        pytest.param(r"'a\\%'", r"a\\%", id="a backslash, and then anything"),
        (r"'it\'s'", "it's"),
        (r"'\n'", "\n"),
    ],
)
def test_a_pattern_keeps_its_backslashes(text: str, pattern: str) -> None:
    assert where(f"a LIKE {text}") == Like("a", pattern)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "unexpected token: '<EOF>'. Expected SELECT."),
        ("SELECT", 7, "unexpected token: '<EOF>'. Expected a name or COUNT()."),
        ("SELECT FROM User", 8, "unexpected token: 'FROM'."),
        ("SELECT Id User", 11, "unexpected token: 'User'. Expected a comma, a dot or FROM."),
        ("SELECT Id FROM", 15, "unexpected token: '<EOF>'. Expected the name of an object."),
        ("SELECT Id FROM User WHERE", 26, "Expected a name, ( or NOT."),
        ("SELECT Id FROMUser", 11, "unexpected token: 'FROMUser'."),
        ("SELECT Id FROM User LIMIT ten", 27, "unexpected token: 'ten'. Expected a whole number."),
        ("SELECT Id FROM User LIMIT -1", 27, "Expected a whole number."),
        ("SELECT Id FROM User LIMIT 5 WHERE a = 1", 29, "unexpected token: 'WHERE'. Expected OFFSET or the end of the query."),
        ("SELECT Id FROM User;", 20, "unexpected token: ';'."),
        ("SELECT Id FROM User WHERE a = 1; DROP TABLE users", 32, "unexpected token: ';'."),
        ("SELECT Id FROM User WHERE a = 1 -- b", 33, "unexpected token: '-'."),
        ("SELECT Id FROM User WHERE a = 1 /* b */", 33, "unexpected token: '/'."),
        ("SELECT Id FROM User WHERE a = 1 AND b = 2 OR c = 3", 43, "'OR'. Put parentheses around what belongs together"),
        ("SELECT Id FROM User WHERE a = 1 OR b = 2 AND c = 3", 42, "'AND'. Put parentheses around what belongs together"),
        ("SELECT Id FROM User WHERE a = 'O'Brien'", 34, "unexpected token: 'Brien'. A quote inside a text is written with a backslash"),
        ("SELECT Id FROM User WHERE a = 'x", 31, "This text is not closed"),
        ("SELECT Id FROM User WHERE a = 'x\ny'", 31, "This text is not closed"),
        (r"SELECT Id FROM User WHERE a = 'x\'", 31, "This text is not closed"),
        (r"SELECT Id FROM User WHERE a = '\q'", 31, r"Illegal character sequence '\q'"),
        (r"SELECT Id FROM User WHERE a LIKE '\q'", 34, r"Illegal character sequence '\q'"),
        ('SELECT Id FROM User WHERE a = "x"', 31, "Texts stand in single quotes."),
        ("SELECT Id FROM User WHERE a = Success", 31, "unexpected token: 'Success'. This is no date literal"),
        ("SELECT Id FROM User WHERE a = LAST_N_DAYS", 31, "LAST_N_DAYS needs a number"),
        ("SELECT Id FROM User WHERE a = TODAY:3", 31, "TODAY has no number"),
        ("SELECT Id FROM User WHERE a == 1", 30, "unexpected token: '='. Write =, AND, OR and NOT."),
        ("SELECT Id FROM User WHERE a = 1 && b = 2", 33, "unexpected token: '&&'. Write =, AND, OR and NOT."),
        ("SELECT Id FROM User WHERE a", 28, "a comparison such as ="),
        ("SELECT Id FROM User WHERE a IN ()", 33, "unexpected token: ')'."),
        ("SELECT Id FROM User WHERE a LIKE 1", 34, "Expected a text in single quotes."),
        ("SELECT Id FROM User WHERE a = 2026-02-30", 31, "2026-02-30 is no time between the years 1700 and 4000."),
        ("SELECT Id FROM User WHERE a = 1600-01-01", 31, "is no time between"),
        ("SELECT Id FROM User WHERE a = 2026-02-30T00:00:00Z", 31, "is no time between"),
        ("SELECT Id FROM User WHERE a = 9999-12-31T23:59:59-14:00", 31, "is no time between"),
        ("SELECT Id FROM User WHERE a = 2026-01-31T08:00:00", 31, "unexpected token: '2026'."),
        ("SELECT * FROM User", 8, "Name the fields, or write FIELDS(STANDARD)."),
        ("SELECT Näme FROM User", 9, "unexpected token: 'ä'."),
        ("SELECT \u202eId FROM User", 8, "unexpected token: 'U+202E'."),
        ("SELECT Id FROM User WHERE a = '\0'", 32, "This is no character that a query can hold."),
        ("SELECT Id FROM User WHERE a = '\ud800'", 32, "This is no character that a query can hold."),
        ("SELECT COUNT() FROM User ORDER BY Name", 35, "What is only counted has no order."),
        ("ſELECT Id FROM User", 1, "unexpected token: 'ſ'. Expected SELECT."),
    ],
)
def test_what_is_no_query_is_refused_where_it_goes_wrong(text: str, column: int, words: str) -> None:
    refused = refusal(text)
    assert (refused.reason, refused.reason.salesforce_error) == (soql.QUERY_MALFORMED, "MALFORMED_QUERY")
    assert refused.detail is not None
    assert f"\nERROR at Row:1:Column:{column}\n" in refused.detail
    assert words in refused.detail


def test_a_refusal_shows_the_line_as_salesforce_does() -> None:
    assert refusal("SELECT Id\nFROM User\nWHERE Name = 'a' AND\n").detail == (
        "\nWHERE Name = 'a' AND\n                    ^\nERROR at Row:3:Column:21\nunexpected token: '<EOF>'. Expected a name, ( or NOT."
    )
    assert refusal("SELECT FIELDS(ALL) FROM User").detail == "The SOQL FIELDS function must have a LIMIT of at most 200"
    assert refusal("SELECT FIELDS(ALL) FROM User LIMIT 201").reason is soql.QUERY_MALFORMED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT Status FROM LoginHistory GROUP BY Status", "GROUP BY is not offered here"),
        ("SELECT Status FROM LoginHistory WHERE a = 1 GROUP BY Status", "GROUP BY is not offered here"),
        ("SELECT COUNT(Id) FROM User", "COUNT of a field is not offered here"),
        ("SELECT Status, COUNT(Id) FROM User", "COUNT() is offered alone here"),
        ("SELECT MAX(LoginTime) FROM LoginHistory", "the function MAX is not offered here"),
        ("SELECT toLabel(Status) FROM LoginHistory", "the function toLabel is not offered here"),
        ("SELECT Id FROM X WHERE CALENDAR_YEAR(LoginTime) = 2026", "the function CALENDAR_YEAR is not offered here"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "queries within queries are not offered here"),
        ("SELECT (SELECT Id FROM Contacts) FROM Account", "queries within queries are not offered here"),
        ("SELECT Id FROM User WHERE Id IN (SELECT UserId FROM LoginHistory)", "queries within queries are not offered here"),
        ("SELECT User.Name FROM LoginHistory", "fields of related objects are not offered here"),
        ("SELECT Id FROM LoginHistory WHERE User.Profile.Name = 'x'", "fields of related objects are not offered here"),
        ("SELECT Id FROM LoginHistory ORDER BY User.Name", "fields of related objects are not offered here"),
        ("SELECT Id FROM User, User.Profile p", "more than one object is not offered here"),
        ("SELECT Id FROM User u, u.Profile p", "more than one object is not offered here"),
        ("SELECT TYPEOF Owner WHEN User THEN Id END FROM X", "TYPEOF is not offered here"),
        ("SELECT DISTINCT Id FROM User", "DISTINCT is not offered here"),
        ("SELECT Id FROM User USING SCOPE mine", "USING SCOPE is not offered here"),
        ("SELECT Id FROM User WITH SECURITY_ENFORCED", "WITH is not offered here"),
        ("SELECT Id FROM User WHERE a = 1 WITH USER_MODE", "WITH is not offered here"),
        ("SELECT Id FROM User HAVING a > 1", "HAVING is not offered here"),
        ("SELECT Id FROM User FOR VIEW", "FOR VIEW, FOR REFERENCE and FOR UPDATE are not offered here"),
        ("SELECT Id FROM User LIMIT 1 FOR UPDATE", "FOR VIEW, FOR REFERENCE and FOR UPDATE are not offered here"),
        ("SELECT Id FROM User UPDATE VIEWSTAT", "UPDATE TRACKING and UPDATE VIEWSTAT are not offered here"),
        ("SELECT Id FROM User ALL ROWS", "ALL ROWS is not offered here"),
        ("SELECT Id FROM User LIMIT 1 ALL ROWS", "ALL ROWS is not offered here"),
        ("SELECT Id FROM User WHERE a INCLUDES ('x')", "INCLUDES is not offered here"),
        ("SELECT Id FROM User WHERE a EXCLUDES ('x')", "EXCLUDES is not offered here"),
        ("SELECT Id FROM User WHERE a BETWEEN 1 AND 2", "BETWEEN is not offered here; write >= and <="),
        ("SELECT Id FROM User WHERE a = 1 UNION SELECT Id FROM X", "UNION is not offered here"),
        ("SELECT Id FROM User JOIN Profile", "JOIN is not offered here"),
        ("SELECT Id FROM User WHERE Id = :user.Id", "variables are only for code that runs inside Salesforce"),
        ("SELECT Id FROM User WHERE Id IN :ids", "variables are only for code that runs inside Salesforce"),
        ("SELECT Id FROM User WHERE a = THIS_FISCAL_YEAR", "fiscal years are not offered here"),
        ("SELECT FIELDS(CUSTOM) FROM User", "write FIELDS(STANDARD) or FIELDS(ALL)"),
        ("FIND {x} IN ALL FIELDS", "SOSL is not offered here"),
        ("DELETE FROM User", "records are only read here"),
        ("INSERT INTO User", "records are only read here"),
        ("UPDATE User SET a = 1", "a query changes nothing"),
    ],
)
def test_what_salesforce_reads_and_we_do_not_is_refused_by_name(text: str, words: str) -> None:
    refused = refusal(text)
    assert (refused.reason, refused.reason.salesforce_error) == (soql.QUERY_PART_NOT_OFFERED, "MALFORMED_QUERY")
    assert words in (refused.detail or "")
    assert "\nERROR at Row:1:Column:" in (refused.detail or "")
