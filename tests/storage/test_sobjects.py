"""Queries over the setup objects against an oracle in Python: generated conditions, orders and pages, on both databases."""

import operator
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.storage.sobject_pages import KEYS, Filled, Values, every_field, pages
from tests.storage.sobject_records import TEXTS

from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.rules.soql.matching import fold, holds
from gatebridge.rules.soql.query import Comparison, Condition, Every, In, Like, Not, Op, Order, Query, Some
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject
from gatebridge.storage import sobjects

MILLISECOND = timedelta(milliseconds=1)
IDS = (FieldType.ID, FieldType.REFERENCE)
NEWEST_FIRST = ("LoginHistory", "SetupAuditTrail")


def in_order(sobject: SObject, records: list[Values], order: Sequence[Order]) -> list[Values]:
    """The records as an oracle sorts them: by the last step first, since each sorting keeps what was equal in its order."""
    descending = order[-1].descending if order else sobject.name in NEWEST_FIRST
    made = sorted(records, key=operator.itemgetter(*KEYS.get(sobject.name, ("Id",))), reverse=descending)
    for step in reversed(order):
        there = [record for record in made if record[step.field] is not None]
        missing = [record for record in made if record[step.field] is None]
        field = sobject.field(step.field)
        folds = field is not None and field.type not in IDS
        there.sort(key=partial(sorted_by, name=step.field, folds=folds), reverse=step.descending)
        made = there + missing if step.nulls_last else missing + there
    return made


def sorted_by(record: Values, name: str, *, folds: bool) -> Any:
    value = record[name]
    return fold(value) if folds and isinstance(value, str) else value


@st.composite
def asked(draw: st.DrawFn, sobject: SObject, there: Sequence[Values]) -> tuple[Query, int]:
    """A query over this object whose values are those of its records, and some others; and the size of a page."""
    filterable = [field for field in sobject.fields if field.filterable]
    leaf = st.sampled_from(filterable).flatmap(lambda field: leaves(field, there))
    condition: st.SearchStrategy[Condition] = st.recursive(
        leaf,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Every(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Some(tuple(parts))),
        ),
        max_leaves=5,
    )
    sortable = st.sampled_from([field.name for field in sobject.fields if field.sortable])
    order = draw(st.lists(st.builds(Order, sortable, st.booleans(), st.booleans()), max_size=3, unique_by=lambda step: step.field))
    query = Query(sobject.name, every_field(sobject), where=draw(st.none() | condition), order=tuple(order))
    return query, draw(st.integers(1, 12))


def leaves(field: Field, there: Sequence[Values]) -> st.SearchStrategy[Condition]:
    """Conditions about one field, as a bound query holds them."""
    known = sorted({record[field.name] for record in there if record[field.name] is not None}, key=str)
    empty = st.sampled_from([Comparison(field.name, Op.EQ, None), Comparison(field.name, Op.NE, None)])
    if field.type is FieldType.DATETIME:
        near = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) + MILLISECOND * n for moment in known for n in (0, 1)]
        moments = st.sampled_from(near or [datetime.fromisoformat("2026-03-02T12:00:00+00:00")])
        return empty | st.builds(Comparison, st.just(field.name), st.sampled_from([Op.LT, Op.GE]), moments)
    if field.type is FieldType.BOOLEAN:
        values: st.SearchStrategy[Any] = st.booleans()
    elif field.type is FieldType.INT:
        values = st.sampled_from([*known, 0, -1, 2**63 - 1])
    elif field.type in IDS:
        values = st.sampled_from([*known, "000000000000000"])
    else:
        values = st.sampled_from([*known, *filter(None, TEXTS)]) | st.sampled_from(known or ["x"]).map(str.swapcase)
    ops = [Op.EQ, Op.NE] if field.type is FieldType.BOOLEAN else list(Op)
    compared = st.builds(Comparison, st.just(field.name), st.sampled_from(ops), values)
    listed = st.builds(In, st.just(field.name), st.lists(values, min_size=1, max_size=4).map(tuple), st.booleans())
    if field.type in (FieldType.BOOLEAN, FieldType.INT, *IDS):
        return empty | compared | listed
    return empty | compared | listed | st.builds(Like, st.just(field.name), patterns(known))


def patterns(known: Sequence[str]) -> st.SearchStrategy[str]:
    written = [
        "%",
        "_",
        r"\%",
        r"\_",
        r"\\",
        "a",
        "A",
        "ß",
        "SS",
        "İ",
        "i",
        "Ä",
        "ä",
        "'",
        "-",
        *(text[:4].replace("\\", r"\\") for text in known[:5]),
    ]
    return st.lists(st.sampled_from(written), min_size=1, max_size=5).map("".join)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_query_answers_what_an_oracle_answers_whatever_it_asks(filled: Filled, name: str) -> None:
    """Conditions with empty fields, NOT, LIKE and lists, orders with empty ones first and last, and pages that lose and repeat nothing."""
    database, org = filled
    sobject = OBJECTS[name]
    with database.snapshot() as tx:
        there = pages(tx, org, Query(name, every_field(sobject)), 1_000)
        exact = {field.name for field in sobject.fields if field.type in IDS}
        assert there, "an empty object shows nothing"

        @settings(
            max_examples=12, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.reuse, Phase.generate), database=None
        )
        @given(asked(sobject, there))
        def oracle_agrees(generated: tuple[Query, int]) -> None:
            query, size = generated
            wanted = [record for record in there if query.where is None or holds(query.where, record, exact)]
            assert pages(tx, org, query, size) == in_order(sobject, wanted, query.order)
            assert sobjects.count(tx, org.id, query, own_user_id=None, most=None) == len(wanted)

        oracle_agrees()
