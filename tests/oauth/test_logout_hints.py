"""ID tokens as hints for signing out, and the name of a session that they carry."""

from dataclasses import replace

import pytest
from tests.oauth.flows.visits import Asking, enrol, sign_in
from tests.oauth.leaving import BYE, SCOPE, Visit, asked, confirmed, listener, refused, visit
from tests.oauth.tenants import Tenant

from gatebridge.crypto import signing
from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.crypto.signing import SigningKey, new_key
from gatebridge.oauth import subjects
from gatebridge.oauth.formats import logout_token
from gatebridge.rules.apps import Dialect
from gatebridge.storage import sessions, signing_keys


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return listener(acme)


@pytest.fixture
def ben(app: Asking) -> Visit:
    """A user who has signed in to the app."""
    return visit(app)


def forged(ben: Visit) -> dict[str, str]:
    """ID tokens of this very session, each with one thing wrong."""
    acme = ben.app.acme
    head, body, signature = ben.id_token.split(".")
    mallory = SigningKey.load("k", "ES256", new_key("ES256", "k")[1])
    with acme.standing.database.snapshot() as tx:
        stored = signing_keys.published(tx, acme.org.id)
        ours = acme.standing.house.keyring.key_for(stored, "ES256", tx.now)
    known_name = replace(mallory, kid=ours.kid)
    claims = ben.claims
    logout = {name: claims[name] for name in ("iss", "sub", "aud", "iat", "exp", "sid")} | {"jti": "x", "events": {logout_token.EVENT: {}}}
    return {
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "changed": f"{head}.{body}.{'A' * len(signature)}",
        "signed by somebody else": signing.sign(mallory, "JWT", claims),
        "signed by somebody else under our name": signing.sign(known_name, "JWT", claims),
        "an access token": signing.sign(ours, "at+jwt", claims),
        "a logout token": signing.sign(ours, "logout+jwt", logout),
        "of another issuer": signing.sign(ours, "JWT", claims | {"iss": "https://elsewhere.example"}),
        "for several": signing.sign(ours, "JWT", claims | {"aud": [claims["aud"], "gbk_other"]}),
        "about nobody": signing.sign(ours, "JWT", {name: claims[name] for name in ("iss", "aud", "sid")}),
        "no token": "x",
    }


def test_std_LO_01_X_RU_13_X_SE_11_a_hint_that_is_none_of_ours_moves_nobody(ben: Visit) -> None:
    for name, hint in forged(ben).items():
        page = refused(ben.leave(id_token_hint=hint, post_logout_redirect_uri=BYE, state="x"), "logout_hint_invalid")
        assert "https://portal.example" not in page.text, name
    assert ben.signed_in
    # The user is offered what the app could not ask for.
    assert confirmed(ben.browser, page).url == f"{ben.app.issuer}/signed-out"
    assert not ben.signed_in


def test_a_hint_without_sid_is_no_proof_of_a_session(ben: Visit) -> None:
    acme = ben.app.acme
    with acme.standing.database.snapshot() as tx:
        ours = acme.standing.house.keyring.key_for(signing_keys.published(tx, acme.org.id), "ES256", tx.now)
    bare = signing.sign(ours, "JWT", {name: value for name, value in ben.claims.items() if name != "sid"})
    assert confirmed(ben.browser, asked(ben.leave(id_token_hint=bare, post_logout_redirect_uri=BYE))).went_to == BYE


def test_std_LO_02_the_hint_of_another_user_or_another_browser_does_not_sign_this_one_out_unasked(ben: Visit, app: Asking) -> None:
    zoe = visit(app, enrol(app.acme, "zoe"))
    elsewhere = visit(app, ben.user)
    for hint in (zoe.id_token, elsewhere.id_token):
        page = asked(ben.leave(id_token_hint=hint, post_logout_redirect_uri=BYE))
        assert ben.signed_in
    assert confirmed(ben.browser, page).went_to == BYE
    assert not ben.signed_in
    assert zoe.signed_in
    assert elsewhere.signed_in


def test_std_LO_02_a_hint_from_before_the_user_signed_in_once_more_is_about_the_same_session(ben: Visit) -> None:
    page = ben.browser.open(ben.app.url(prompt="login", scope=SCOPE))
    ben.app.arrived(sign_in(ben.browser, page, ben.user))
    assert ben.leave(post_logout_redirect_uri=BYE).went_to == BYE
    assert not ben.signed_in


def test_the_subject_of_the_salesforce_dialect_is_a_hint_too(acme: Tenant) -> None:
    theirs = visit(listener(acme, dialect=Dialect.SALESFORCE))
    assert "/id/" in str(theirs.claims["sub"])
    assert theirs.leave(post_logout_redirect_uri=BYE).went_to == BYE


def test_std_SE_01_the_sid_is_neither_the_id_nor_the_cookie_and_stays_while_the_session_does(ben: Visit) -> None:
    again = visit(ben.app, ben.user, ben.browser)
    other = visit(ben.app, ben.user)
    assert ben.claims["sid"] == again.claims["sid"] != other.claims["sid"]
    assert len(ben.claims["sid"]) == 32
    with ben.app.acme.standing.database.snapshot() as tx:
        ids = [session.id for session in sessions.live_of_user(tx, ben.user.org_id, ben.user.id)]
    cookie = ben.browser.cookies["__Host-gb_session"]
    assert all(each not in ben.claims["sid"] for each in (*ids, cookie))


def test_std_SE_01_the_sid_outlives_a_rotation_of_the_master_key(ben: Visit) -> None:
    database = ben.app.acme.standing.database
    with database.snapshot() as tx:
        (session,) = sessions.live_of_user(tx, ben.user.org_id, ben.user.id)
        rotated = MasterKeys(MasterKey.generate(database.random), tx.keys.all)
        after = replace(tx, keys=rotated)
        assert subjects.sid(after, session.org_id, session.id) == ben.claims["sid"]
        lost = replace(tx, keys=MasterKeys(rotated.current))
        assert subjects.sid(lost, session.org_id, session.id) != ben.claims["sid"]
        assert subjects.sid(after, session.org_id, "0Ak000000000001") == subjects.sid(lost, session.org_id, "0Ak000000000001")
