"""Logout tokens: what they say, what they cannot be taken for, and what comes of an app's answer."""

import pytest
from tests.oauth.flows.visits import Asking, enrol
from tests.oauth.leaving import OUT, Post, Visit, carry, decoded, listener, visit, waiting
from tests.oauth.tenants import Tenant

from gatebridge.crypto import signing
from gatebridge.delivery.courier import MOST_ATTEMPTS, Round
from gatebridge.delivery.fetching import NoAnswer, NotAllowed
from gatebridge.oauth.formats import logout_token
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.outbound import Reach
from gatebridge.storage import facts


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return listener(acme)


@pytest.fixture
def ben(app: Asking) -> Visit:
    """A user who has signed in to the app."""
    return visit(app)


def last_line(acme: Tenant) -> tuple[str, str, str | None, int, str, str | None]:
    line = acme.history()[-1]
    return line.event, line.outcome, line.reason, line.status, line.app_id, line.user_id


def test_std_BC_02_a_no_is_believed_at_once_and_stands_in_the_history(ben: Visit) -> None:
    acme = ben.app.acme
    ben.leave()
    assert carry(acme, Post(status=400)) == Round(sent=1)
    assert waiting(acme) == []
    assert last_line(acme) == ("backchannel_logout", "refused", "logout_refused", 400, ben.app.portal.app.id, ben.user.id)
    assert acme.history()[-1].receipt["request"] == {"to": "portal.example", "words": "The app answered 400."}


@pytest.mark.parametrize("status", [200, 204])
def test_std_BC_02_a_yes_leaves_no_line(ben: Visit, status: int) -> None:
    ben.leave()
    lines = len(ben.app.acme.history())
    assert carry(ben.app.acme, Post(status=status)) == Round(sent=1)
    assert len(ben.app.acme.history()) == lines


def test_std_BC_02_X_SS_03_what_is_neither_is_tried_again_with_another_token(ben: Visit) -> None:
    acme, post = ben.app.acme, Post()
    ben.leave()
    for status in (302, 404, 500):
        post.status = status
        assert carry(acme, post) == Round(failed=1)
        acme.standing.clock.advance(hours=1)
    post.status = 200
    assert carry(acme, post) == Round(sent=1)
    jtis = [decoded(acme, token).claims["jti"] for token in post.tokens]
    assert len(set(jtis)) == 4, "each token is used once (X-SE-11)"


def test_std_BC_02_an_app_that_is_away_is_given_up_in_the_end_and_the_history_tells(ben: Visit) -> None:
    acme = ben.app.acme
    ben.leave()
    rounds = []
    for _ in range(MOST_ATTEMPTS):
        rounds.append(carry(acme, Post(fails=NoAnswer("portal.example did not answer within 3 seconds"))))
        acme.standing.clock.advance(hours=1)
    assert rounds == [Round(failed=1)] * (MOST_ATTEMPTS - 1) + [Round(given_up=1)]
    assert last_line(acme) == ("backchannel_logout", "refused", "logout_undelivered", 503, ben.app.portal.app.id, ben.user.id)
    assert carry(acme, Post()) == Round()


def test_X_SS_05_an_address_that_nothing_is_sent_to_is_told_at_once(ben: Visit) -> None:
    ben.leave()
    assert carry(ben.app.acme, Post(fails=NotAllowed("10.0.0.1 is in a private network"))) == Round(sent=1)
    assert last_line(ben.app.acme)[2] == "logout_undelivered"


def test_an_app_that_listens_no_more_when_it_is_sent_is_left_alone(ben: Visit) -> None:
    post = Post()
    ben.leave()
    ben.app.portal.settings(backchannel_logout_uri="")
    assert carry(ben.app.acme, post) == Round(sent=1)
    assert post.sent == []


def test_std_BC_01_the_token_is_typed_short_and_cannot_be_taken_for_another(ben: Visit) -> None:
    acme, post = ben.app.acme, Post()
    ben.leave()
    acme.standing.clock.advance(hours=3)  # it has waited, and is fresh all the same
    carry(acme, post)
    ((uri, form, way),) = post.sent
    assert (uri, list(form)) == (OUT, ["logout_token"])
    assert way.reach == Reach()
    token = decoded(acme, form["logout_token"])
    now = int(acme.standing.clock.now.timestamp())
    assert token.header["typ"] == "logout+jwt"
    jti = token.claims.pop("jti")
    assert token.claims == {
        "iss": acme.org.issuer,
        "aud": ben.app.portal.app.consumer_key,
        "sub": long(ben.user.id),
        "sid": ben.claims["sid"],
        "iat": now,
        "exp": now + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    assert len(jti) == 22


def test_X_SE_11_a_logout_token_is_no_other_token_and_no_other_token_is_one(ben: Visit) -> None:
    acme, post = ben.app.acme, Post()
    visit(ben.app, ben.user, ben.browser)
    other = visit(ben.app, enrol(acme, "zoe"))
    ben.leave()
    carry(acme, post)
    (token,) = post.tokens
    # As a hint, as an access token, as a client's or a grant's assertion.
    assert other.leave(id_token_hint=token).status == 400
    assert not ben.app.portal.live(token)
    assert acme.door.get(f"{acme.org.issuer}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    bearer = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token}
    assert ben.app.portal.app.ask(bearer).status_code in (400, 401)
    assert other.signed_in
    # An app that checks the type takes no ID token for a logout token.
    with acme.standing.database.snapshot() as tx:
        keys = facts.FactsReader(tx).verifying_keys(acme.org)
    taken = frozenset({logout_token.TYP})
    assert signing.verify(token, keys, algs=frozenset({"ES256"}), typ=taken)
    with pytest.raises(signing.BadToken):
        signing.verify(ben.id_token, keys, algs=frozenset({"ES256"}), typ=taken)


def test_in_salesforces_dialect_the_user_is_named_as_in_the_id_token(acme: Tenant) -> None:
    theirs, post = visit(listener(acme, dialect=Dialect.SALESFORCE)), Post()
    theirs.leave()
    carry(acme, post)
    assert decoded(acme, post.tokens[0]).claims["sub"] == theirs.claims["sub"]


def test_the_token_is_signed_as_the_apps_id_tokens_are(acme: Tenant) -> None:
    acme.add_rs256()
    theirs, post = visit(listener(acme, signing_algorithm="RS256")), Post()
    theirs.leave()
    carry(acme, post)
    assert decoded(acme, post.tokens[0]).header["alg"] == "RS256"
