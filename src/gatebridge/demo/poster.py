"""What the demo prints when it is ready: where it is, who can sign in, and two commands to copy."""

from pathlib import Path

from gatebridge.demo.cast import Cast, DemoApp


def poster(base_url: str, cast: Cast, file: Path, seconds: float) -> str:
    """The text, at most 100 columns except for the commands, which are one line each so that they can be copied."""
    apps = {app.name: app for app in cast.apps}
    dana = cast.people[0]
    lines = [
        "",
        f"  Gatebridge is running at {base_url}   (ready in {seconds:.1f} s)",
        "",
        f"  Help        {base_url}/help/reasons/",
        f"  Admin API   {base_url}/api/v1/docs",
        f"  Signed in   {dana.username} / {dana.password}   ({dana.what}; people sign in from the next version on)",
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
        "  As the admin, in another terminal:",
        "",
        f"    export GATEBRIDGE_CLI_CREDENTIALS={file.with_name('credentials.json')}",
        "    .venv/bin/gatebridge apps list",
        "    .venv/bin/gatebridge history list",
        "",
        "  Stop with Ctrl-C. `make demo-reset` forgets everything.",
        "",
    ]
    return "\n".join(lines)


def command(base_url: str, app: DemoApp) -> str:
    """A request for a token, to paste into a shell."""
    return f"curl -s {base_url}/services/oauth2/token -u '{app.key}:{app.secret}' -d grant_type=client_credentials"
