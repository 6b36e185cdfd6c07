"""A first token in Python."""

from collections.abc import Iterator

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_values import quoted
from gatebridge.rules.first_token_caller import (
    ASSERTION_SECONDS,
    ASSERTION_TYPE,
    AUTHORIZE,
    DEVICE,
    DEVICE_CODE,
    JWT_BEARER,
    KEY_FILE,
    NOT_THIS,
    OPEN,
    TOKEN,
    Caller,
)


def write(caller: Caller) -> str:
    """The program."""
    lines = {
        Flow.WEB_SERVER: _web_server,
        Flow.JWT_BEARER: _jwt_bearer,
        Flow.CLIENT_CREDENTIALS: _client_credentials,
        Flow.DEVICE: _device,
    }[caller.flow]
    return "\n".join([*_imports(caller), "", *_constants(caller), "", *lines(caller)]) + "\n"


def _imports(caller: Caller) -> Iterator[str]:
    yield f"# pip install httpx{' joserfc' if caller.signs else ''}"
    browser, device = caller.flow is Flow.WEB_SERVER, caller.flow is Flow.DEVICE
    names = [
        *(("base64", "hashlib") if browser else ()),
        *(("os",) if caller.proof == "secret" else ()),
        *(("secrets",) if browser or caller.signs else ()),
        *(("time",) if caller.signs or device else ()),
    ]
    yield from (f"import {name}" for name in names)
    if caller.proof == "secret":
        yield "from getpass import getpass"
    if caller.signs:
        yield "from pathlib import Path"
    if browser:
        yield "from urllib.parse import parse_qs, urlencode, urlsplit"
    yield ""
    yield "import httpx"
    if caller.signs:
        yield "from joserfc import jwk, jwt"


def _constants(caller: Caller) -> Iterator[str]:
    yield f"ISSUER = {quoted(caller.issuer)}"
    yield f"KEY = {quoted(caller.consumer_key)}"
    if caller.proof == "secret":
        yield 'SECRET = os.environ.get("CLIENT_SECRET") or getpass("Consumer secret: ")'


def _client_credentials(caller: Caller) -> Iterator[str]:
    yield from _request(caller, {"grant_type": quoted("client_credentials")})


def _jwt_bearer(caller: Caller) -> Iterator[str]:
    yield from _assertion(caller)
    yield from _request(caller, {"grant_type": quoted(JWT_BEARER), "assertion": "assertion"}, proven=True)


def _web_server(caller: Caller) -> Iterator[str]:
    yield "verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)"
    yield 'challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()'
    yield "asked = {"
    yield from (f"    {quoted(name)}: {'KEY' if name == 'client_id' else quoted(text)}," for name, text in caller.asked.items())
    yield '    "code_challenge": challenge,'
    yield '    "state": state,'
    yield "}"
    yield f"print({quoted(OPEN)})"
    yield f'print(f"{{ISSUER}}{AUTHORIZE}?{{urlencode(asked)}}")'
    yield "back = parse_qs(urlsplit(input()).query)"
    yield 'if back.get("state") != [state]:'
    yield f"    raise SystemExit({quoted(NOT_THIS)})"
    yield ""
    if caller.proof == "key":
        yield from _assertion(caller)
    said = {"grant_type": quoted("authorization_code"), "code": 'back["code"][0]', "redirect_uri": 'asked["redirect_uri"]'}
    yield from _request(caller, said | {"code_verifier": "verifier"})


def _device(caller: Caller) -> Iterator[str]:
    yield f'begun = httpx.post(ISSUER + {quoted(DEVICE)}, data={{"client_id": KEY, "scope": {quoted(caller.scope)}}}).json()'
    yield """print(f"Open {begun['verification_uri']}, and enter {begun['user_code']}")"""
    yield "while True:"
    yield '    time.sleep(begun["interval"])'
    said = {"grant_type": quoted(DEVICE_CODE), "device_code": 'begun["device_code"]'}
    yield from (f"    {line}" for line in _request(caller, said, told=False))
    yield '    if answer.json().get("error") not in ("authorization_pending", "slow_down"):'
    yield "        break"
    yield "print(answer.status_code, answer.text)"


def _assertion(caller: Caller) -> Iterator[str]:
    yield "claims = {"
    named = {caller.issuer: "ISSUER", caller.consumer_key: "KEY"}
    yield from (f"    {quoted(name)}: {named.get(text, quoted(text))}," for name, text in caller.claims.items())
    yield f'    "exp": int(time.time()) + {ASSERTION_SECONDS},'
    yield '    "jti": secrets.token_urlsafe(16),'
    yield "}"
    yield f'key = jwk.import_key(Path("{KEY_FILE}").read_text(), "{_KEY_TYPES[caller.algorithm[:2]]}")'
    algorithm = quoted(caller.algorithm)
    yield f'assertion = jwt.encode({{"alg": {algorithm}}}, claims, key, algorithms=[{algorithm}])'


_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def _request(caller: Caller, said: dict[str, str], *, proven: bool = False, told: bool = True) -> Iterator[str]:
    """The token request; `said` are parameters with the expressions of their values."""
    if caller.proof == "key" and not proven:
        said = said | {"client_assertion_type": quoted(ASSERTION_TYPE), "client_assertion": "assertion"}
    elif caller.proof == "none" and not proven:
        said = said | {"client_id": "KEY"}
    yield "answer = httpx.post("
    yield f"    ISSUER + {quoted(TOKEN)},"
    if caller.proof == "secret" and not proven:
        yield "    auth=(KEY, SECRET),"
    yield "    data={"
    yield from (f"        {quoted(name)}: {value}," for name, value in said.items())
    yield "    },"
    yield ")"
    if told:
        yield "print(answer.status_code, answer.text)"
