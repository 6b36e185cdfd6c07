"""Which names a hurried reader takes for one another (X-CO-05)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatebridge.rules.app_checks import identity_problems
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.lookalikes import alike, alphabets_problem, skeleton


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
