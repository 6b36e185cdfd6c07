"""Trying flows in the terminal: a whole run in one command, what it says to people and to programs, and what is left to be shown."""

import itertools
import json
import shlex
import subprocess
from typing import Any, cast

import httpx
from tests.cli.conftest import Terminal, Type
from tests.cli.test_login import PASSWORD, USERNAME, Street
from tests.journeys.installation import PROGRAM
from tests.oauth.browser import Browser
from tests.oauth.door import Door


def app_of(terminal: Terminal, type_: Type, name: str, *words: str) -> dict[str, Any]:
    """A new app for everybody, that runs as whoever types."""
    made = type_("apps", "create", name.replace("_", " "), "--api-name", name, "--contact", "dev@example.com", *words, "--json")
    assert made.code == 0, made.err
    app: dict[str, Any] = json.loads(made.out)
    me = json.loads(type_("me", "--json").out)
    opened = type_("apps", "policies", app["id"], "--permitted-users", "self_authorize", "--run-as", me["user_id"])
    assert opened.code == 0, opened.err
    return app


def test_a_job_is_tried_refused_on_purpose_and_then_validated(terminal: Terminal, type_: Type) -> None:
    app = app_of(terminal, type_, "tried_job", "--flow", "client_credentials", "--scope", "api")
    before = type_("validation", app["id"])
    assert (before.code, before.err.strip()) == (1, f"Next: gatebridge try {app['id']} client_credentials")
    assert before.out.startswith("Not validated")

    tried = type_("try", app["id"], "client_credentials", "--code", "curl")
    assert tried.code == 0, tried.err
    assert "✓ Token  The app asks for a token." in tried.out
    assert "grant_type=client_credentials" in tried.out
    assert "access_token: gba_…" in tried.out
    assert "✓ Introspection" in tried.out
    assert "--user " + app["consumer_key"] + ':"$CLIENT_SECRET"' in tried.out
    assert "As expected: it went through." in tried.out
    assert "Ended with it: 1 token, 0 grants, 1 credential." in tried.out

    refused = type_("try", app["id"], "client_credentials", "--expect-refusal")
    assert refused.code == 0, refused.err
    assert "✗ Token" in refused.out
    assert "Refused at Client  secret_wrong" in refused.out
    assert "As expected: it was refused." in refused.out

    after = type_("validation", app["id"])
    assert (after.code, after.out.splitlines()[0][:9]) == (0, "Validated")
    assert json.loads(type_("apps", "show", app["id"], "--json").out)["validation"]["validated"] is True
    assert "Validated" in type_("apps", "show", app["id"]).out


def test_what_goes_otherwise_ends_with_one_and_is_told_to_programs(terminal: Terminal, type_: Type) -> None:
    app = app_of(terminal, type_, "tried_closed", "--flow", "client_credentials", "--scope", "api")
    assert type_("apps", "policies", app["id"], "--permitted-users", "admin_approved", "--confirm").code == 0
    tried = type_("try", app["id"], "client_credentials", "--json")
    told = json.loads(tried.out)
    assert (tried.code, tried.err.strip()) == (1, "It did not go as expected.")
    assert (told["run"]["state"], told["run"]["as_expected"]) == ("ended", False)
    assert told["steps"][0]["receipt"]["reason"] == "user_not_approved"
    assert type_("try", app["id"], "web_server").code == 1, "a flow that the app has not is refused"
    assert type_("try", app["id"], "password").code == 2


def test_a_run_waits_until_its_user_has_approved_at_the_browser(terminal: Terminal, type_: Type) -> None:
    words = ("--flow", "web_server", "--scope", "api", "--scope", "openid", "--callback", "https://tried.example/callback")
    app = app_of(terminal, type_, "tried_portal", *words)
    command = (*PROGRAM, "try", app["id"], "web_server", "--no-browser", "--user", USERNAME, "--json")
    environ = terminal.installation.environ
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().strip() == f"Sign in as {USERNAME} and decide, at:"
            browser = Browser(cast(Door, Street()), terminal.installation.base_url)
            page = browser.open(process.stderr.readline().strip())
            page = browser.submit(page, "signin", username=USERNAME, password=PASSWORD)
            page = browser.submit(page, "consent", decision="approve")
            assert 'data-outcome="kept"' in page.text
            told = json.loads(process.communicate(timeout=30)[0])
        finally:
            process.kill()
    assert process.returncode == 0
    assert [each["step"] for each in told["steps"]] == ["authorization", "token", "userinfo", "introspection"]
    assert told["ended"] == {"tokens": 1, "grants": 1, "credentials": 1}


def test_the_curl_of_a_step_does_what_the_step_has_done(terminal: Terminal, type_: Type) -> None:
    """The same words that `curl` would send, without one on this machine: the command is read as a shell reads it."""
    app = app_of(terminal, type_, "tried_curl", "--flow", "client_credentials", "--scope", "api")
    step = json.loads(type_("try", app["id"], "client_credentials", "--json").out)["steps"][0]
    words = shlex.split(step["code"]["curl"].replace("\\\n", " ").replace("$CLIENT_SECRET", app["secret"]))
    options = dict(itertools.pairwise(words))
    assert (words[0], options["--request"]) == ("curl", "POST")
    user, secret = options["--user"].split(":")
    form = dict(each.split("=", 1) for option, each in itertools.pairwise(words) if option == "--data-urlencode")
    answer = httpx.post(next(each for each in words if each.startswith("http")), data=form, auth=(user, secret))
    assert answer.json()["token_type"] == "Bearer"
