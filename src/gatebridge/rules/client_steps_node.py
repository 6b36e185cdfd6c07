"""What to type for the clients that run on Node: the Salesforce CLI and jsforce."""

import shlex

from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.client_values import SHORT_QUERY, Language, Step, Values, new_key, quoted

QUERY = "SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status != 'Success'"
AUTH_URL_FILE = "org.authurl"


def sf_web(values: Values) -> tuple[Step, ...]:
    """In a browser."""
    own = "" if values.consumer_key == PLATFORM_CLI else f" --client-id {shlex.quote(values.consumer_key)}"
    login = f"sf org login web --instance-url {shlex.quote(values.issuer)} --alias {values.alias}{own}"
    asked = " It asks for the consumer secret; leave it empty for an app that has none." if own else ""
    return (
        Step(f"Sign in. A browser opens, and the answer comes back to port 1717 of this machine.{asked}", login),
        *_sf_use(values),
    )


def sf_auth_url(values: Values) -> tuple[Step, ...]:
    """With a text that was made where there is a browser."""
    own = "" if values.consumer_key == PLATFORM_CLI else f" --app {shlex.quote(values.consumer_key)}"
    return (
        Step(
            "Sign in where there is a browser. The file holds a refresh token, and only you can read it.",
            f"gatebridge connect sf --auth-url {AUTH_URL_FILE} --url {shlex.quote(values.issuer)}{own}",
        ),
        Step(
            "Bring it to where sf runs, and forget it there.",
            f"sf org login sfdx-url --sfdx-url-file {AUTH_URL_FILE} --alias {values.alias}\nrm {AUTH_URL_FILE}",
        ),
        *_sf_use(values),
    )


def sf_jwt(values: Values) -> tuple[Step, ...]:
    """With a key."""
    login = (
        f"sf org login jwt --instance-url {shlex.quote(values.issuer)} --client-id {shlex.quote(values.consumer_key)} "
        f"--jwt-key-file server.key --username {shlex.quote(values.username)} --alias {values.alias}"
    )
    return (
        *new_key(values),
        Step("Sign in as a user who may use the app. Nobody needs to be there.", login),
        *_sf_use(values),
    )


def _sf_use(values: Values) -> tuple[Step, ...]:
    return (
        Step("See that it is there.", f"sf org display --target-org {values.alias}"),
        Step("Ask it something.", f'sf data query --target-org {values.alias} --query "{QUERY}"'),
    )


def jsforce_web(values: Values) -> tuple[Step, ...]:
    """For a user at a browser."""
    secret = "\n  clientSecret: process.env.CLIENT_SECRET," if values.secret else ""
    code = f"""\
import jsforce from 'jsforce';

const oauth2 = new jsforce.OAuth2({{
  loginUrl: {quoted(values.issuer)},
  clientId: {quoted(values.consumer_key)},{secret}
  redirectUri: {quoted(values.callback)},
  useVerifier: true,
}});
const address = oauth2.getAuthorizationUrl({{ scope: 'api refresh_token', state }});"""
    back = """\
const connection = new jsforce.Connection({ oauth2 });
await connection.authorize(code);
connection.on('refresh', (accessToken, answer) => {
  connection.refreshToken = answer.refresh_token ?? connection.refreshToken;
});"""
    return (
        Step("Send the user's browser to the address; keep the object until the answer is there.", code, Language.JAVASCRIPT),
        Step(
            "Where the browser comes back, with the code. A refresh may bring a new refresh token; use that from then on.",
            back,
            Language.JAVASCRIPT,
        ),
        *_jsforce_use(),
    )


def jsforce_jwt(values: Values) -> tuple[Step, ...]:
    """For a user who is not there."""
    claims = f"iss: {quoted(values.consumer_key)}, sub: {quoted(values.username)}, aud: {quoted(values.issuer)}"
    signed = f"""\
import {{ sign }} from 'node:crypto';
import {{ readFileSync }} from 'node:fs';
import jsforce from 'jsforce';

const encoded = (what) => Buffer.from(JSON.stringify(what)).toString('base64url');
const claims = {{ {claims}, exp: Math.floor(Date.now() / 1000) + 120 }};
const signed = `${{encoded({{ alg: 'RS256' }})}}.${{encoded(claims)}}`;
const assertion = `${{signed}}.${{sign('RSA-SHA256', Buffer.from(signed), readFileSync('server.key')).toString('base64url')}}`;"""
    exchanged = f"""\
const told = await new jsforce.OAuth2({{ loginUrl: {quoted(values.issuer)} }}).requestToken({{
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  assertion,
}});
const connection = new jsforce.Connection({{ instanceUrl: told.instance_url, accessToken: told.access_token }});"""
    return (
        *new_key(values),
        Step("Sign an assertion that names the user.", signed, Language.JAVASCRIPT),
        Step("Exchange it. There is no refresh token: sign anew when the token is over.", exchanged, Language.JAVASCRIPT),
        *_jsforce_use(),
    )


def _jsforce_use() -> tuple[Step, ...]:
    code = f"""\
const {{ username }} = await connection.identity();
const {{ records }} = await connection.query({quoted(SHORT_QUERY)});"""
    return (Step("Ask it something.", code, Language.JAVASCRIPT),)
