"""Every line of the standards is shown by tests that name it, or says why not."""

import pytest
from tests.contracts.standards import LIST, entries, ids_in, named_tests, truth_in, with_tests

# How many lines each part of the checklist has. A number that is not listed is a line that was forgotten.
LINES = {
    "G": 17, "AZ": 37, "CA": 18, "TK": 7, "CG": 6, "RT": 11, "CC": 2, "JB": 6, "SB": 1, "DV": 6, "TX": 6, "ID": 5, "AT": 5, "BR": 4,
    "RV": 6, "IN": 8, "UI": 5, "JW": 5, "MD": 6, "RG": 8, "RM": 5, "PA": 8, "JR": 3, "RA": 1, "DP": 9, "MT": 3, "SU": 2, "RI": 2, "PR": 1,
    "LO": 5, "BC": 2, "FC": 1, "SM": 1, "PW": 1, "SE": 1, "FP": 2, "MC": 5, "CI": 4, "SC": 13, "JT": 6, "NB": 2, "GV": 4,
}  # fmt: skip
REASONS = ("Later: ", "Not offered: ", "Decided: ", "See ")

ENTRIES = [pytest.param(ids, shown, said, id=ids[0]) for ids, shown, said in entries(LIST.read_text("utf-8"))]


def test_every_line_is_listed_once() -> None:
    listed = [line_id for ids, _, _ in entries(LIST.read_text("utf-8")) for line_id in ids]
    assert sorted(listed) == sorted(f"{prefix}-{number:02}" for prefix, many in LINES.items() for number in range(1, many + 1))


@pytest.mark.parametrize(("ids", "shown", "said"), ENTRIES)
def test_a_line_is_shown_by_a_test_or_says_why_not(ids: list[str], shown: list[str], said: list[str]) -> None:
    assert shown or said, f"no test names {ids[0]}, and nothing says why not"
    assert all(line.startswith(REASONS) for line in said), said


def test_every_line_that_a_test_names_is_listed() -> None:
    assert named_tests().keys() <= {f"{prefix}-{number:02}" for prefix, many in LINES.items() for number in range(1, many + 1)}


def test_the_list_tells_the_tests_of_today() -> None:
    text = LIST.read_text("utf-8")
    assert text == with_tests(text), "run `make standards`"


@pytest.mark.parametrize(
    ("name", "ids", "truth"),
    [
        ("test_std_AZ_02_only_this", ["AZ-02"], "only this"),
        ("test_X_AC_02_std_CG_04_SC_13_one_wins", ["CG-04", "SC-13"], "one wins"),
        ("test_std_AZ_01_AZ_02_X_RU_01_to_10_it_differs", ["AZ-01", "AZ-02"], "it differs"),
        ("test_std_G_06_std_G_07_empty", ["G-06", "G-07"], "empty"),
        ("test_X_RV_02_nothing_std", [], "nothing std"),
    ],
)
def test_a_name_tells_its_lines_and_its_truth(name: str, ids: list[str], truth: str) -> None:
    assert (ids_in(name), truth_in(name)) == (ids, truth)
