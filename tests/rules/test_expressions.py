"""The language of attributes and claims: what it says, what it refuses and where, and that it always ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import expressions
from gatebridge.rules.expressions import LONGEST, LONGEST_VALUE, BadExpression, Text
from gatebridge.rules.functions import FUNCTIONS, Value

SPELLINGS = {"user.email": "user.email", "$user.email": "user.email", "user.city": "user.city", "org.name": "org.name"}
FIELDS = {"user.email": "Ada@Example.com", "user.city": None, "org.name": "Acme"}


def value(text: str) -> Value:
    return expressions.evaluate(expressions.parse(text, SPELLINGS), FIELDS)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        pytest.param('"EMEA"', "EMEA", id="a text"),
        pytest.param("'EMEA'", "EMEA", id="in single quotes"),
        pytest.param(r'"a \"b\" \\ \'c"', 'a "b" \\ \'c', id="quotes and backslashes in a text"),
        pytest.param('""', "", id="an empty text"),
        pytest.param("user.email", "Ada@Example.com", id="a field"),
        pytest.param(" ( user.email )\n", "Ada@Example.com", id="brackets and blanks"),
        pytest.param("$User.Email", "Ada@Example.com", id="in Salesforce's spelling"),
        pytest.param("USER.EMAIL", "Ada@Example.com", id="in capitals"),
        pytest.param("user.city", None, id="a field that the user has not"),
        pytest.param('org.name & "/" & user.email', "Acme/Ada@Example.com", id="texts joined"),
        pytest.param('org.name + "/" + user.email', "Acme/Ada@Example.com", id="or added, as Salesforce has it"),
        pytest.param('org.name & "/" & user.city', None, id="with one that is missing, nothing"),
        pytest.param('org.name & coalesce(user.city, "")', "Acme", id="unless something stands in for it"),
        pytest.param("lower(user.email)", "ada@example.com", id="small letters"),
        pytest.param("UPPER(user.email)", "ADA@EXAMPLE.COM", id="capitals, with a function in capitals"),
        pytest.param("lower(user.city)", None, id="of nothing, nothing"),
        pytest.param('trim("  a b ")', "a b", id="without blanks around it"),
        pytest.param('before(user.email, "@")', "Ada", id="what comes before a mark"),
        pytest.param('after(user.email, "@")', "Example.com", id="and after it"),
        pytest.param('before(user.email, "#")', "Ada@Example.com", id="before a mark that is not there, all"),
        pytest.param('after(user.email, "#")', "", id="after it, nothing"),
        pytest.param('before(user.email, "")', "Ada@Example.com", id="an empty mark is none"),
        pytest.param('after(user.email, "")', "Ada@Example.com", id="and so here"),
        pytest.param('coalesce(user.city, org.name, "x")', "Acme", id="the first that is there"),
        pytest.param("coalesce(user.city, user.city)", None, id="or none"),
        pytest.param('BLANKVALUE(user.city, "unknown")', "unknown", id="as Salesforce calls it"),
        pytest.param('if(user.email = "x", "a", "b")', "b", id="a choice"),
        pytest.param('if(contains(user.email, "@"), "a", "b")', "a", id="by a condition"),
        pytest.param("if(isblank(user.city), org.name, user.city)", "Acme", id="by what is missing"),
        pytest.param('if(isblank(user.city), user.city, "x")', None, id="a choice of nothing is nothing"),
        pytest.param('org.name = "Acme"', True, id="equal"),
        pytest.param('org.name == "acme"', False, id="the case counts"),
        pytest.param('org.name != "acme"', True, id="different"),
        pytest.param('org.name <> "Acme"', False, id="as Salesforce writes it"),
        pytest.param('equals(org.name, "Acme")', True, id="as a function"),
        pytest.param("user.city = user.city", False, id="nothing equals nothing"),
        pytest.param('"A" & "cme" = org.name', True, id="joined before compared"),
        pytest.param('begins(org.name, "Ac")', True, id="how it begins"),
        pytest.param('ends(user.email, "@Example.com")', True, id="how it ends"),
        pytest.param('ends(user.city, "")', False, id="what is missing has no end"),
        pytest.param('isblank("")', True, id="an empty text is blank"),
        pytest.param("isblank(org.name)", False, id="a name is not"),
        pytest.param("not(isblank(org.name))", True, id="the opposite"),
        pytest.param('and(org.name = "Acme", contains(user.email, "Ada"), isblank(user.city))', True, id="all of them"),
        pytest.param('and(org.name = "Acme", isblank(org.name))', False, id="not all"),
        pytest.param('or(org.name = "x", isblank(user.city))', True, id="one of them"),
        pytest.param('(org.name = "Acme")', True, id="a condition in brackets"),
        pytest.param("((((((((((org.name))))))))))", "Acme", id="ten brackets within each other"),
    ],
)
def test_an_expression_says_what_it_reads(text: str, made: Value) -> None:
    assert value(text) == made


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        pytest.param("", 1, "the expression ends", id="nothing"),
        pytest.param("   ", 4, "the expression ends", id="blanks"),
        pytest.param('"abc', 1, "not closed", id="a text without an end"),
        pytest.param('org.name & "a\nb"', 12, "not closed", id="a text of two lines"),
        pytest.param(r'"a\n"', 1, "backslash that means nothing", id="an escape that does not exist"),
        pytest.param("user.emial", 1, "no field user.emial. Did you mean user.email?", id="a field that does not exist"),
        pytest.param("zzz", 1, "no field zzz.", id="and none that comes close"),
        pytest.param("org.name & user.password_hash", 12, "no field user.password_hash", id="a secret is no field"),
        pytest.param("user.email.__class__", 1, "no field", id="nothing can be reached through a field"),
        pytest.param("lowr(org.name)", 1, "no function lowr. Did you mean lower?", id="a function that does not exist"),
        pytest.param("__import__(org.name)", 1, "no function __import__.", id="nor Python's"),
        pytest.param("lower()", 1, "lower takes 1 value, and is given 0", id="too little for a function"),
        pytest.param("lower(org.name, org.name)", 1, "lower takes 1 value, and is given 2", id="too much"),
        pytest.param("coalesce(org.name)", 1, "coalesce takes 2 to 10 values, and is given 1", id="one is no choice"),
        pytest.param('lower(org.name = "a")', 1, "takes a text as value 1, and is given a condition", id="a condition is no text"),
        pytest.param('"a" & (org.name = "a")', 5, "& takes a text as value 2", id="nor is it joined"),
        pytest.param('if(org.name, "a", "b")', 1, "if takes a condition as value 1", id="a text is no condition"),
        pytest.param('"a" = "b" = "c"', 11, "should end, and = follows", id="one comparison and no second"),
        pytest.param('org.name "a"', 10, 'should end, and "a" follows', id="two values beside each other"),
        pytest.param("(org.name", 10, "bracket of character 1 should close, and the expression ends", id="an open bracket"),
        pytest.param("lower(org.name org.name)", 16, "bracket of character 6 should close, and org.name stands", id="a comma is missing"),
        pytest.param("lower(,)", 7, ", stands", id="nothing between the commas"),
        pytest.param("org.name & ", 12, "the expression ends", id="nothing to join"),
        pytest.param("& org.name", 1, "& stands", id="nothing to join it to"),
        pytest.param("org.name * 2", 10, "* means nothing here", id="there are no numbers to multiply"),
        pytest.param("écru", 1, "é means nothing here", id="nor letters beyond ASCII outside of texts"),
        pytest.param("[org.name]", 1, "[ means nothing here", id="nor lists"),
        pytest.param("org.name; x", 9, "; means nothing here", id="nor statements"),
        pytest.param("(" * 11 + "org.name" + ")" * 11, 11, "more than 10 brackets", id="eleven brackets within each other"),
        pytest.param("lower(" * 11 + "org.name" + ")" * 11, 66, "more than 10 brackets", id="or functions"),
        pytest.param('"' + "a" * LONGEST, LONGEST + 1, f"has at most {LONGEST} characters", id="more than is read"),
    ],
)
def test_what_means_nothing_is_told_with_its_place(text: str, place: int, said: str) -> None:
    with pytest.raises(BadExpression) as refused:
        expressions.parse(text, SPELLINGS)
    assert refused.value.place == place
    assert str(refused.value).startswith(f"At character {place}: ")
    assert said in str(refused.value)


def test_a_value_that_is_too_long_is_none() -> None:
    node = expressions.parse("user.email & user.email", SPELLINGS)
    half = "x" * (LONGEST_VALUE // 2)
    assert expressions.evaluate(node, {"user.email": half}) == half * 2
    assert expressions.evaluate(node, {"user.email": half + "x"}) is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('"a"', set()),
        ("user.email", {"user.email"}),
        ('if(isblank(user.city), org.name & "x", $User.Email)', {"user.city", "org.name", "user.email"}),
    ],
)
def test_what_an_expression_reads_is_known_without_reading_it(text: str, read: set[str]) -> None:
    assert expressions.reads(expressions.parse(text, SPELLINGS)) == read


pieces = st.sampled_from(
    [*FUNCTIONS, *SPELLINGS, '"a"', "'", '"', "(", ")", ",", "&", "+", "=", "!=", "<>", " ", "\\", ".", "$", "é", "\x00"]
)


@given(st.lists(pieces, max_size=40).map("".join), st.dictionaries(st.sampled_from([*SPELLINGS]), st.none() | st.text(max_size=600)))
def test_whatever_is_written_has_a_value_or_a_place_where_it_is_wrong(text: str, fields: dict[str, str | None]) -> None:
    try:
        node = expressions.parse(text, SPELLINGS)
    except BadExpression as error:
        node, place = Text(""), error.place
    else:
        place = 1
    assert 1 <= place <= len(text) + 1
    made = expressions.evaluate(node, fields)
    assert made is None or isinstance(made, bool) or len(made) <= LONGEST_VALUE
    assert expressions.reads(node) <= set(SPELLINGS.values())


def test_the_longest_expression_of_every_kind_ends_at_once() -> None:
    for text in ("+".join(['"a"'] * 125), "(" * 10 + '"a"' + ")" * 10, 'coalesce("a",' * 10 + '"b"' + ")" * 10):
        assert value(text) in ("a" * 125, "a")
