"""A first token in JavaScript: for Node, or for the page itself where the app runs in a browser."""

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

_HASHES = {"256": '"sha256"', "384": '"sha384"', "512": '"sha512"'}


def write(caller: Caller) -> str:
    """The program."""
    if caller.flow is Flow.WEB_SERVER and caller.in_page:
        return "\n".join([*_constants(caller), "", *_page(caller)]) + "\n"
    lines = {
        Flow.WEB_SERVER: _web_server,
        Flow.JWT_BEARER: _jwt_bearer,
        Flow.CLIENT_CREDENTIALS: _client_credentials,
        Flow.DEVICE: _device,
    }[caller.flow]
    return "\n".join([*_imports(caller), *_constants(caller), "", *lines(caller)]) + "\n"


def _imports(caller: Caller) -> Iterator[str]:
    browser = caller.flow is Flow.WEB_SERVER
    crypto = [
        *(("createHash",) if browser else ()),
        *(("randomBytes",) if browser or caller.signs else ()),
        *(("sign",) if caller.signs else ()),
    ]
    if crypto:
        yield f'import {{ {", ".join(crypto)} }} from "node:crypto";'
    if caller.signs:
        yield 'import { readFileSync } from "node:fs";'
    asks = browser or caller.proof == "secret"
    if asks:
        yield 'import { createInterface } from "node:readline/promises";'
    if caller.flow is Flow.DEVICE:
        yield 'import { setTimeout } from "node:timers/promises";'
    yield ""
    if asks:
        yield "const terminal = createInterface({ input: process.stdin, output: process.stdout });"


def _constants(caller: Caller) -> Iterator[str]:
    yield f"const issuer = {quoted(caller.issuer)};"
    yield f"const key = {quoted(caller.consumer_key)};"
    if caller.proof == "secret":
        yield 'const secret = process.env.CLIENT_SECRET || (await terminal.question("Consumer secret: "));'


def _client_credentials(caller: Caller) -> Iterator[str]:
    yield from _request(caller, {"grant_type": quoted("client_credentials")})
    yield "terminal.close();"


def _jwt_bearer(caller: Caller) -> Iterator[str]:
    yield from _assertion(caller)
    yield from _request(caller, {"grant_type": quoted(JWT_BEARER), "assertion": "assertion"}, proven=True)


def _web_server(caller: Caller) -> Iterator[str]:
    yield 'const verifier = randomBytes(32).toString("base64url");'
    yield 'const state = randomBytes(16).toString("base64url");'
    yield 'const challenge = createHash("sha256").update(verifier).digest("base64url");'
    yield from _asked(caller, "challenge")
    yield f"console.log(`{OPEN}\\n${{issuer}}{AUTHORIZE}?${{asked}}`);"
    yield 'const back = new URL(await terminal.question("")).searchParams;'
    yield "terminal.close();"
    yield f'if (back.get("state") !== state) throw new Error({quoted(NOT_THIS)});'
    yield ""
    if caller.proof == "key":
        yield from _assertion(caller)
    yield from _request(caller, _redeeming("back"))


def _page(caller: Caller) -> Iterator[str]:
    yield 'const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");'
    yield "const random = () => text(crypto.getRandomValues(new Uint8Array(32)));"
    yield "const back = new URLSearchParams(location.search);"
    yield 'if (back.get("state") === null) {'
    yield "  const [verifier, state] = [random(), random()];"
    yield "  Object.assign(sessionStorage, { verifier, state });"
    yield '  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));'
    yield from (f"  {line}" for line in _asked(caller, "text(new Uint8Array(hash))"))
    yield f"  location.assign(`${{issuer}}{AUTHORIZE}?${{asked}}`);"
    yield '} else if (back.get("state") === sessionStorage.state) {'
    yield "  const verifier = sessionStorage.verifier;"
    yield from (f"  {line}" for line in _request(caller, _redeeming("back") | {"redirect_uri": quoted(caller.callback)}))
    yield "}"


def _asked(caller: Caller, challenge: str) -> Iterator[str]:
    yield "const asked = new URLSearchParams({"
    yield from (f"  {name}: {'key' if name == 'client_id' else quoted(text)}," for name, text in caller.asked.items())
    yield f"  code_challenge: {challenge},"
    yield "  state,"
    yield "});"


def _redeeming(back: str) -> dict[str, str]:
    said = {"grant_type": quoted("authorization_code"), "code": f'{back}.get("code")', "redirect_uri": 'asked.get("redirect_uri")'}
    return said | {"code_verifier": "verifier"}


def _device(caller: Caller) -> Iterator[str]:
    yield f"const begun = await fetch(issuer + {quoted(DEVICE)}, {{"
    yield '  method: "POST",'
    yield f"  body: new URLSearchParams({{ client_id: key, scope: {quoted(caller.scope)} }}),"
    yield "}).then((answer) => answer.json());"
    yield "console.log(`Open ${begun.verification_uri}, and enter ${begun.user_code}`);"
    yield "for (;;) {"
    yield "  await setTimeout(begun.interval * 1000);"
    said = {"grant_type": quoted(DEVICE_CODE), "device_code": "begun.device_code"}
    yield from (f"  {line}" for line in _request(caller, said, told=False))
    yield "  const told = await answer.json();"
    yield '  if (!["authorization_pending", "slow_down"].includes(told.error)) {'
    yield "    console.log(answer.status, told);"
    yield "    break;"
    yield "  }"
    yield "}"


def _assertion(caller: Caller) -> Iterator[str]:
    named = {caller.issuer: "issuer", caller.consumer_key: "key"}
    yield 'const encoded = (said) => Buffer.from(JSON.stringify(said)).toString("base64url");'
    yield "const claims = {"
    yield from (f"  {name}: {named.get(text, quoted(text))}," for name, text in caller.claims.items())
    yield f"  exp: Math.floor(Date.now() / 1000) + {ASSERTION_SECONDS},"
    yield '  jti: randomBytes(16).toString("base64url"),'
    yield "};"
    yield f"const signed = `${{encoded({{ alg: {quoted(caller.algorithm)} }})}}.${{encoded(claims)}}`;"
    with_key = f'{{ key: readFileSync("{KEY_FILE}"), dsaEncoding: "ieee-p1363" }}'
    yield f"const signature = sign({_HASHES.get(caller.algorithm[2:], 'null')}, Buffer.from(signed), {with_key});"
    yield 'const assertion = `${signed}.${signature.toString("base64url")}`;'


def _request(caller: Caller, said: dict[str, str], *, proven: bool = False, told: bool = True) -> Iterator[str]:
    """The token request; `said` are parameters with the expressions of their values."""
    if caller.proof == "key" and not proven:
        said = said | {"client_assertion_type": quoted(ASSERTION_TYPE), "client_assertion": "assertion"}
    elif caller.proof == "none" and not proven:
        said = said | {"client_id": "key"}
    yield f"const answer = await fetch(issuer + {quoted(TOKEN)}, {{"
    yield '  method: "POST",'
    if caller.proof == "secret" and not proven:
        yield "  headers: { Authorization: `Basic ${btoa(`${key}:${secret}`)}` },"
    yield "  body: new URLSearchParams({"
    yield from (f"    {name}: {value}," if name != value else f"    {name}," for name, value in said.items())
    yield "  }),"
    yield "});"
    if told:
        yield "console.log(answer.status, await answer.text());"
