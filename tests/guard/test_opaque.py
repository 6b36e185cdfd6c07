"""Opaque tokens: the server is asked, for many requests at once, and remembered for seconds."""

import threading
import time

import httpx
import pytest
from tests.guard.issuer import APP, USER, Guarded, Issuer

from gatebridge_guard import Level, Token
from gatebridge_guard import introspection as introspection_module

DEAD = (401, "invalid_token")
AWAY = (503, "temporarily_unavailable")
INTROSPECT = "/services/oauth2/introspect"


def test_a_token_is_what_the_server_says_it_is(issuer: Issuer, guarded: Guarded) -> None:
    token = guarded.check(issuer.opaque(acr="urn:gatebridge:level:standard", auth_time=int(issuer.now)), scopes="orders")
    assert isinstance(token, Token)
    assert (token.user_id, token.client_id, token.username, token.level) == (USER, APP, "ada", Level.STANDARD)
    assert issuer.forms[-1]["scope_needed"] == "orders", "so that the server can tell which scopes are made use of"


def test_the_identity_url_as_subject_names_the_same_user(issuer: Issuer, guarded: Guarded) -> None:
    said = guarded.check(issuer.opaque(sub=f"https://id.example/id/00D000000000001AAA/{USER}", token_type="access_token"))
    assert isinstance(said, Token)
    assert said.user_id == USER


WRONG = [
    {"active": False},
    {"active": "true"},
    {"active": 1},
    {"active": None},
    {"token_type": "refresh_token"},
    {"token_type": "N_A"},
    {"token_type": ...},
    {"iss": "https://evil.example"},
    {"aud": "https://billing.example"},
    {"aud": ...},
    {"exp": 1},
    {"exp": ...},
    {"sub": ...},
    {"client_id": 7},
    {"jti": ...},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_X_MX_05_X_MX_06_std_IN_02_what_is_not_a_live_access_token_for_this_api_is_none(
    issuer: Issuer, guarded: Guarded, wrong: dict[str, object]
) -> None:
    token = issuer.opaque()
    issuer.said[token] = {name: value for name, value in (issuer.said[token] | wrong).items() if value is not ...}
    assert guarded.refusal(token) == DEAD


@pytest.mark.parametrize(
    "text", ["x", "gba_", "gba_00D000000000001_", "gbr_abc", "a.b", "00D000000000001!AR", "gba_00D000000000001_" + "x" * 9000]
)
def test_what_the_server_could_not_have_made_is_not_asked_about(issuer: Issuer, guarded: Guarded, text: str) -> None:
    assert guarded.refusal(text) == DEAD
    assert issuer.count("introspect") == 0


def test_std_IN_06_the_answer_is_remembered_for_five_seconds(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    for seconds, asked in ((0, 1), (2, 1), (2.9, 1), (0.2, 2)):
        guarded.pass_time(seconds)
        assert guarded.lets_in(token)
        assert issuer.count("introspect") == asked


def test_X_MX_06_what_is_remembered_is_held_against_each_need_anew(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    assert guarded.lets_in(token, scopes="orders")
    assert guarded.refusal(token, scopes="web") == (403, "insufficient_scope")
    assert guarded.refusal(token, level="high") == (401, "insufficient_user_authentication")
    assert guarded.lets_in(token)
    assert issuer.count("introspect") == 1


def test_that_a_token_is_dead_is_remembered_too(issuer: Issuer, guarded: Guarded) -> None:
    for _ in range(5):
        assert guarded.refusal("gba_00D000000000001_Dead") == DEAD
    assert issuer.count("introspect") == 1


@pytest.mark.parametrize(
    "ending", [{"jti": "One"}, {"sub": USER}, {"app": "0H4", "client_id": APP}, {}, {"grant": "g", "client_id": APP, "sub": USER}]
)
def test_what_is_remembered_dies_with_the_feed(issuer: Issuer, guarded: Guarded, ending: dict[str, str]) -> None:
    token = issuer.opaque()
    assert guarded.lets_in(token)
    issuer.end(**ending)
    issuer.said[token] = {"active": False}
    guarded.guard.poll()
    assert guarded.refusal(token) == DEAD


def test_what_was_ended_of_others_is_not_forgotten_for(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    guarded.lets_in(token)
    issuer.end(sub="somebody else")
    guarded.guard.poll()
    assert guarded.lets_in(token)
    assert issuer.count("introspect") == 1


def test_without_the_feed_nothing_is_remembered_and_the_server_is_asked_each_time(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    issuer.now += 6
    assert guarded.lets_in(token)
    assert guarded.lets_in(token)
    assert issuer.count("introspect") == 2


def test_X_RL_07_a_server_that_is_away_lets_nobody_in(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    issuer.away = {INTROSPECT}
    assert guarded.refusal(token) == AWAY
    asked = issuer.count("introspect")
    assert guarded.refusal(issuer.opaque("Two")) == AWAY
    assert issuer.count("introspect") == asked, "for a moment nobody tries again"
    issuer.away.clear()
    issuer.now += 0.6
    assert guarded.lets_in(token)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_answer_that_is_none_is_no_word_about_the_token(issuer: Issuer, guarded: Guarded, status: int) -> None:
    issuer.answers[INTROSPECT] = lambda: httpx.Response(status, json={"active": True})
    assert guarded.refusal(issuer.opaque()) == AWAY


def test_an_answer_that_runs_out_while_it_is_remembered_is_not_used(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque(exp=int(issuer.now) + 2)
    assert guarded.lets_in(token)
    guarded.pass_time(2)
    assert guarded.refusal(token) == DEAD


def test_X_MX_06_what_one_audience_was_told_is_not_told_to_another(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    with issuer.guarded(audience="https://billing.example") as other:
        assert (guarded.lets_in(token), other.lets_in(token), guarded.lets_in(token)) == (True, False, True)
    first, second = (each.guard._assembled().introspection._question(token, None) for each in (guarded, other))
    assert (first.digest, first.client_id) == (second.digest, second.client_id)
    assert first != second, "the key of what is remembered holds token, caller and audience"


def test_X_RL_15_what_is_remembered_is_bounded(issuer: Issuer, guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introspection_module, "MOST_REMEMBERED", 3)
    for number in range(10):
        guarded.lets_in(issuer.opaque(f"T{number}"))
    assert len(guarded.guard._assembled().introspection._remembered) == 3
    assert guarded.guard._assembled().introspection._asking == {}


def test_many_who_ask_about_one_token_ask_once(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.opaque()
    said = issuer.said[token]

    def slowly() -> httpx.Response:
        time.sleep(0.1)
        return httpx.Response(200, json=said)

    issuer.answers[INTROSPECT] = slowly
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(guarded.lets_in(token))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20
    assert issuer.count("introspect") == 1


def test_X_IP_04_where_the_org_wants_it_the_server_is_told_from_where_a_token_is_used(issuer: Issuer) -> None:
    with issuer.guarded(tell_addresses=True) as guarded:
        opaque, signed = issuer.opaque(), issuer.jwt()
        issuer.said[signed] = issuer.said[opaque]
        for token in (opaque, signed):
            assert guarded.lets_in(token, address="192.0.2.10")
            assert issuer.forms[-1]["client_address"] == "192.0.2.10"
            before = issuer.count("introspect")
            assert guarded.lets_in(token, address="192.0.2.10")
            assert guarded.lets_in(token, address="192.0.2.11"), "another address is another question"
            assert issuer.count("introspect") == before + 1


@pytest.mark.parametrize("address", [None, "", "unknown", "192.0.2.10:443", "192.0.2.010", "testclient"])
def test_X_IP_02_where_addresses_count_a_use_from_nowhere_is_refused(issuer: Issuer, address: str | None) -> None:
    with issuer.guarded(tell_addresses=True) as guarded:
        assert guarded.refusal(issuer.opaque(), address=address) == DEAD
        assert issuer.count("introspect") == 0


def test_an_address_is_told_to_nobody_who_did_not_ask(issuer: Issuer, guarded: Guarded) -> None:
    guarded.lets_in(issuer.opaque(), address="192.0.2.10")
    assert "client_address" not in issuer.forms[-1]
