"""Queries that nobody sends, through the whole house: each is answered with records or refused with one error, and none breaks it."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.fuzz.requests import SHORT, TIMES, bounded
from tests.oauth.houses import Standing
from tests.oauth.tenants import make_tenant
from tests.salesforce.soql_texts import nearly_queries, patterns, texts, written
from tests.salesforce.surface import Surface, rights, surface

from gatebridge.rules import ids
from gatebridge.rules.permissions import Permission
from gatebridge.rules.soql.catalogue import OBJECTS
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
)
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

pytestmark = pytest.mark.timeout(120 * TIMES)

# What a refusal of a query can say. QUERY_TIMEOUT is missing: in a house with a handful of records nothing takes five seconds.
CODES = {
    "MALFORMED_QUERY",
    "INVALID_FIELD",
    "INVALID_QUERY_FILTER_OPERATOR",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "QUERY_TOO_COMPLICATED",
    "INVALID_TYPE",
}

IDS = st.sampled_from(["005000000000001", ids.long("0Ya000001bcdEFG"), "00D", "", "ada"])
TIMES_OF_DAY = st.one_of(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is added
    st.sampled_from([DateLiteral(name) for name in ("TODAY", "LAST_WEEK", "THIS_YEAR", "NEXT_QUARTER", "LAST_90_DAYS")]),
    st.builds(DateLiteral, st.sampled_from(["LAST_N_DAYS", "NEXT_N_YEARS", "N_MONTHS_AGO"]), st.integers(0, 10_000)),
)
VALUES: dict[FieldType, SearchStrategy[Value]] = {
    FieldType.ID: IDS,
    FieldType.REFERENCE: IDS,
    FieldType.BOOLEAN: st.booleans(),
    FieldType.INT: st.integers(-(2**63), 2**63),
    FieldType.DATETIME: TIMES_OF_DAY,
}


def conditions(sobject: SObject) -> SearchStrategy[Condition]:
    """Conditions about one object, in which mostly everything fits."""

    def about(field: Field) -> SearchStrategy[Condition]:
        fitting: SearchStrategy[Value] = VALUES.get(field.type, texts | st.sampled_from(field.values or ("Success",)))
        value = st.one_of(fitting, fitting, fitting, st.none())
        listed = st.lists(value, min_size=1, max_size=4).map(tuple)
        compared = st.builds(Comparison, st.just(field.name), st.sampled_from(Op), value)
        others: list[SearchStrategy[Condition]] = [compared, st.builds(In, st.just(field.name), listed, st.booleans())]
        return st.one_of(*others, st.builds(Like, st.just(field.name), patterns)) if field.type not in VALUES else st.one_of(*others)

    return st.recursive(
        st.sampled_from([field for field in sobject.fields if field.filterable]).flatmap(about),
        lambda parts: st.one_of(
            parts.map(Not),
            st.lists(parts, min_size=2, max_size=3).map(lambda found: Every(tuple(found))),
            st.lists(parts, min_size=2, max_size=3).map(lambda found: Some(tuple(found))),
        ),
        max_leaves=5,
    )


def queries(sobject: SObject) -> SearchStrategy[Query]:
    names = st.sampled_from([field.name for field in sobject.fields])
    selected = st.lists(names, min_size=1, max_size=5, unique=True).map(tuple) | st.sampled_from([(ALL_FIELDS,), (STANDARD_FIELDS,)])
    steps = st.builds(Order, st.sampled_from([field.name for field in sobject.fields if field.sortable]), st.booleans(), st.booleans())
    where, limit, offset = st.none() | conditions(sobject), st.sampled_from([None, 0, 1, 200]), st.sampled_from([0, 0, 1, 2_000])
    return st.one_of(
        st.builds(
            Query, st.just(sobject.name), selected, where=where, order=st.lists(steps, max_size=3).map(tuple), limit=limit, offset=offset
        ),
        st.builds(Query, st.just(sobject.name), st.just(()), counts=st.just(True), where=where, limit=limit, offset=offset),
    )


@pytest.fixture(scope="module")
def reader(house: Standing) -> Surface:
    """Somebody who may read every object."""
    org = make_tenant(house)
    found = surface(org)
    rights(org, *Permission)
    return found


def test_every_query_that_fits_is_answered_and_counts_what_it_answers(reader: Surface) -> None:
    @bounded(80)
    @given(st.sampled_from(list(OBJECTS.values())).flatmap(queries))
    def each(query: Query) -> None:
        answer = reader.get(f"/query?q={quote(written(query))}")
        if answer.status_code == 400:
            (error,) = answer.json()
            assert error["errorCode"] in CODES, error
            return
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["done"]
        assert len(told["records"]) == (0 if query.counts else told["totalSize"])
        assert query.limit is None or told["totalSize"] <= query.limit

    each()


def test_no_text_breaks_the_place_that_takes_queries(reader: Surface) -> None:
    @bounded(80)
    @given(nearly_queries | SHORT)
    def each(text: str) -> None:
        answer = reader.get(f"/query?q={quote(text.encode('utf-8', 'surrogatepass'))}")
        if answer.status_code != 200:
            (error,) = answer.json()
            assert (answer.status_code, error["errorCode"] in CODES) == (400, True), error

    each()
