"""What applications do that use simple-salesforce, told step by step to the test that started this program.

Standard input: first one line of JSON with all that an application is given, then one answer for each question. Standard output: one JSON
object a line: `ask` is a question ("end" a token, "freeze" a user, "wait" some hours), `told` a step that worked, `failed` one that did
not. The history tells what the steps before it were refused; otherwise no step builds on another.
"""

import contextlib
import io
import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import requests
from simple_salesforce import Salesforce, SalesforceLogin  # type: ignore[import-not-found]
from simple_salesforce.exceptions import SalesforceError  # type: ignore[import-not-found]

given: dict[str, Any] = json.loads(sys.stdin.readline())


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def ask(question: str, about: Any) -> Any:
    say({"ask": question, "about": about})
    return json.loads(sys.stdin.readline())


def step(name: str) -> Callable[[Callable[[], Any]], None]:
    def take(act: Callable[[], Any]) -> None:
        try:
            say({"step": name, "told": act()})
        except Exception as error:
            say({"step": name, "failed": f"{type(error).__name__}: {error}"})

    return take


def refusal(act: Callable[[], Any]) -> dict[str, Any]:
    """How the library tells that something was refused, and of what it warns."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            act()
        except SalesforceError as error:
            said = {"type": type(error).__name__, "text": str(error), "warned": [str(each.message) for each in warned]}
            return said | {name: getattr(error, name, None) for name in ("code", "auth_message", "status")} | {"content": told(error)}
    raise AssertionError("it was not refused")


def told(error: Any) -> Any:
    return error.content if not isinstance(error.content, bytes) else error.content.decode()


def followed(steps: list[str], secret: str) -> list[str]:
    """What is printed when somebody types what our guide says."""
    os.environ["CLIENT_SECRET"] = secret
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join(steps), {})
    return printed.getvalue().splitlines()


def by_secret() -> Any:
    return Salesforce(**given["by secret"], domain=given["domain"])


def by_key(**changed: Any) -> Any:
    return Salesforce(**given["by key"] | {"domain": given["domain"]} | changed)


# --- Getting in ----------------------------------------------------------------------------------------------------------


@step("client credentials")
def _() -> Any:
    sf = by_secret()
    return {"instance": sf.sf_instance, "user": sf.oauth2("userinfo")["preferred_username"]}


@step("assertion")
def _() -> Any:
    sf = by_key()
    return {"instance": sf.sf_instance, "user": sf.oauth2("userinfo")["preferred_username"], "sandbox": sf.is_sandbox()}


@step("assertion for the login host, listed")
def _() -> Any:
    return {"instance": by_key(domain=None, instance_url=given["domain"], consumer_key=given["listed"]).sf_instance}


@step("session")
def _() -> Any:
    token, instance = SalesforceLogin(**given["by secret"], domain=given["domain"])
    return {
        "by address": Salesforce(instance_url=f"https://{instance}", session_id=token).query("SELECT Id FROM Organization")["totalSize"],
        "by name": Salesforce(instance=instance, session_id=token).query("SELECT Id FROM Organization")["totalSize"],
        "elsewhere": Salesforce(instance_url=f"https://localhost:{given['port']}", session_id=token).sf_instance,
    }


Path("server.key").write_text(given["guide's key"])
for each, way in given["guide"].items():
    step(f"the guide's way, {each}")(partial(followed, way["steps"], way["secret"]))


# --- Not getting in ------------------------------------------------------------------------------------------------------

REFUSED: dict[str, Callable[[], Any]] = {
    "a wrong secret": lambda: Salesforce(**given["by secret"] | {"consumer_secret": "wrong"}, domain=given["domain"]),
    "an unknown app": lambda: Salesforce(**given["by secret"] | {"consumer_key": "3MVG9unknown"}, domain=given["domain"]),
    "an assertion for the login host": lambda: by_key(domain=None, instance_url=given["domain"]),
    "an assertion of somebody else's key": lambda: by_key(privatekey=given["other key"]),
    "a user who approved nothing": lambda: by_key(consumer_key=given["unapproved"]),
    "a user who is not let in": lambda: by_key(username=given["outsider"]),
    "a user who may not use APIs": lambda: by_key(username=given["powerless"]),
    "an app that acts for nobody": lambda: Salesforce(**given["orphan"], domain=given["domain"]),
    "a password with an app": lambda: Salesforce(username="ada", password="secret", **given["by secret"], domain=given["domain"]),
    "a password with a security token": lambda: Salesforce(
        username="ada", password="s<cret", security_token="token", domain=given["domain"]
    ),
    "a password with an org": lambda: Salesforce(
        username="ada", password="secret", organizationId="00D000000000001", domain=given["domain"]
    ),
}
for each, asked in REFUSED.items():
    step(each)(partial(refusal, asked))


# --- Asking --------------------------------------------------------------------------------------------------------------


@step("query")
def _() -> Any:
    answer = by_secret().query("SELECT Id, Username FROM User WHERE Username LIKE 'ada@%' LIMIT 1")
    return {"total": answer["totalSize"], "done": answer["done"], "record": answer["records"][0]}


@step("pages")
def _() -> Any:
    sf, ordered, small = by_secret(), "SELECT Id, Username FROM User ORDER BY Username", {"Sforce-Query-Options": "batchSize=200"}
    first = sf.query(ordered, headers=small)
    locator = first["nextRecordsUrl"].rpartition("/")[2]
    return {
        "first": [len(first["records"]), first["done"], first["totalSize"]],
        "more by address": [each["Username"] for each in sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]],
        "more by locator": [each["Username"] for each in sf.query_more(locator, headers=small)["records"]],
        "all": [each["Username"] for each in sf.query_all(ordered, headers=small)["records"]],
        "one by one": sum(1 for _ in sf.query_all_iter(ordered, include_deleted=True)),
    }


@step("history")
def _() -> Any:
    sf = by_secret()
    refused = "SELECT UserId, LoginTime, SourceIp, Status, Application FROM LoginHistory WHERE Status != 'Success' ORDER BY LoginTime DESC"
    return {"refused": sf.query_all(refused)["records"], "all": sf.query("SELECT COUNT() FROM LoginHistory")["totalSize"]}


@step("record")
def _() -> Any:
    sf = by_secret()
    found = sf.query("SELECT Id FROM User ORDER BY Username LIMIT 1")["records"][0]["Id"]
    by_id = sf.User.get(found)
    return {
        "long": [by_id["Id"], by_id["Username"], by_id["attributes"]["type"]],
        "short": sf.User.get(found[:15])["Id"],
        "some fields": sorted(sf.restful(f"sobjects/User/{found}", params={"fields": "Id,Username"})),
    }


@step("describe")
def _() -> Any:
    sf = by_secret()
    fields = {each["name"]: each["type"] for each in sf.User.describe()["fields"]}
    return {
        "objects": [each["name"] for each in sf.describe()["sobjects"]],
        "fields": fields,
        "metadata": sf.User.metadata()["objectDescribe"]["name"],
    }


WRONG: dict[str, Callable[[Any], Any]] = {
    "a query that is none": lambda sf: sf.query("SELEKT Id FROM User"),
    "an object that is not here": lambda sf: sf.query("SELECT Id FROM Account"),
    "a field that is not here": lambda sf: sf.query("SELECT Password FROM User"),
    "a record that is not here": lambda sf: sf.User.get("005000000000000AAA"),
    "a new record": lambda sf: sf.User.create({"Username": "new@acme.example"}),
    "a changed record": lambda sf: sf.User.update("005000000000000AAA", {"Username": "new@acme.example"}),
    "a search": lambda sf: sf.quick_search("ada"),
    "the tooling API": lambda sf: sf.restful("tooling/query", {"q": "SELECT Id FROM ApexClass"}),
}


@step("wrong")
def _() -> Any:
    sf = by_secret()
    return {name: refusal(partial(act, sf)) for name, act in WRONG.items()}


@step("a person reads")
def _() -> Any:
    sf = by_key()
    users = sf.query_all("SELECT Username FROM User")["records"]
    return {"users": [each["Username"] for each in users], "audit trail": refusal(lambda: sf.query("SELECT Id FROM SetupAuditTrail"))}


@step("a token without the scope")
def _() -> Any:
    sf = Salesforce(**given["narrow"], domain=given["domain"])
    return refusal(lambda: sf.query("SELECT Id FROM Organization"))


# --- Sessions that end ---------------------------------------------------------------------------------------------------


@step("an ended session")
def _() -> Any:
    sf = by_secret()
    before = sf.session_id
    ask("end", before)
    return {"asked again": sf.query("SELECT Id FROM Organization")["totalSize"], "new session": sf.session_id != before}


@step("an ended session without credentials")
def _() -> Any:
    token, instance = SalesforceLogin(**given["by secret"], domain=given["domain"])
    ask("end", token)
    return refusal(lambda: Salesforce(instance=instance, session_id=token).query("SELECT Id FROM Organization"))


@step("a user whom the admin froze")
def _() -> Any:
    sf = by_key(username=given["frozen"])
    ask("freeze", given["frozen"])
    return refusal(lambda: sf.query("SELECT Id FROM Organization"))


@step("a stranger")
def _() -> Any:
    with requests.Session() as session:
        answer = session.get(f"https://{given['domain']}.salesforce.com/services/data/v59.0/query/?q=SELECT+Id+FROM+User")
    return [answer.status_code, answer.json()]


@step("a session that ran out")
def _() -> Any:
    sf = by_secret()
    before = sf.session_id
    ask("wait", 24)  # hours
    return {"asked again": sf.query("SELECT Id FROM Organization")["totalSize"], "new session": sf.session_id != before}
