"""What is pasted for a first token: readable in its language, without a secret, and quoted for where each value stands."""

import ast

import pytest

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_guides import SF_CALLBACK
from gatebridge.rules.first_token import in_code
from gatebridge.rules.first_token_caller import Caller

CALLBACK = "https://rp.example/callback?tenant=7"
CALLERS = [
    Caller("https://acme.example", "gbk_1", flow, ("api", "openid"), CALLBACK, proof, "ada@acme.example", algorithm, salesforce, in_page)  # type: ignore[arg-type]
    for flow, proof, algorithm, salesforce, in_page in (
        (Flow.WEB_SERVER, "secret", "RS256", False, False),
        (Flow.WEB_SERVER, "key", "RS256", True, False),
        (Flow.WEB_SERVER, "key", "ES384", False, False),
        (Flow.WEB_SERVER, "none", "RS256", False, True),
        (Flow.WEB_SERVER, "none", "RS256", False, False),
        (Flow.JWT_BEARER, "key", "RS256", True, False),
        (Flow.JWT_BEARER, "key", "Ed25519", True, False),
        (Flow.CLIENT_CREDENTIALS, "secret", "RS256", True, False),
        (Flow.DEVICE, "none", "RS256", False, True),
    )
]
EVERY = pytest.mark.parametrize("caller", CALLERS, ids=[f"{each.flow}-{each.proof}-{each.algorithm}" for each in CALLERS])


def texts(caller: Caller) -> dict[str, str]:
    return {piece.language: piece.code for piece in in_code(caller)}


@EVERY
def test_every_app_has_it_in_python_and_javascript(caller: Caller) -> None:
    for piece in in_code(caller):
        assert piece.words.endswith(".")
        assert "gbk_1" in piece.code
        assert piece.code.endswith("\n")
    assert {"Python", "JavaScript"} <= texts(caller).keys()
    ast.parse(texts(caller)["Python"])


@pytest.mark.parametrize(
    ("flow", "proof", "algorithm", "there"),
    [
        (Flow.JWT_BEARER, "key", "RS256", True),
        (Flow.JWT_BEARER, "key", "ES256", False),
        (Flow.WEB_SERVER, "key", "Ed25519", False),
        (Flow.WEB_SERVER, "secret", "ES256", True),
    ],
)
def test_curl_is_left_out_where_openssl_does_not_sign_as_a_jwt_wants_it(flow: Flow, proof: str, algorithm: str, there: bool) -> None:
    caller = Caller("https://acme.example", "gbk_1", flow, callback="https://a.example/", proof=proof, algorithm=algorithm)  # type: ignore[arg-type]
    assert ("curl" in texts(caller)) is there


@pytest.mark.parametrize(
    ("flow", "callback", "proof", "algorithm", "salesforce", "says"),
    [
        (Flow.WEB_SERVER, SF_CALLBACK, "secret", "RS256", True, "sf org login web"),
        (Flow.WEB_SERVER, SF_CALLBACK, "none", "RS256", True, "sf org login web"),
        (Flow.WEB_SERVER, SF_CALLBACK, "key", "RS256", True, ""),
        (Flow.WEB_SERVER, "https://a.example/", "secret", "RS256", True, ""),
        (Flow.JWT_BEARER, "", "key", "RS256", True, "sf org login jwt"),
        (Flow.JWT_BEARER, "", "key", "ES256", True, ""),
        (Flow.JWT_BEARER, "", "key", "RS256", False, ""),
        (Flow.CLIENT_CREDENTIALS, "", "secret", "RS256", True, ""),
    ],
)
def test_the_salesforce_cli_is_told_of_where_it_can_sign_in(
    flow: Flow, callback: str, proof: str, algorithm: str, salesforce: bool, says: str
) -> None:
    found = texts(Caller("https://a.example", "gbk_1", flow, ("api",), callback, proof, "ada", algorithm, salesforce))  # type: ignore[arg-type]
    assert ("Salesforce CLI" in found) is bool(says)
    assert says in found.get("Salesforce CLI", "")


def test_X_SX_03_a_secret_is_asked_for_and_never_there() -> None:
    for code in texts(CALLERS[0]).values():
        assert "CLIENT_SECRET" in code
    assert "read -rs CLIENT_SECRET" in texts(CALLERS[0])["curl"]


def test_a_page_asks_by_itself_and_a_program_in_a_terminal() -> None:
    page, terminal = CALLERS[3], CALLERS[4]
    assert "location.assign" in texts(page)["JavaScript"]
    assert "createInterface" in texts(terminal)["JavaScript"]
