"""A first token with curl. Everything stands in one subshell, so that what is pasted is read whole before any of it asks something."""

import json
import shlex
from collections.abc import Iterator
from urllib.parse import urlencode

from gatebridge.rules.app_settings import Flow
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

_SECRET = """[ -n "$CLIENT_SECRET" ] || { printf 'Consumer secret: '; read -rs CLIENT_SECRET; echo; }"""
_URL_SAFE = "base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }"


def write(caller: Caller) -> str:
    """The commands."""
    lines = {
        Flow.WEB_SERVER: _web_server,
        Flow.JWT_BEARER: _jwt_bearer,
        Flow.CLIENT_CREDENTIALS: _client_credentials,
        Flow.DEVICE: _device,
    }[caller.flow]
    return "\n".join(["(", *lines(caller), ")"]) + "\n"


def _client_credentials(caller: Caller) -> Iterator[str]:
    yield from _before(caller)
    yield _curl(caller, ["grant_type=client_credentials"])


def _jwt_bearer(caller: Caller) -> Iterator[str]:
    yield _URL_SAFE
    yield from _assertion(caller)
    # The assertion names the app, and proves it.
    yield _curl(caller, [f"grant_type={JWT_BEARER}", "assertion=$assertion"], proven=True)


def _web_server(caller: Caller) -> Iterator[str]:
    address = f"{caller.issuer}{AUTHORIZE}?{urlencode(caller.asked)}"
    yield _URL_SAFE
    yield from _before(caller)
    yield "verifier=$(openssl rand -hex 32) state=$(openssl rand -hex 16)"
    yield 'challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)'
    yield f"echo {shlex.quote(OPEN)}"
    yield f'echo {shlex.quote(address)}"&code_challenge=$challenge&state=$state"'
    yield "read -r back"
    yield f'case $back in *"state=$state"*) ;; *) echo {shlex.quote(NOT_THIS)} >&2; exit 1 ;; esac'
    yield "code=$(printf %s \"$back\" | sed -n 's/.*[?&]code=\\([^&#]*\\).*/\\1/p')"
    if caller.proof == "key":
        yield from _assertion(caller)
    yield _curl(caller, ["grant_type=authorization_code", "code=$code", "code_verifier=$verifier"], f"redirect_uri={caller.callback}")


def _device(caller: Caller) -> Iterator[str]:
    scope = f"scope={caller.scope}"
    yield 'told() { sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p"; }'
    begun = f"curl --silent --show-error {shlex.quote(caller.issuer + DEVICE)}"
    yield f"begun=$({begun} --data {shlex.quote(f'client_id={caller.consumer_key}')} --data-urlencode {shlex.quote(scope)})"
    yield 'echo "Open $(echo "$begun" | told verification_uri), and enter $(echo "$begun" | told user_code)"'
    yield 'code=$(echo "$begun" | told device_code)'
    yield 'while [ -n "$code" ]; do'
    yield "  sleep 5"
    yield f"  answer=$({_curl(caller, [f'grant_type={DEVICE_CODE}', 'device_code=$code'], ends=False)})"
    yield '  case $answer in *authorization_pending* | *slow_down*) ;; *) echo "$answer"; break ;; esac'
    yield "done"


def _before(caller: Caller) -> Iterator[str]:
    if caller.proof == "secret":
        yield _SECRET


def _assertion(caller: Caller) -> Iterator[str]:
    """The variable `assertion`: a JWT that is made and signed here."""
    said = json.dumps(caller.claims)[:-1]
    header = json.dumps({"alg": caller.algorithm})
    yield f"header=$(printf %s {shlex.quote(header)} | base64url)"
    yield (
        f'claims=$(printf \'%s, "exp": %s, "jti": "%s"}}\' {shlex.quote(said)} '
        f"$(($(date +%s) + {ASSERTION_SECONDS})) $(openssl rand -hex 16) | base64url)"
    )
    signature = f'$(printf %s "$header.$claims" | openssl dgst -sha256 -sign {KEY_FILE} | base64url)'
    yield f'assertion="$header.$claims.{signature}"'


def _curl(caller: Caller, said: list[str], *quoted: str, proven: bool = False, ends: bool = True) -> str:
    """The token request. `said` may hold variables of the shell."""
    parts = [f"curl --silent --show-error {shlex.quote(caller.issuer + TOKEN)}"]
    if caller.proof == "secret" and not proven:
        parts.append(f'--user {shlex.quote(caller.consumer_key)}:"$CLIENT_SECRET"')
    elif caller.proof == "key" and not proven:
        said = [*said, f"client_assertion_type={ASSERTION_TYPE}", "client_assertion=$assertion"]
    elif not proven:
        said = [*said, f"client_id={caller.consumer_key}"]
    parts += [f'--data "{each}"' if "$" in each else f"--data {shlex.quote(each)}" for each in said]
    parts += [f"--data-urlencode {shlex.quote(each)}" for each in quoted]
    return " \\\n  ".join([*parts, "--write-out '\\n'"] if ends else parts)
