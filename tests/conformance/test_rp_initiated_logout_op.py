"""What the plan RP-Initiated Logout OP of the OpenID certification asks of a server, module by module, under the modules' names."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.conformance.conftest import relying_party
from tests.conformance.relying_party import Person, RelyingParty, Tokens, Visit
from tests.conformance.running import RunningHouse

AFTERWARDS = "https://rp.example/signed-out"


@pytest.fixture(scope="module")
def rp(house: RunningHouse) -> RelyingParty:
    return relying_party(house, post_logout_redirect_uris=(AFTERWARDS,))


@pytest.fixture
def tokens(rp: RelyingParty, person: Person) -> Tokens:
    """What the client got when the person signed in."""
    return rp.signs_in(person)


def leaves(rp: RelyingParty, person: Person, **said: str) -> Visit:
    """Send the person's browser to the end session endpoint; whatever the pages ask is answered with yes."""
    return person.visit(f"{rp.metadata['end_session_endpoint']}?{urlencode(said)}")


def signed_out(rp: RelyingParty, person: Person) -> bool:
    """Whether the server knows nobody in this browser any more."""
    visit, said = rp.asks(person, prompt="none")
    return "error" in visit.answer and rp.error(visit, said) == "login_required"


def sent_nowhere(visit: Visit) -> None:
    assert visit.went_to is None
    assert AFTERWARDS not in visit.page.url


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(house: RunningHouse, rp: RelyingParty) -> None:
    assert rp.metadata["end_session_endpoint"].startswith(f"{house.issuer}/")


def test_oidcc_rp_initiated_logout(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    visit = leaves(rp, person, id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTERWARDS, state="s-1/ä +")
    assert visit.asked == []  # the hint says whose session it is, so nobody is asked (LO-02)
    assert (visit.went_to or "").startswith(AFTERWARDS + "?")
    assert parse_qs(urlsplit(visit.went_to or "").query) == {"state": ["s-1/ä +"]}
    assert signed_out(rp, person)


def test_oidcc_rp_initiated_logout_by_post(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    """The endpoint takes both methods (RP-Initiated Logout section 2); the plan's modules go by GET alone."""
    form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": AFTERWARDS, "client_id": rp.app.client_id}
    assert person.post(str(rp.metadata["end_session_endpoint"]), form).went_to == AFTERWARDS
    assert signed_out(rp, person)


def test_oidcc_rp_initiated_logout_no_state(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    visit = leaves(rp, person, id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTERWARDS)
    assert visit.went_to == AFTERWARDS
    assert signed_out(rp, person)


@pytest.mark.parametrize("uri", ["https://rp.example/elsewhere", "https://evil.example/", "javascript:alert(1)", f"{AFTERWARDS}/"])
def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(rp: RelyingParty, person: Person, tokens: Tokens, uri: str) -> None:
    visit = leaves(rp, person, id_token_hint=tokens.id_token, post_logout_redirect_uri=uri, state="s")
    sent_nowhere(visit)
    assert uri not in visit.page.text


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    sent_nowhere(leaves(rp, person, id_token_hint=tokens.id_token, post_logout_redirect_uri=f"{AFTERWARDS}?added=1", state="s"))


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_oidcc_rp_initiated_logout_modified_id_token_hint(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    """A hint whose claims are good and that nobody signed."""
    unsigned = f"{segment({'alg': 'none'})}.{segment(dict(tokens.claims))}."
    sent_nowhere(leaves(rp, person, id_token_hint=unsigned, post_logout_redirect_uri=AFTERWARDS, state="s"))


@pytest.mark.parametrize("bent", ["not a token", "ey.ey.ey", "{head}.{body}.{body}", "{head}.{other}.{signature}"])
def test_oidcc_rp_initiated_logout_bad_id_token_hint(rp: RelyingParty, person: Person, tokens: Tokens, bent: str) -> None:
    head, body, signature = tokens.id_token.split(".")
    other = segment(dict(tokens.claims) | {"sub": "somebody else"})
    hint = bent.format(head=head, body=body, other=other, signature=signature)
    sent_nowhere(leaves(rp, person, id_token_hint=hint, post_logout_redirect_uri=AFTERWARDS, state="s"))


def test_oidcc_rp_initiated_logout_hint_of_another_client(rp: RelyingParty, second: RelyingParty, person: Person, tokens: Tokens) -> None:
    """Not of the plan: a hint of one client opens no redirect of another (LO-03)."""
    foreign = second.signs_in(person).id_token
    sent_nowhere(leaves(rp, person, id_token_hint=foreign, post_logout_redirect_uri=AFTERWARDS))
    sent_nowhere(leaves(rp, person, id_token_hint=foreign, client_id=rp.app.client_id, post_logout_redirect_uri=AFTERWARDS))


def test_oidcc_rp_initiated_logout_no_id_token_hint(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    sent_nowhere(leaves(rp, person, post_logout_redirect_uri=AFTERWARDS, state="s"))


def test_oidcc_rp_initiated_logout_no_params(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    visit = leaves(rp, person)
    assert visit.asked == ["logout"]
    sent_nowhere(visit)
    assert signed_out(rp, person)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    sent_nowhere(leaves(rp, person, id_token_hint=tokens.id_token, state="s"))
    assert signed_out(rp, person)


def test_oidcc_rp_initiated_logout_only_state(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    visit = leaves(rp, person, state="s")
    assert visit.asked == ["logout"]
    sent_nowhere(visit)
    assert signed_out(rp, person)


def test_std_LO_05_without_a_word_of_the_user_nobody_is_signed_out(rp: RelyingParty, person: Person, tokens: Tokens) -> None:
    endpoint = str(rp.metadata["end_session_endpoint"])
    for method, address in (("GET", endpoint), ("HEAD", endpoint), ("GET", f"{endpoint}?state=s"), ("GET", f"{endpoint}/confirm")):
        person.browser.step(method, address)
    person.browser.step("POST", f"{endpoint}/confirm", {"Content-Type": "application/x-www-form-urlencoded"}, b"form_token=x")
    assert not signed_out(rp, person)
