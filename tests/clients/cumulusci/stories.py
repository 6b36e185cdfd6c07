"""What somebody does at the command line of CumulusCI, told step by step to the test that started this program.

Standard input: first one line of JSON with all that is needed, then one answer for each question. Standard output: one JSON object a line:
`ask` is a question ("approve" or "deny" at an address in a browser, "end" a token), `told` a step that worked, `failed` one that did not.
All commands run in this process, by the function that `cci` itself is, since the program takes two seconds to start.
"""

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

asked, answered = sys.stdin, os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the program logs is no answer
given: dict[str, Any] = json.loads(asked.readline())
home = Path(os.environ["HOME"])


def furnish(directory: Path) -> None:
    """It looks once an hour for a newer version of itself, and has done so just now."""
    (directory / ".cumulusci").mkdir(parents=True)
    (directory / ".cumulusci" / "cumulus_timestamp").write_text(str(time.time()))


furnish(home)
os.environ["CUMULUSCI_KEY"] = "0123456789abcdef"  # what orgs and services are written down with

import requests  # noqa: E402 - the program reads its settings when it is loaded
from cumulusci.cli.cci import main  # type: ignore[import-not-found]  # noqa: E402
from cumulusci.core.config import OrgConfig  # type: ignore[import-not-found]  # noqa: E402
from cumulusci.oauth.client import OAuth2Client, OAuth2ClientConfig  # type: ignore[import-not-found]  # noqa: E402
from cumulusci.oauth.salesforce import jwt_session  # type: ignore[import-not-found]  # noqa: E402


def say(what: Mapping[str, Any]) -> None:
    answered.write(json.dumps(what, default=str) + "\n")
    answered.flush()


def ask(question: str, about: Any) -> Any:
    say({"ask": question, "about": about})
    return json.loads(asked.readline())


def step(name: str) -> Callable[[Callable[[], Any]], None]:
    def take(act: Callable[[], Any]) -> None:
        try:
            say({"step": name, "told": act()})
        except Exception as error:
            say({"step": name, "failed": f"{type(error).__name__}: {error}"})

    return take


class Browser(webbrowser.BaseBrowser):
    """Somebody signs in and decides in the test, and the browser comes back to the program's own listener."""

    decision = "approve"

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        threading.Thread(target=self.visit, args=(url,)).start()
        return True

    def visit(self, url: str) -> None:
        requests.get(ask(self.decision, url), timeout=20)


browser = Browser()
webbrowser.register("the test", None, browser, preferred=True)


def cci(*arguments: str, typed: str = "") -> dict[str, Any]:
    """One command: its exit code and what it printed."""
    out, error, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), _typing(typed):
        try:
            main(["cci", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return {"code": code, "out": out.getvalue(), "error": error.getvalue()}


def cci_json(*arguments: str) -> Any:
    ended = cci(*arguments, "--json")
    assert ended["code"] == 0, ended
    return json.loads(ended["out"])


@contextlib.contextmanager
def _typing(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


@contextlib.contextmanager
def environment(**said: str) -> Iterator[None]:
    os.environ.update(said)
    try:
        yield
    finally:
        for name in said:
            del os.environ[name]


# --- A person connects an org, and uses it -------------------------------------------------------------------------------

web = given["web"]


@step("the guide's way")
def _() -> Any:
    """The secret is typed, and then whether this is the app for every org."""
    return [cci(*shlex.split(command)[1:], typed=f"{web['secret']}\nn\n") for command in web["steps"]]


@step("info")
def _() -> Any:
    return [cci_json("org", "info", "acme") for _ in range(2)]


@step("list")
def _() -> Any:
    return cci_json("org", "list")


@step("shell")
def _() -> Any:
    project = home / "project"
    (project / ".git" / "refs" / "heads").mkdir(parents=True)
    (project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (project / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n")
    (project / "cumulusci.yml").write_text("project:\n    name: Acme\n    package:\n        name: Acme\n        api_version: '59.0'\n")
    with contextlib.chdir(project):
        return cci("org", "shell", "acme", "--python", "print(sf.query('SELECT Username FROM User')['records'][0]['Username'])")


@step("info after the app was revoked")
def _() -> Any:
    ask("end", cci_json("org", "info", "acme")["refresh_token"])
    return cci("org", "info", "acme")


@step("an app that wants a challenge")
def _() -> Any:
    cci(*shlex.split(given["strict"]["step"].replace(" gatebridge ", " strict "))[1:], typed=f"{given['strict']['secret']}\nn\n")
    return cci("org", "connect", "strict", "--connected-app", "strict", "--global-org")


@step("a person who denies")
def _() -> Any:
    browser.decision = "deny"
    return cci("org", "connect", "denied", "--connected-app", "gatebridge", "--global-org")


# --- A pipeline connects one by an assertion -----------------------------------------------------------------------------

job = given["job"]


@step("assertion for the login host")
def _() -> Any:
    try:
        return jwt_session(job["client_id"], job["key"], job["username"], job["url"])
    except Exception as error:
        return {"refused": str(error)}


@step("the guide's way in a pipeline")
def _() -> Any:
    """In a shell, with the program itself, where nobody ever was: an org of this name that is written down would be taken instead."""
    runner = home / "runner"
    furnish(runner)
    (runner / "server.key").write_text(job["key"])
    changed = {"HOME": str(runner), "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    typed = "\n".join(job["steps"])
    ended = subprocess.run(["sh", "-e"], input=typed, cwd=runner, env=os.environ | changed, capture_output=True, text=True)
    return {"code": ended.returncode, "out": ended.stdout, "error": ended.stderr}


# --- Over plain http on the loopback, by its own classes; its commands ask for the org over https alone -------------------

plain = given["plain"]


@step("plain")
def _() -> Any:
    browser.decision = "approve"
    client = OAuth2Client(OAuth2ClientConfig(**plain["client"]))
    begun = client.auth_code_flow(prompt="login")
    later = client.refresh_token(begun["refresh_token"])
    org = OrgConfig({**begun, **later}, "plain")
    org.load_userinfo()
    with environment(SF_PROD_LOGIN_URL=plain["url"]):
        signed = jwt_session(plain["job"]["client_id"], plain["job"]["key"], plain["job"]["username"], plain["url"])
    return {
        "username": org.username,
        "ids": [org.org_id, org.user_id],
        "version": org.latest_api_version,
        "new": later["access_token"] != begun["access_token"],
        "signed": sorted(signed),
    }
