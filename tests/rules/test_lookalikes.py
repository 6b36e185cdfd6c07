"""Which names a hurried reader takes for one another (X-CO-05)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatebridge.rules.app_checks import identity_problems
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.lookalikes import alike, alphabets_problem, mistakable, near, skeleton


@pytest.mark.parametrize(
    "forged",
    [
        *(
            "Data-Loader",
            "DataLoader",
            "data  loader",
            "Data Loader.",
            "Dàta Loader",
            "Data Load\u0435r",
            "D\u0430ta Loader",
            "Data L0ader",
        ),
        *("Data Loa\u0501er", "\uff24ata Loader", "Data\u00a0Loader", "Data_Loader"),
    ],
)
def test_X_CO_05_a_name_that_differs_in_what_a_glance_does_not_see_is_alike(forged: str) -> None:
    assert alike("Data Loader", forged)


@pytest.mark.parametrize(("one", "other"), [("Bill Pay", "BiII Pay"), ("Modern", "Modem"), ("Wave", "VVave"), ("Cloud", "Doud")])
def test_strokes_that_look_the_same_are_alike(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize("other", ["Data Loader 2", "Data Reader", "Loader Data", "Dataloaders", ""])
def test_names_that_one_can_tell_apart_are_not_alike(other: str) -> None:
    assert not alike("Data Loader", other)


@pytest.mark.parametrize(
    ("one", "other", "so"),
    [
        *(("Data Loader", forged, True) for forged in ("Data Loadr", "Data Loadder", "Data Laoder", "Data Loaded", "Data Loader 2")),
        *(("Data Loader", forged, True) for forged in ("Data Loader Pro", "My Data-Loader", "data l0ader", "Data Loader")),
        *(("Data Loader", other, False) for other in ("Data Reader", "Loader", "Date Loaders", "Data", "Dta Loaderr", "")),
        ("Fleet", "Flett", True),
        ("Sales", "Scale", False),
        *(("CRM", other, False) for other in ("CRN", "CRM 2", "My CRM")),  # too short to tell a slip from another name
        ("Payroll", "Payroll Export", False),
    ],
)
def test_X_CO_05_a_slip_of_the_pen_or_a_word_more_is_near(one: str, other: str, so: bool) -> None:
    assert (near(one, other), near(other, one)) == (so, so)


@pytest.mark.parametrize(
    ("other", "of_the_same", "of_another"),
    [("Data Loader", False, True), ("Data-Loader", True, True), ("Data Loader 2", False, True), ("Data Reader", False, False)],
)
def test_X_CO_05_a_publisher_may_number_its_own_and_nobody_elses(other: str, of_the_same: bool, of_another: bool) -> None:
    assert mistakable("Data Loader", other, same_publisher=True) is of_the_same
    assert mistakable("Data Loader", other, same_publisher=False) is of_another


def test_what_is_written_in_another_alphabet_has_a_skeleton_too() -> None:
    assert skeleton("日報アプリ") == "日報アフリ"
    assert skeleton("...") == ""


@pytest.mark.parametrize("name", ["Data Loader", "Загрузчик данных", "Φόρτωση", "日報 App", "Søren's Büro 2", "123"])
def test_a_name_in_one_alphabet_is_in_order(name: str) -> None:
    assert alphabets_problem(name) is None


@pytest.mark.parametrize("name", ["D\u0430ta Loader", "\u0391pp of Acme", "Data \u13deoader"])
def test_X_CO_05_a_name_that_mixes_alphabets_is_refused(name: str) -> None:
    assert "mixes Latin and" in (alphabets_problem(name) or "")


def test_X_CO_05_an_app_cannot_be_registered_under_such_a_name() -> None:
    app = App(
        "0H4",
        "00D",
        "D\u0430ta Loader",
        "Data_Loader",
        "gbk_x",
        Dialect.STANDARD,
        "dev@example.com",
        "005",
        0,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    (problem,) = identity_problems(app)
    assert problem.field == "label"
    assert identity_problems(replace(app, label="Data Loader")) == []
