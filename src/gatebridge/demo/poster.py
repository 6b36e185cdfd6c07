"""What the demo prints when it is ready: where it is, who can sign in, and commands to copy."""

from pathlib import Path
from urllib.parse import urlencode

from gatebridge.demo.cast import Cast
from gatebridge.demo.demo_app import DemoApp

QUERY = (
    "SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status != 'Success' ORDER BY LoginTime DESC LIMIT 20"
)


def poster(base_url: str, cast: Cast, file: Path, seconds: float) -> str:
    """The text, at most 100 columns except for the commands, which are one line each so that they can be copied."""
    apps = {app.name: app for app in cast.apps}
    dana, sam = cast.people[0], cast.people[2]
    lines = [
        "",
        f"  Gatebridge is running at {base_url}   (ready in {seconds:.1f} s)",
        "",
        f"  Setup       {base_url}/setup    as {dana.username} / {dana.password}   ({dana.what})",
        f"  End user    {sam.username} / {sam.password}   ({sam.what})",
        f"  Help        {base_url}/help/reasons/       Admin API   {base_url}/api/v1/docs",
        f"  All of it   {file}   (users, apps, keys and secrets of this demo)",
        "",
        "  A first token:",
        "",
        f"    {command(base_url, apps['Ledger Sync'])}",
        "",
        "  One that is refused, with the page that explains it in error_uri:",
        "",
        f"    {command(base_url, apps['Partner Portal'])}",
        "",
        "  In a browser, an app that asks its user (the code is shown on our own page):",
        "",
        f"    {authorization(base_url, apps['Revenue Insights'])}",
        "",
        f"  With the Salesforce CLI as it is, as {sam.username}, who may read the login history (the second line needs no browser):",
        "",
        f"    sf org login web --instance-url {base_url} --alias demo",
        f"    {by_key(base_url, apps['Login Reports'], sam.username)}",
        f'    sf data query --target-org demo --query "{QUERY}"',
        "",
        "  As the admin, in another terminal; in place of signing in, the second line lets the demo's robot act:",
        "",
        f"    .venv/bin/gatebridge login --url {base_url}",
        f"    export GATEBRIDGE_CLI_CREDENTIALS={file.with_name('credentials.json')}",
        "    .venv/bin/gatebridge apps list",
        "    .venv/bin/gatebridge history list",
        "    .venv/bin/gatebridge exposures           (where apps are opened wider than they need be)",
        "",
        "  Stop with Ctrl-C. `make demo-reset` forgets everything.",
        "",
    ]
    return "\n".join(lines)


def command(base_url: str, app: DemoApp) -> str:
    """A request for a token, to paste into a shell."""
    return f"curl -s {base_url}/services/oauth2/token -u '{app.key}:{app.secret}' -d grant_type=client_credentials"


def by_key(base_url: str, app: DemoApp, username: str) -> str:
    """How the Salesforce CLI comes in for a user who is away, with the key of this app."""
    keyed = f"--client-id {app.key} --jwt-key-file {app.key_file} --username {username}"
    return f"sf org login jwt --instance-url {base_url} {keyed} --alias demo"


def authorization(base_url: str, app: DemoApp) -> str:
    """The address with which this app sends a browser to us. In its dialect the PKCE method may be left out, and means S256."""
    asked = {
        "response_type": "code",
        "client_id": app.key,
        "redirect_uri": app.callback or "",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # of the verifier in RFC 7636 appendix B
        "code_challenge_method": "S256",
    }
    return f"{base_url}/services/oauth2/authorize?{urlencode(asked)}"
