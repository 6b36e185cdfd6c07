"""Who calls: the gates Client, App and Installed."""

import pytest
from tests.rules.facts_builder import (
    A_MOMENT,
    ASKING,
    AUTHORIZING,
    BARE_FACTS,
    CALLING,
    FACTS,
    NOW,
    PROOF,
    REDEEMING,
    REFRESHING,
    REVOKING,
    but,
    finding,
)

from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.facts import Attempt, ClientProof, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import app as app_reasons
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import installed as installed_reasons
from gatebridge.rules.verdict import State

BOTH_DOORS = pytest.mark.parametrize("attempt", [pytest.param(ASKING, id="for a token"), pytest.param(CALLING, id="as a caller")])


@BOTH_DOORS
@pytest.mark.parametrize(
    ("facts", "proof", "reason", "words"),
    [
        pytest.param(
            FACTS,
            ClientProof(method=ClientAuthMethod.SECRET_BASIC),
            None,
            "proved itself by client_secret_basic",
            id="a secret in the header proves the client",
        ),
        pytest.param(
            FACTS,
            ClientProof(method=ClientAuthMethod.PRIVATE_KEY_JWT),
            None,
            "proved itself by private_key_jwt",
            id="a signed assertion proves the client",
        ),
        pytest.param(FACTS, None, client_reasons.CLIENT_MISSING, "no client named itself", id="who names nobody is nobody"),
        pytest.param(
            FACTS,
            ClientProof(refused=client_reasons.SECRET_WRONG),
            client_reasons.SECRET_WRONG,
            client_reasons.SECRET_WRONG.sentence,
            id="a wrong secret proves nothing",
        ),
        pytest.param(
            FACTS,
            ClientProof(refused=assertion_reasons.ASSERTION_REPLAYED),
            assertion_reasons.ASSERTION_REPLAYED,
            assertion_reasons.ASSERTION_REPLAYED.sentence,
            id="a replayed assertion proves nothing",
        ),
        pytest.param(FACTS, ClientProof(), client_reasons.CLIENT_UNKNOWN, "no app has this consumer key", id="no proof is no client"),
        pytest.param(BARE_FACTS, PROOF, client_reasons.CLIENT_UNKNOWN, "no app has this consumer key", id="a proof of no app is no client"),
    ],
)
def test_the_client_gate(facts: Facts, attempt: Attempt, proof: ClientProof | None, reason: Reason | None, words: str) -> None:
    found = finding(Gate.CLIENT, facts, but(attempt, client=proof))
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


NAMED_ONLY = ClientProof(method=ClientAuthMethod.NONE, compared=(Compared("client authentication", "none", "none"),))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        pytest.param(ASKING, "only names itself, as a public app does", id="for a token"),
        pytest.param(REDEEMING, "only names itself, as a public app does", id="with a code"),
        pytest.param(REFRESHING, "only names itself, as a public app does", id="with a refresh token"),
        pytest.param(REVOKING, "only names itself, as a public app does", id="to revoke"),
        pytest.param(AUTHORIZING, "named by its consumer key; it proves itself when it redeems the code", id="in a browser"),
    ],
)
def test_a_public_app_has_nothing_to_prove_itself_with_and_that_is_said(attempt: Attempt, words: str) -> None:
    found = finding(Gate.CLIENT, FACTS, but(attempt, client=NAMED_ONLY))
    assert (found.state, found.words) == (State.PASSED, words)


def test_who_asks_about_tokens_proves_who_asks() -> None:
    """RFC 7662 section 2.1: anybody can send the name of a public app, and would learn which of its tokens live."""
    found = finding(Gate.CLIENT, FACTS, but(CALLING, client=NAMED_ONLY))
    assert (found.reason, found.words) == (client_reasons.CLIENT_NOT_CONFIDENTIAL, "a public app only names itself")
    assert found.compared == NAMED_ONLY.compared


@BOTH_DOORS
def test_X_CA_03_a_refused_proof_is_refused_whatever_else_it_says(attempt: Attempt) -> None:
    """A decoy beside a proof that failed does not help: what came of proving decides, not what was presented."""
    decoyed = but(PROOF, refused=client_reasons.SECRET_WRONG, method=ClientAuthMethod.PRIVATE_KEY_JWT)
    assert finding(Gate.CLIENT, FACTS, but(attempt, client=decoyed)).reason is client_reasons.SECRET_WRONG


@pytest.mark.parametrize("refused", [None, client_reasons.CLIENT_METHOD_NOT_REGISTERED])
def test_what_was_compared_at_the_proof_is_kept_for_the_receipt(refused: Reason | None) -> None:
    compared = (Compared("client authentication", "client_secret_post", "private_key_jwt"),)
    assert finding(Gate.CLIENT, FACTS, but(ASKING, client=but(PROOF, refused=refused, compared=compared))).compared == compared


@BOTH_DOORS
@pytest.mark.parametrize(
    ("facts", "reason", "words"),
    [
        pytest.param(FACTS, None, "neither blocked nor deleted", id="an app that nobody stopped may act"),
        pytest.param(
            but(FACTS, "installation", blocked_at=NOW, blocked_because="key found in a public repository"),
            app_reasons.APP_BLOCKED,
            "blocked: key found in a public repository",
            id="a blocked app may not act, and the receipt says why",
        ),
        pytest.param(but(FACTS, "installation", blocked_at=NOW), app_reasons.APP_BLOCKED, "blocked", id="a block needs no words"),
        pytest.param(but(FACTS, "app", deleted_at=NOW), app_reasons.APP_DELETED, "the app was deleted", id="a deleted app may not act"),
        pytest.param(
            but(but(FACTS, "app", deleted_at=NOW), "installation", blocked_at=NOW),
            app_reasons.APP_DELETED,
            "the app was deleted",
            id="deleted is said before blocked",
        ),
        pytest.param(
            but(FACTS, installation=None), None, "neither blocked nor deleted", id="an app that is not installed is blocked by nobody"
        ),
    ],
)
def test_the_app_gate(facts: Facts, attempt: Attempt, reason: Reason | None, words: str) -> None:
    found = finding(Gate.APP, facts, attempt)
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


@BOTH_DOORS
@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        pytest.param(FACTS, True, id="an installed app may act here"),
        pytest.param(but(FACTS, installation=None, policies=None), False, id="an app that no admin here let in may not"),
        pytest.param(but(FACTS, "installation", uninstalled_at=NOW), False, id="an app that was uninstalled may not"),
        pytest.param(but(FACTS, "installation", uninstalled_at=NOW - A_MOMENT), False, id="nor later, until it is installed again"),
        pytest.param(but(FACTS, policies=None), False, id="an installation without policies lets nobody in"),
    ],
)
def test_the_installed_gate(facts: Facts, attempt: Attempt, allowed: bool) -> None:
    found = finding(Gate.INSTALLED, facts, attempt)
    assert found.reason is (None if allowed else installed_reasons.APP_NOT_INSTALLED)
    assert found.words == ("installed in this org" if allowed else "not installed in this org")


@BOTH_DOORS
@pytest.mark.parametrize("gate", [Gate.APP, Gate.INSTALLED])
def test_about_an_unknown_app_nothing_can_be_asked(attempt: Attempt, gate: Gate) -> None:
    assert finding(gate, BARE_FACTS, attempt).state is State.UNREACHED
