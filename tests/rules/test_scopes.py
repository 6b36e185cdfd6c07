"""Scopes: the grammar, what implies what, and how a request narrows what an app has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import scopes
from gatebridge.rules.scopes import CATALOGUE, LONGEST, MOST_NAMED, Narrowed

CUSTOM = frozenset({"invoices", "Orders.read"})
token = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1, max_size=8)
known = st.sampled_from([*CATALOGUE, *sorted(CUSTOM)])
some = st.lists(known, max_size=6).map(tuple)


def test_the_catalogue_is_the_whole_of_salesforces_by_wire_name_and_our_own_one() -> None:
    # fmt: off
    assert set(CATALOGUE) == {
        "setup_api", "full", "api", "web", "refresh_token", "offline_access", "openid", "id", "profile", "email", "address",
        "phone", "custom_permissions", "chatter_api", "visualforce", "content", "lightning", "wave_api", "eclair_api", "pardot_api",
        "chatbot_api", "interaction_api", "scrt_api", "sfap_api", "einstein_gpt_api", "mcp_api", "cdp_api", "cdp_ingest_api",
        "cdp_query_api", "cdp_profile_api", "cdp_segment_api", "cdp_identityresolution_api", "cdp_calculated_insight_api",
        "user_registration_api", "forgot_password", "pwdless_login_api",
    }
    # fmt: on


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_scope_has_a_name_a_sentence_and_a_weight_for_the_consent_page(name: str) -> None:
    scope = CATALOGUE[name]
    assert scope.name == name
    assert scopes.parse(name) == (name,)
    assert scope.sentence[0].isupper()
    assert not scope.sentence.endswith(".")
    assert scope.weight in {1, 2, 3}


def test_the_weight_tells_what_says_who_one_is_and_what_gives_everything_away() -> None:
    weights = {weight: " ".join(name for name in CATALOGUE if CATALOGUE[name].weight == weight) for weight in (1, 3)}
    assert weights == {
        1: "openid id profile email address phone custom_permissions eclair_api",
        3: "setup_api full refresh_token offline_access web user_registration_api forgot_password pwdless_login_api",
    }


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param("api", ("api",), id="one scope"),
        pytest.param("web full refresh_token", ("web", "full", "refresh_token"), id="several, in the order sent"),
        pytest.param("api web api", ("api", "web"), id="a repeated one counts once"),
        pytest.param("API api", ("API", "api"), id="case matters"),
        pytest.param("urn:x:y#z,w", ("urn:x:y#z,w",), id="any printable character but two belongs to a scope"),
        pytest.param("", None, id="nothing is no list"),
        pytest.param(" ", None, id="a blank is no list"),
        pytest.param(" api", None, id="a leading blank is malformed"),
        pytest.param("api ", None, id="a trailing blank is malformed"),
        pytest.param("api  web", None, id="two blanks are malformed"),
        pytest.param("api\tweb", None, id="a tab is malformed"),
        pytest.param("api\n", None, id="a line break is malformed"),
        pytest.param('api"', None, id="a quotation mark is malformed"),
        pytest.param("a\\pi", None, id="a backslash is malformed"),
        pytest.param("apí", None, id="a letter beyond ASCII is malformed"),
        pytest.param("api\x7f", None, id="a control character is malformed"),
        pytest.param(" ".join(["api"] * MOST_NAMED), ("api",), id="as many names as anybody could mean"),
        pytest.param(" ".join(["api"] * (MOST_NAMED + 1)), None, id="one more is no list"),
        pytest.param("a" * LONGEST, ("a" * LONGEST,), id="as long as anybody could mean"),
        pytest.param("a" * (LONGEST + 1), None, id="one character more is no list"),
    ],
)
def test_the_scope_parameter_keeps_to_its_grammar(text: str, parsed: tuple[str, ...] | None) -> None:
    assert scopes.parse(text) == parsed


@given(st.lists(token, min_size=1, max_size=8))
def test_what_is_rendered_parses_back_to_the_same_set(names: list[str]) -> None:
    parsed = scopes.parse(scopes.render(names))
    assert parsed is not None
    assert set(parsed) == set(names)
    assert scopes.render(reversed(parsed)) == scopes.render(names)


def test_scopes_are_rendered_in_the_order_of_the_catalogue_then_custom_by_name() -> None:
    assert scopes.render(["zebra", "api", "apple", "full", "openid", "api"]) == "full api openid apple zebra"


@pytest.mark.parametrize(
    ("held", "needed", "covered"),
    [
        pytest.param(("api",), "api", True, id="a scope covers itself"),
        pytest.param(("api",), "chatter_api", True, id="api covers chatter_api"),
        pytest.param(("chatter_api",), "api", False, id="chatter_api does not cover api"),
        pytest.param(("api",), "web", False, id="api does not cover web"),
        pytest.param(("api",), "setup_api", False, id="api does not cover setup_api"),
        pytest.param(("web",), "visualforce", True, id="web covers visualforce"),
        pytest.param(("visualforce",), "web", False, id="visualforce does not cover web"),
        pytest.param(("refresh_token",), "offline_access", True, id="refresh_token is offline_access"),
        pytest.param(("offline_access",), "refresh_token", True, id="offline_access is refresh_token"),
        pytest.param(("id",), "email", True, id="id covers email"),
        pytest.param(("id",), "openid", False, id="id does not cover openid"),
        pytest.param(("profile", "email", "address"), "id", False, id="three parts of id are not id"),
        pytest.param(("profile", "email", "address", "phone"), "id", True, id="the four parts of id are id"),
        pytest.param(("full",), "api", True, id="full covers api"),
        pytest.param(("full",), "openid", True, id="full covers openid"),
        pytest.param(("full",), "invoices", True, id="full covers the org's custom scopes"),
        pytest.param(("full",), "strange", False, id="full does not cover what the org does not know"),
        pytest.param(("full",), "refresh_token", False, id="full does not cover refresh_token"),
        pytest.param(("full",), "offline_access", False, id="full does not cover offline_access"),
        pytest.param(("full",), "setup_api", False, id="full does not cover setup_api"),
        pytest.param(("setup_api",), "api", False, id="setup_api covers nothing else"),
        pytest.param((), "openid", False, id="nothing covers nothing"),
    ],
)
def test_what_covers_what(held: tuple[str, ...], needed: str, covered: bool) -> None:
    assert scopes.covers(held, needed, CUSTOM) is covered


def test_full_covers_every_scope_but_the_three_that_must_be_held() -> None:
    assert scopes.implied(["full"], CUSTOM) == (CATALOGUE.keys() | CUSTOM) - {"refresh_token", "offline_access", "setup_api"}


def test_a_custom_scope_with_the_name_of_setup_api_would_still_be_implied_by_nothing() -> None:
    assert not scopes.covers(["full"], "setup_api", frozenset({"setup_api"}))


@given(some)
def test_implication_includes_what_is_held_and_is_complete_after_one_step(held: tuple[str, ...]) -> None:
    once = scopes.implied(held, CUSTOM)
    assert once >= set(held)
    assert scopes.implied(once, CUSTOM) == once


@given(some)
def test_setup_api_is_had_only_by_being_held(held: tuple[str, ...]) -> None:
    assert scopes.covers(held, "setup_api", CUSTOM) == ("setup_api" in held)


@given(some, some)
def test_more_scopes_never_cover_less(held: tuple[str, ...], more: tuple[str, ...]) -> None:
    assert scopes.implied(held, CUSTOM) <= scopes.implied(held + more, CUSTOM)


@pytest.mark.parametrize(
    ("app", "asked", "narrowed"),
    [
        pytest.param(("api", "openid"), None, Narrowed(("api", "openid"), (), ()), id="asking for nothing gives all of the app's"),
        pytest.param(("openid", "api"), None, Narrowed(("api", "openid"), (), ()), id="in the order of the catalogue"),
        pytest.param((), None, Narrowed((), (), ()), id="an app without scopes gives none"),
        pytest.param(("api", "openid"), ("openid",), Narrowed(("openid",), (), ()), id="asking for one gives that one"),
        pytest.param(("api",), ("api", "api"), Narrowed(("api",), (), ()), id="asking twice gives once"),
        pytest.param(("full",), ("api",), Narrowed(("api",), (), ()), id="what the app's scopes imply is granted as asked"),
        pytest.param(("full",), ("invoices",), Narrowed(("invoices",), (), ()), id="also a custom scope that full implies"),
        pytest.param(("refresh_token",), ("offline_access",), Narrowed(("offline_access",), (), ()), id="also under the other name"),
        pytest.param(("full",), ("refresh_token",), Narrowed((), (), ("refresh_token",)), id="full does not bring refresh_token"),
        pytest.param(("full", "api"), ("setup_api",), Narrowed((), (), ("setup_api",)), id="nothing brings setup_api"),
        pytest.param(("api",), ("web",), Narrowed((), (), ("web",)), id="a scope that the app lacks is unassigned"),
        pytest.param(("api",), ("invoices",), Narrowed((), (), ("invoices",)), id="a custom scope that the app lacks is unassigned"),
        pytest.param(("api",), ("API",), Narrowed((), ("API",), ()), id="a scope in another case is unknown"),
        pytest.param(("full",), ("strange",), Narrowed((), ("strange",), ()), id="a scope that the org lacks is unknown, also with full"),
        pytest.param(
            ("api", "openid"),
            ("zzz", "web", "openid", "aaa", "full", "zzz"),
            Narrowed(("openid",), ("zzz", "aaa"), ("web", "full")),
            id="what is granted, unknown and unassigned is told apart, each once, in the order asked",
        ),
    ],
)
def test_a_request_narrows_what_the_app_has(app: tuple[str, ...], asked: tuple[str, ...] | None, narrowed: Narrowed) -> None:
    assert scopes.narrow(app, asked, CUSTOM) == narrowed


@given(some, st.lists(st.one_of(known, token), max_size=6).map(tuple))
def test_every_scope_asked_is_either_covered_by_the_app_or_named_as_not(app: tuple[str, ...], asked: tuple[str, ...]) -> None:
    narrowed = scopes.narrow(app, asked, CUSTOM)
    assert all(scopes.covers(app, name, CUSTOM) for name in narrowed.granted)
    assert not any(scopes.covers(app, name, CUSTOM) for name in narrowed.unknown + narrowed.unassigned)
    assert sorted(narrowed.granted + narrowed.unknown + narrowed.unassigned) == sorted(set(asked))


@pytest.mark.parametrize(
    ("given_scopes", "left"),
    [
        pytest.param(("api", "full", "web", "refresh_token", "offline_access", "id"), ("api", "id"), id="the four that need a user go"),
        pytest.param(("openid", "setup_api", "invoices"), ("openid", "setup_api", "invoices"), id="all others stay, in their order"),
        pytest.param(("full",), (), id="nothing may be left"),
    ],
)
def test_a_client_that_acts_for_itself_has_no_scopes_of_a_user(given_scopes: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert scopes.without_user(given_scopes) == left


@pytest.mark.parametrize(
    ("granted", "app", "left"),
    [
        pytest.param(("api", "openid"), ("api", "openid", "web"), ("api", "openid"), id="a scope added to the app is not gained"),
        pytest.param(("api", "openid"), ("openid",), ("openid",), id="a scope withdrawn from the app is lost"),
        pytest.param(("api",), ("full",), ("api",), id="a scope that the app still implies is kept under its name"),
        pytest.param(("refresh_token",), ("offline_access",), ("refresh_token",), id="also when the app now uses the other name"),
        pytest.param(("full",), ("api", "openid"), ("api", "openid"), id="full leaves what the app still has of it"),
        pytest.param(("full",), ("invoices",), ("invoices",), id="also the custom scopes"),
        pytest.param(("full",), ("api", "refresh_token", "setup_api"), ("api",), id="but not what full never meant"),
        pytest.param(("api",), ("chatter_api",), ("chatter_api",), id="api leaves chatter_api"),
        pytest.param(("id",), ("email",), ("email",), id="id leaves its parts"),
        pytest.param(("api",), (), (), id="an app without scopes leaves nothing"),
    ],
)
def test_a_live_grant_is_narrowed_with_its_app(granted: tuple[str, ...], app: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert scopes.still_held(granted, app, CUSTOM) == left


@given(some, some)
def test_what_is_still_held_was_granted_and_is_still_the_apps(granted: tuple[str, ...], app: tuple[str, ...]) -> None:
    left = scopes.implied(scopes.still_held(granted, app, CUSTOM), CUSTOM)
    assert left <= scopes.implied(granted, CUSTOM)
    assert left <= scopes.implied(app, CUSTOM)


@given(some)
def test_an_app_that_was_not_edited_takes_nothing_from_its_grants(app: tuple[str, ...]) -> None:
    narrowed = scopes.narrow(app, None, CUSTOM)
    assert scopes.still_held(narrowed.granted, app, CUSTOM) == narrowed.granted


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("invoices", None),
        ("Orders.read", None),
        ("two words", "A scope's name is made of printable ASCII characters without blanks, quotation marks and backslashes."),
        ("", "A scope's name is made of printable ASCII characters without blanks, quotation marks and backslashes."),
        ("full", "The scope full is built in; give the custom scope another name."),
    ],
)
def test_a_custom_scope_has_a_name_of_its_own_that_fits_the_grammar(name: str, problem: str | None) -> None:
    assert scopes.custom_name_problem(name) == problem


def test_heavier_scopes_are_those_that_last_or_open_everything() -> None:
    assert [CATALOGUE[name].weight for name in ("openid", "api", "full", "refresh_token", "setup_api")] == [1, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("claims", "covering"),
    [
        ((), ()),
        (("name",), ("profile",)),
        (("email_verified", "zoneinfo", "email"), ("profile", "email")),
        (("address", "phone_number"), ("address", "phone")),
        (("sub", "shoe_size"), ()),
    ],
)
def test_std_UI_04_a_claim_is_covered_by_the_scope_that_makes_it_known(claims: tuple[str, ...], covering: tuple[str, ...]) -> None:
    assert scopes.covering(claims) == covering


@pytest.mark.parametrize(
    ("granted", "exercised", "unused"),
    [
        pytest.param(("api", "web"), ("api",), ("web",), id="what nothing was done with"),
        pytest.param(("api", "web"), ("chatter_api", "visualforce"), (), id="what it implies is a use of it"),
        pytest.param(("full", "setup_api"), ("wave_api",), ("setup_api",), id="of full, anything that it implies"),
        pytest.param(("id",), ("email",), (), id="and of id"),
        pytest.param(("full", "invoices"), ("invoices",), (), id="a custom scope too"),
        pytest.param(("refresh_token", "offline_access", "openid"), (), ("openid",), id="that access lasts is no use"),
    ],
)
def test_X_CO_08_a_scope_is_unused_when_neither_it_nor_what_it_implies_was_used(
    granted: tuple[str, ...], exercised: tuple[str, ...], unused: tuple[str, ...]
) -> None:
    assert scopes.unused(granted, exercised, CUSTOM) == unused
