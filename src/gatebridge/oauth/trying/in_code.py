"""The request of a step as a developer writes it: for curl, in Python (httpx) and in JavaScript (fetch).

What is secret is read from the environment, so nothing that is copied from here into a file or a shell is a secret of anybody's.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from gatebridge.oauth.trying.answers import SECRET
from gatebridge.oauth.trying.calls import Call

ACCESS_TOKEN = "ACCESS_TOKEN"
CLIENT_SECRET = "CLIENT_SECRET"

# A request at a browser is made anew each time, with secrets of its own.
ANEW = frozenset({"state", "nonce", "code_challenge"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def in_code(call: Call, redirect_uri: str) -> dict[str, str]:
    """The same request by language. `redirect_uri`: the app's own, which stands where a run has ours."""
    parameters = {name: redirect_uri if name == "redirect_uri" else value for name, value in call.parameters}
    languages = {"curl": _curl, "python": _python, "javascript": _javascript}
    if call.opened:
        languages = {"curl": _curl_opened, "python": _python_opened, "javascript": _javascript_opened}
    comment = {"curl": "#", "python": "#", "javascript": "//"}
    return {
        name: "\n".join([*(f"{comment[name]} {line}" for line in _explained(call)), *write(call, parameters)]) + "\n"
        for name, write in languages.items()
    }


def _explained(call: Call) -> Iterator[str]:
    """What the reader must put into the environment that no request can show: the assertions that the app signs."""
    for name, claims in call.signed.items():
        said = {key: value if key not in ("exp", "iat", "jti") else _MADE_ANEW[key] for key, value in claims.items()}
        yield f"{_variable(name)} is a JWT that the app signs with the key of its certificate, over these claims:"
        yield json.dumps(said)


_MADE_ANEW = {"exp": "at most 5 minutes ahead", "iat": "now", "jti": "a new one each time"}


def _variable(name: str) -> str:
    return {"token": ACCESS_TOKEN}.get(name, name.upper())


def _curl(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    lines = [f"curl --request {call.method} {shlex.quote(call.address)}"]
    if call.basic is not None:
        lines.append(f'--user {shlex.quote(call.basic[0])}:"${CLIENT_SECRET}"')
    if call.bearer:
        lines.append(f'--header "Authorization: Bearer ${ACCESS_TOKEN}"')
    for name, value in parameters.items():
        said = f'"{name}=${_variable(name)}"' if name in SECRET else shlex.quote(f"{name}={value}")
        lines.append(f"--data-urlencode {said}")
    yield " \\\n  ".join(lines)


def _python(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    values = {name: f"os.environ[{json.dumps(_variable(name))}]" if name in SECRET else json.dumps(v) for name, v in parameters.items()}
    if call.basic is not None or call.bearer or SECRET & parameters.keys():
        yield "import os\n"
    yield "import httpx\n"
    yield f"answer = httpx.{call.method.lower()}(\n    {json.dumps(call.address)},"
    if call.basic is not None:
        yield f'    auth=({json.dumps(call.basic[0])}, os.environ["{CLIENT_SECRET}"]),'
    if call.bearer:
        yield f'    headers={{"Authorization": f"Bearer {{os.environ[\'{ACCESS_TOKEN}\']}}"}},'
    if parameters:
        yield "    data={"
        yield from (f"        {json.dumps(name)}: {value}," for name, value in values.items())
        yield "    },"
    yield ")\nprint(answer.status_code, answer.text)"


def _javascript(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    yield f"const answer = await fetch({json.dumps(call.address)}, {{"
    yield f"  method: {json.dumps(call.method)},"
    if call.basic is not None:
        yield f'  headers: {{ Authorization: "Basic " + btoa({json.dumps(call.basic[0] + ":")} + process.env.{CLIENT_SECRET}) }},'
    if call.bearer:
        yield f"  headers: {{ Authorization: `Bearer ${{process.env.{ACCESS_TOKEN}}}` }},"
    if parameters:
        yield "  body: new URLSearchParams({"
        for name, value in parameters.items():
            yield f"    {_member(name)}: {f'process.env.{_variable(name)}' if name in SECRET else json.dumps(value)},"
        yield "  }),"
    yield "});\nconsole.log(answer.status, await answer.text());"


def _member(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _fixed(parameters: Mapping[str, str]) -> dict[str, str]:
    """What is the same in each request at a browser."""
    return {name: value for name, value in parameters.items() if name not in ANEW}


def _curl_opened(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    yield "# Opens nothing: it prints where a browser would be sent first. STATE and CODE_CHALLENGE are made anew for each request."
    lines = [f"curl --silent --get --output /dev/null --write-out '%{{redirect_url}}\\n' {shlex.quote(call.address)}"]
    for name, value in parameters.items():
        said = f'"{name}=${name.upper()}"' if name in ANEW else shlex.quote(f"{name}={value}")
        lines.append(f"--data-urlencode {said}")
    yield " \\\n  ".join(lines)


def _python_opened(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    yield "import base64\nimport hashlib\nimport secrets\nimport webbrowser\nfrom urllib.parse import urlencode\n"
    yield "state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)"
    yield "verifier = secrets.token_urlsafe(32)  # kept for the token request, as CODE_VERIFIER"
    yield 'challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()'
    yield "asked = {"
    yield from (f"    {json.dumps(name)}: {json.dumps(value)}," for name, value in _fixed(parameters).items())
    made = {"state": "state", "nonce": "nonce", "code_challenge": "challenge"}
    yield from (f"    {json.dumps(name)}: {made[name]}," for name in made if name in parameters)
    yield "}"
    yield f'webbrowser.open({json.dumps(call.address)} + "?" + urlencode(asked))'


def _javascript_opened(call: Call, parameters: Mapping[str, str]) -> Iterator[str]:
    yield 'const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");'
    yield "const random = () => text(crypto.getRandomValues(new Uint8Array(32)));"
    yield "const verifier = random(); // kept for the token request, as CODE_VERIFIER"
    yield 'const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));'
    yield "const asked = new URLSearchParams({"
    yield from (f"  {_member(name)}: {json.dumps(value)}," for name, value in _fixed(parameters).items())
    made = {"state": "random()", "nonce": "random()", "code_challenge": "text(new Uint8Array(hash))"}
    yield from (f"  {_member(name)}: {made[name]}," for name in made if name in parameters)
    yield "});"
    yield f"location.assign({json.dumps(call.address)} + `?${{asked}}`);"
