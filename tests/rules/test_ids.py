"""Record ids: their two forms, their order, and the mint that makes them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import ids
from gatebridge.rules.ids import ALPHABET, EPOCH, NODES, IdMint, Prefix

NOON = datetime(2026, 10, 20, 12, 0, 0, 123_456, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

any_id = st.text(ALPHABET, min_size=15, max_size=15)
any_prefix = st.sampled_from(Prefix)
any_moment = st.integers(0, 110 * 365 * 86_400 * 1_000_000).map(lambda microseconds: EPOCH + timedelta(microseconds=microseconds))

VECTORS = [
    ("00DSG000009FYVd", "2AO"),
    ("005SG000008eiAb", "YAI"),
    ("00D36000001HDi3", "EAG"),
    ("00D37000000PvYs", "EAK"),
    ("000000000000000", "AAA"),
    ("ZZZZZZZZZZZZZZZ", "555"),
]


@pytest.mark.parametrize(("id15", "check"), VECTORS, ids=[f"{id15} is followed by {check}" for id15, check in VECTORS])
def test_the_checksum_is_the_one_that_salesforce_computes(id15: str, check: str) -> None:
    assert ids.checksum(id15) == check
    assert ids.long(id15) == id15 + check


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param("00DSG000009FYVd", "00DSG000009FYVd", id="fifteen characters are taken as they are"),
        pytest.param("00DSG000009FYVD", "00DSG000009FYVD", id="fifteen characters in another case are another id"),
        pytest.param("00DSG000009FYVd2AO", "00DSG000009FYVd", id="eighteen characters lose their checksum"),
        pytest.param("00DSG000009FYVD2AO", "00DSG000009FYVd", id="eighteen upper case characters are repaired"),
        pytest.param("00dsg000009fyvd2ao", "00DSG000009FYVd", id="eighteen lower case characters are repaired"),
        pytest.param("00DSG000009FYVd2AP", None, id="a wrong checksum in mixed case is a typing error"),
        pytest.param("00DSG000009FyVd2AO", None, id="one letter in the wrong case is a typing error"),
        pytest.param("00DSG000009FYVd2ao", None, id="a checksum in another case than its id is a typing error"),
        pytest.param("00DSG000009FYVD2A9", None, id="a character that no checksum has cannot repair anything"),
        pytest.param("00DSG000009FYVD3AO", None, id="a checksum that calls a digit upper case belongs to another id"),
        pytest.param("", None, id="nothing is no id"),
        pytest.param("00DSG000009FYV", None, id="fourteen characters are no id"),
        pytest.param("00DSG000009FYVd2", None, id="sixteen characters are no id"),
        pytest.param("00DSG000009FYVd2AO2", None, id="nineteen characters are no id"),
        pytest.param("00DSG000009FYV-", None, id="punctuation is no id"),
        pytest.param("00DSG000009FYVé", None, id="letters beyond ASCII are no id"),
        pytest.param("00DSG000009FYV٣", None, id="digits beyond ASCII are no id"),
        pytest.param("00DSG000009FYVd\n", None, id="a line break at the end is no id"),
        pytest.param(" 00DSG000009FYVd", None, id="a leading blank is no id"),
    ],
)
def test_what_names_a_record(text: str, parsed: str | None) -> None:
    assert ids.parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "prefix", "parsed"),
    [
        pytest.param("00DSG000009FYVd", Prefix.ORG, "00DSG000009FYVd", id="an org's id names an org"),
        pytest.param("00DSG000009FYVd", Prefix.USER, None, id="an org's id does not name a user"),
        pytest.param("00dsg000009fyvd2ao", Prefix.ORG, "00DSG000009FYVd", id="the prefix is compared after the repair"),
        pytest.param("00E000000000001", Prefix.PROFILE, None, id="the prefix is case-sensitive"),
    ],
)
def test_an_id_of_another_kind_names_nothing(text: str, prefix: Prefix, parsed: str | None) -> None:
    assert ids.parse(text, prefix) == parsed


@given(any_id)
def test_every_id_survives_the_loss_of_its_case_in_its_long_form(id15: str) -> None:
    long = ids.long(id15)
    assert len(long) == 18
    assert ids.parse(id15) == ids.parse(long) == ids.parse(long.upper()) == ids.parse(long.lower()) == id15


@given(st.text())
def test_parsing_answers_any_text_with_an_id_or_nothing(text: str) -> None:
    parsed = ids.parse(text)
    assert parsed is None or (len(parsed) == 15 and set(parsed) <= set(ALPHABET))


def test_prefixes_are_three_base_62_characters_and_differ() -> None:
    assert all(len(prefix) == 3 and set(prefix) <= set(ALPHABET) for prefix in Prefix)
    assert len({prefix.value for prefix in Prefix}) == len(Prefix.__members__)


def test_the_alphabet_stands_in_byte_order() -> None:
    assert list(ALPHABET) == sorted(set(ALPHABET))
    assert len(ALPHABET) == 62


@given(any_prefix, any_moment, st.integers(0, NODES - 1))
def test_an_id_tells_its_kind_and_its_moment(prefix: Prefix, moment: datetime, node: int) -> None:
    minted = IdMint(node).mint(prefix, moment)
    assert ids.parse(minted, prefix) == minted
    assert moment - MILLISECOND < ids.minted_at(minted) <= moment


@given(any_moment, any_moment)
def test_ids_of_two_nodes_sort_by_their_moments(one: datetime, other: datetime) -> None:
    first, second = IdMint(0).mint(Prefix.USER, one), IdMint(NODES - 1).mint(Prefix.USER, other)
    if ids.minted_at(first) != ids.minted_at(second):
        assert (first < second) == (one < other)


@given(st.lists(any_moment, min_size=2, max_size=20))
def test_ids_of_one_node_only_grow_whatever_its_clock_does(moments: list[datetime]) -> None:
    mint = IdMint(7)
    minted = [mint.mint(Prefix.GRANT, moment) for moment in moments]
    assert all(earlier < later for earlier, later in pairwise(minted))


def test_a_clock_that_steps_back_keeps_minting_in_the_latest_millisecond() -> None:
    mint = IdMint(0)
    latest = mint.mint(Prefix.AUDIT, NOON)
    after = mint.mint(Prefix.AUDIT, NOON - timedelta(hours=1))
    assert ids.minted_at(after) == ids.minted_at(latest)
    assert after > latest


def test_a_millisecond_that_is_used_up_continues_in_the_next() -> None:
    mint = IdMint(0)
    minted = [mint.mint(Prefix.RECEIPT, NOON) for _ in range(ids.SEQUENCES + 1)]
    assert minted[-2].endswith("zzz")
    assert minted[-1].endswith("000")
    assert ids.minted_at(minted[-1]) == ids.minted_at(minted[-2]) + MILLISECOND
    assert len(set(minted)) == len(minted)


def test_two_nodes_never_mint_the_same_id() -> None:
    minted = [IdMint(node).mint(Prefix.APP, NOON) for node in range(NODES)]
    assert len(set(minted)) == NODES


def test_threads_that_mint_together_get_different_ids() -> None:
    mint = IdMint(1)
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: [mint.mint(Prefix.SESSION, NOON) for _ in range(500)], range(8)))
    assert len({id15 for batch in batches for id15 in batch}) == 8 * 500


def test_kinds_share_one_sequence_so_a_node_orders_all_its_records() -> None:
    mint = IdMint(0)
    assert mint.mint(Prefix.GRANT, NOON)[3:] < mint.mint(Prefix.APP, NOON)[3:]


def test_a_clock_before_2020_mints_at_the_beginning() -> None:
    assert ids.minted_at(IdMint(0).mint(Prefix.ORG, datetime(1970, 1, 1, tzinfo=UTC))) == EPOCH


def test_a_moment_after_2131_cannot_be_minted() -> None:
    with pytest.raises(OverflowError):
        IdMint(0).mint(Prefix.ORG, datetime(2132, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("node", [-1, NODES])
def test_a_node_number_outside_its_range_is_refused(node: int) -> None:
    with pytest.raises(ValueError, match="node number"):
        IdMint(node)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        IdMint(0).mint(Prefix.ORG, datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


@given(any_prefix, any_moment, st.integers(0, NODES - 1))
def test_the_floor_of_a_moment_parts_what_was_minted_before_from_what_was_minted_since(prefix: Prefix, moment: datetime, node: int) -> None:
    floor = ids.floor(prefix, moment)
    assert floor <= IdMint(node).mint(prefix, moment)
    assert floor > IdMint(node).mint(prefix, max(moment - MILLISECOND, EPOCH)) or moment < EPOCH + MILLISECOND


def test_the_floor_of_a_moment_before_2020_is_below_every_id() -> None:
    assert ids.floor(Prefix.AUDIT, datetime(1999, 1, 1, tzinfo=UTC)) == "0Ym000000000000"


def test_the_floor_of_a_moment_after_2131_is_above_every_id() -> None:
    assert ids.floor(Prefix.AUDIT, datetime(9999, 12, 31, tzinfo=UTC)) == "0Ymzzzzzzzzzzzz"
