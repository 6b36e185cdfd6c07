"""The parameter `claims` as it is read (OpenID Connect Core section 5.5): what is known of it, and what is malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.oauth import claims_parameter
from gatebridge.oauth.claims_parameter import LONGEST, Requested, parse

HIGH = "urn:gatebridge:level:high"


@pytest.mark.parametrize(
    ("text", "requested"),
    [
        pytest.param("{}", Requested(), id="nothing"),
        pytest.param('{"userinfo":null,"id_token":null}', Requested(), id="nothing, twice"),
        pytest.param('{"userinfo":{"email":null,"name":null}}', Requested(userinfo=("email", "name")), id="two at userinfo"),
        pytest.param('{"id_token":{"email":{"essential":true}}}', Requested(id_token=("email",)), id="an essential one in the ID token"),
        pytest.param('{"userinfo":{"name#de":null,"shoe_size":3,"roles":["a"]}}', Requested(), id="std AZ-24: what we do not know"),
        pytest.param('{"front_page":{"email":null}}', Requested(), id="a place that we do not know"),
        pytest.param('{"userinfo":{"sub":null,"custom_permissions":null}}', Requested(), id="what is told anyway, or by scope alone"),
        pytest.param('{"id_token":{"auth_time":{"essential":true}}}', Requested(auth_time=True), id="when the user signed in"),
        pytest.param('{"id_token":{"auth_time":null}}', Requested(), id="a wish to know when"),
        pytest.param('{"id_token":{"acr":{"value":"H"}}}'.replace("H", HIGH), Requested(acr_values=(HIGH,)), id="a wish how"),
        pytest.param(
            '{"id_token":{"acr":{"essential":true,"values":["H","x"]}}}'.replace("H", HIGH),
            Requested(acr_values=(HIGH, "x"), acr_essential=True),
            id="std AZ-21: it must be one of these ways",
        ),
        pytest.param('{"id_token":{"acr":{"essential":true}}}', Requested(), id="it must be some way, which it always is"),
        pytest.param('{"id_token":{"sub":{"value":"005x"}}}', Requested(subject="005x"), id="it must be about somebody"),
        pytest.param('{"userinfo":{"sub":{"value":"005x"}}}', Requested(subject="005x"), id="wherever that is said"),
        pytest.param(
            '{"userinfo":{"sub":{"value":"a"}},"id_token":{"sub":{"value":"b"}}}', Requested(subject=""), id="two who differ are nobody"
        ),
        pytest.param('{"id_token":{"sub":{"value":7}}}', Requested(subject=""), id="no user is a number"),
    ],
)
def test_std_AZ_24_the_parameter_says_what_it_asks_for(text: str, requested: Requested) -> None:
    assert parse(text) == requested


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("email name", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"userinfo":', id="half of it"),
        pytest.param('{"userinfo":{"email":null,"email":null}}', id="a name twice"),
        pytest.param('{"userinfo":[]}', id="a place that is a list"),
        pytest.param('{"userinfo":{"email":true}}', id="a known claim that is no object"),
        pytest.param('{"userinfo":{"email":{"essential":"yes"}}}', id="essential as a text"),
        pytest.param('{"id_token":{"acr":{"values":"x"}}}', id="values that are no list"),
        pytest.param('{"id_token":{"acr":{"values":[' + ",".join(['"x"'] * 21) + "]}}}", id="more values than anybody means"),
        pytest.param('{"id_token":{"acr":' + '{"value":' * 8 + "1" + "}" * 8 + "}}", id="too deep"),
        pytest.param('{"a":"' + "a" * LONGEST + '"}', id="too long"),
        pytest.param('{"a":"\ud800"}', id="half a character"),
    ],
)
def test_std_AZ_24_what_does_not_have_its_form_is_malformed(text: str) -> None:
    assert parse(text) is None


@given(
    st.text(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.integers(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)).map(str)
)
def test_whatever_is_sent_is_read_or_malformed(text: str) -> None:
    found = parse(text)
    assert found is None or set(found.userinfo + found.id_token) <= claims_parameter.ASKABLE
