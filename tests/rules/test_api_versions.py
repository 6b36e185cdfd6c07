"""The versions that the resource surface answers to."""

import pytest

from gatebridge.rules.api_versions import LATEST, VERSIONS, known


def test_they_go_from_the_oldest_that_salesforce_answers_to_to_the_newest_without_a_gap() -> None:
    numbers = [float(version) for version in VERSIONS]
    assert numbers == [float(number) for number in range(31, 68)]
    assert list(VERSIONS)[-1] == LATEST == "67.0"


@pytest.mark.parametrize(
    ("version", "label"),
    [
        ("31.0", "Summer '14"),
        ("51.0", "Spring '21"),
        ("52.0", "Summer '21"),
        ("53.0", "Winter '22"),
        ("65.0", "Winter '26"),
        ("66.0", "Spring '26"),
        ("67.0", "Summer '26"),
    ],
)
def test_each_is_called_after_the_season_in_which_it_came(version: str, label: str) -> None:
    assert VERSIONS[version] == label


@pytest.mark.parametrize(
    ("segment", "version"),
    [
        ("v51.0", "51.0"),
        ("v67.0", "67.0"),
        ("v31.0", "31.0"),
        pytest.param("v50.0", "50.0", id="what jsforce asks for"),
        pytest.param("v30.0", None, id="older than the oldest"),
        pytest.param("v68.0", None, id="newer than the newest"),
        pytest.param("51.0", None, id="without the v"),
        pytest.param("v51", None, id="without the .0"),
        pytest.param("v51.5", None, id="there is nothing between two"),
        pytest.param("v051.0", None, id="one way of writing it"),
        pytest.param("V51.0", None, id="in one case"),
        pytest.param("v\u0665\u0661.0", None, id="digits of another script are none"),
        pytest.param("v51.0\n", None, id="a line end is no part of it"),
        ("", None),
    ],
)
def test_an_address_names_a_version_in_one_way(segment: str, version: str | None) -> None:
    assert known(segment) == version
