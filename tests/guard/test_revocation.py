"""What was ended is refused: at once where the server was heard, and never later than five seconds after it."""

import httpx
import pytest
from tests.guard.issuer import APP, USER, Guarded, Issuer

from gatebridge_guard import Refusal
from gatebridge_guard import feed as feed_module

DEAD = (401, "invalid_token")
AWAY = (503, "temporarily_unavailable")
REVOCATIONS = "/services/oauth2/revocations"
INTROSPECT = "/services/oauth2/introspect"
JTI = "0Ya000000000001AAA"


def test_a_token_about_which_nothing_was_ended_asks_nobody(issuer: Issuer, guarded: Guarded) -> None:
    before = len(issuer.asked)
    assert all(guarded.lets_in(issuer.jwt()) for _ in range(10))
    assert len(issuer.asked) == before


ENDINGS = {
    "the token": {"jti": JTI, "grant": "0GR", "app": "0H4", "client_id": APP, "sub": USER},
    "everything of its user and app": {"app": "0H4", "client_id": APP, "sub": USER},
    "everything of its app": {"app": "0H4", "client_id": APP},
    "everything of its user": {"sub": USER},
    "everything of the org": {},
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_X_RV_01_what_was_ended_is_dead_as_soon_as_the_server_was_heard(issuer: Issuer, guarded: Guarded, ending: str) -> None:
    token = issuer.jwt()
    issuer.now += 5
    issuer.end(**ENDINGS[ending])
    guarded.guard.poll()
    assert guarded.refusal(token) == DEAD
    assert issuer.count("introspect") == 0, "this needs no question"
    guarded.pass_time(62)
    assert guarded.lets_in(issuer.jwt(jti="another")), "what was issued later lives"


OTHERS = {
    "another token": {"jti": "another", "app": "0H4", "client_id": APP, "sub": USER},
    "another user of the app": {"app": "0H4", "client_id": APP, "sub": "005000000000002AAA"},
    "another app": {"app": "0H4", "client_id": "gbk_Other"},
    "the same user in another app": {"app": "0H4", "client_id": "gbk_Other", "sub": USER},
    "another user": {"sub": "005000000000002AAA"},
    "a grant of another app": {"grant": "0GR", "app": "0H4", "client_id": "gbk_Other", "sub": USER},
}


@pytest.mark.parametrize("ending", OTHERS)
def test_what_was_ended_of_others_changes_nothing(issuer: Issuer, guarded: Guarded, ending: str) -> None:
    token = issuer.jwt()
    issuer.now += 5
    issuer.end(**OTHERS[ending])
    guarded.guard.poll()
    assert guarded.lets_in(token)
    assert issuer.count("introspect") == 0


def alive(issuer: Issuer, token: str) -> None:
    issuer.said[token] = {"active": True, "token_type": "Bearer", **issuer.claims()}


@pytest.mark.parametrize("issued_later", [0, 1, 60])
def test_about_what_was_issued_near_an_ending_the_server_is_asked_once(issuer: Issuer, guarded: Guarded, issued_later: int) -> None:
    issuer.end(sub=USER)
    guarded.guard.poll()
    guarded.pass_time(issued_later)
    good, bad = issuer.jwt(jti="good"), issuer.jwt(jti="bad")
    alive(issuer, good)
    issuer.said[good]["jti"] = "good"
    assert [guarded.lets_in(token) for token in (good, bad)] == [True, False]
    guarded.pass_time(60)
    before = issuer.count("introspect")
    assert guarded.lets_in(good)
    assert issuer.count("introspect") == before, "it was vouched for, and nothing was ended since"


def test_of_which_grant_a_token_is_it_does_not_say_so_the_server_is_asked(issuer: Issuer, guarded: Guarded) -> None:
    mine, other = issuer.jwt(jti="mine"), issuer.jwt(jti="other")
    alive(issuer, other)
    issuer.said[other]["jti"] = "other"
    issuer.now += 5
    issuer.end(grant="0GR", app="0H4", client_id=APP, sub=USER)
    guarded.guard.poll()
    assert [guarded.lets_in(token) for token in (mine, other)] == [False, True]


def test_about_tokens_from_before_it_listened_the_server_is_asked_once_each(issuer: Issuer) -> None:
    old = issuer.jwt()
    alive(issuer, old)
    with issuer.guarded() as guarded:
        guarded.pass_time(1)
        assert guarded.lets_in(old)
        guarded.pass_time(10)
        assert guarded.lets_in(old)
        assert issuer.count("introspect") == 1
        assert issuer.forms[0]["after"] == "newest", "no history is needed to begin with"


def test_an_app_whose_key_is_not_told_puts_everybody_in_doubt(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.jwt()
    issuer.end(app="0H4")
    guarded.guard.poll()
    assert guarded.refusal(token) == DEAD
    alive(issuer, token)
    issuer.now += 6
    guarded.guard.poll()
    assert guarded.lets_in(token)


# --- Staleness -----------------------------------------------------------------------------------------------------------


def test_std_AT_03_X_RV_05_without_word_from_the_server_nothing_is_believed_after_five_seconds(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.jwt()
    issuer.now += 4.9
    assert guarded.lets_in(token)
    issuer.now += 0.2
    assert guarded.refusal(token) == AWAY
    refused = guarded.check(token)
    assert isinstance(refused, Refusal)
    assert ("Retry-After", "1") in refused.headers
    assert refused.challenge is None
    guarded.guard.poll()
    assert guarded.lets_in(token), "the server is heard again"


def test_a_forged_token_is_no_token_also_while_the_server_is_away(issuer: Issuer, guarded: Guarded) -> None:
    issuer.now += 6
    assert guarded.refusal(issuer.jwt(iss="https://evil.example")) == DEAD


def test_before_the_server_was_heard_at_all_nothing_is_let_in(issuer: Issuer) -> None:
    issuer.away = {REVOCATIONS}
    with pytest.raises(Exception, match="cannot be reached"), issuer.guarded():
        pass


def test_what_is_fresh_counts_from_when_the_question_left(issuer: Issuer, guarded: Guarded) -> None:
    def slowly() -> httpx.Response:
        issuer.now += 4
        return httpx.Response(200, json={"cursor": "0", "now": int(issuer.now), "more": False, "revocations": []})

    issuer.answers[REVOCATIONS] = slowly
    guarded.guard.poll()
    issuer.now += 1.1
    assert guarded.refusal(issuer.jwt()) == AWAY


def test_a_long_list_is_fresh_only_when_it_was_read_to_its_end(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.jwt()
    issuer.now += 5
    for number in range(4):
        issuer.end(sub=f"user {number}")
    issuer.end(sub=USER)
    issuer.now += 5
    guarded.guard.poll()  # three of five
    assert guarded.refusal(token) == AWAY
    guarded.guard.poll()
    assert guarded.refusal(token) == DEAD


BROKEN = [
    httpx.Response(200, json={"cursor": "0", "revocations": []}),
    httpx.Response(200, json={"cursor": "x", "now": 1, "more": False, "revocations": []}),
    httpx.Response(200, json={"cursor": "0", "now": 1, "more": False, "revocations": ["x"]}),
    httpx.Response(200, text="<html>"),
    httpx.Response(200, text="[]"),
    httpx.Response(200, text='{"cursor": "1", "cursor": "2"}'),
    httpx.Response(302, headers={"Location": "https://evil.example/"}),
    httpx.Response(401, json={"error": "invalid_client"}),
    httpx.Response(503),
    httpx.Response(200, content=b"x" * (5 * 1024 * 1024)),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda answer: f"{answer.status_code} {answer.text[:30]}")
def test_an_answer_that_cannot_be_read_is_no_word_from_the_server(issuer: Issuer, guarded: Guarded, broken: httpx.Response) -> None:
    issuer.answers[REVOCATIONS] = lambda: broken
    issuer.now += 4
    with pytest.raises(Exception, match=r"cannot be read|answers"):
        guarded.guard.poll()
    issuer.now += 2
    assert guarded.refusal(issuer.jwt()) == AWAY
    assert not any("evil" in asked for asked in issuer.asked)


def test_X_RL_07_a_server_that_was_set_back_to_an_older_state_is_followed_from_there(issuer: Issuer, guarded: Guarded) -> None:
    for _ in range(2):
        issuer.end(sub="somebody")
    guarded.guard.poll()
    token = issuer.jwt()
    issuer.entries.clear()  # the backup is from before them
    guarded.pass_time(1)
    issuer.end(sub=USER)
    guarded.pass_time(1)
    assert guarded.refusal(token) == DEAD


def test_what_no_living_token_can_be_from_before_is_forgotten(issuer: Issuer, guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        issuer.end(jti=f"token {number}")
    issuer.end(sub="somebody")
    issuer.end(grant="0GR", app="0H4", client_id=APP, sub="somebody")
    for _ in range(3):
        guarded.guard.poll()
    parts = guarded.guard._assembled()
    assert (len(parts.feed._tokens), len(parts.feed._ended), len(parts.feed._grants)) == (3, 1, 1)
    guarded.pass_time(13 * 3600)
    assert (len(parts.feed._tokens), len(parts.feed._ended), len(parts.feed._grants)) == (0, 0, 0)


def test_X_RL_15_more_endings_than_are_remembered_put_older_tokens_in_doubt(
    issuer: Issuer, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MOST_ENTRIES", 2)
    token = issuer.jwt()
    issuer.now += 5
    for user in ("a", "b", USER):
        issuer.end(sub=user)
    guarded.guard.poll()
    guarded.guard.poll()
    assert len(guarded.guard._assembled().feed._ended) == 0
    assert guarded.refusal(token) == DEAD
    assert issuer.count("introspect") == 1, "the server knows what was forgotten here"


def test_when_everything_of_the_org_was_ended_its_keys_are_fetched_anew(issuer: Issuer, guarded: Guarded) -> None:
    before = issuer.count("/id/keys")
    issuer.end(sub=USER)
    guarded.guard.poll()
    assert issuer.count("/id/keys") == before
    issuer.end()
    guarded.guard.poll()
    guarded.guard.poll()
    assert issuer.count("/id/keys") == before + 1
