"""Charts: round numbers at the side, bars in proportion, and none that is too small to be seen."""

import pytest

from gatebridge.web.console import chart
from gatebridge.web.console.chart import HEIGHT, LEAST, Count


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0, 1),
        (1, 1),
        (3, 4),
        (6, 6),
        (7, 8),
        (10, 10),
        (11, 20),
        (22, 30),
        (41, 50),
        (75, 80),
        (999, 1000),
        (1001, 2000),
        (10**7 + 1, 2 * 10**7),
    ],
)
def test_the_scale_ends_at_a_number_that_is_easy_to_read(most: int, top: int) -> None:
    assert chart.rounded(most) == top


def test_bars_are_in_proportion_and_one_that_is_there_is_seen() -> None:
    drawn = chart.of([Count("1 Nov", 50, 50), Count("2 Nov", 0), Count("3 Nov", 1, 1)])
    full, none, least = drawn.bars
    assert (full.good_height, full.bad_height, full.bad_y) == (HEIGHT / 2, HEIGHT / 2, 0)
    assert (none.good_height, none.bad_height) == (0, 0)
    assert (least.good_height, least.bad_height, least.bad_y) == (LEAST, LEAST, HEIGHT - 2 * LEAST)
    assert drawn.scale == (100, 50, 0)


def test_no_bar_is_higher_than_the_chart() -> None:
    (bar,) = chart.of([Count("1 Nov", 9_999, 1)]).bars
    assert bar.good_height + bar.bad_height == HEIGHT


def test_a_few_of_the_words_stand_below_the_first_and_the_last_among_them() -> None:
    below = chart.of([Count(f"{day} Nov", day) for day in range(1, 31)]).below
    assert below == ("1 Nov", "9 Nov", "16 Nov", "23 Nov", "30 Nov")
    assert chart.of([]).below == ()
