"""Every operation of the admin API has a right, knows no other org's record, and takes no field that it did not ask for.

The requests are made from the API's own description, so an operation that is added is tested without a line here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from tests.databases import MASTER_KEYS, migrate
from tests.web.world import ACME, OTHER, Person, World, world

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.signin import sessions
from gatebridge.storage import access_requests, factors, facts
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.database import open_database
from gatebridge.storage.tx import Tx
from gatebridge.web.api.application import RESOURCES, make_api

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)

# Whoever has a token may ask who it is, and see and end what is the own. Somebody else's record is not there for these.
NEEDS_NO_RIGHT = {"get_me": 200, "list_my_apps": 200, "delete_my_apps": 200, "delete_my_app": 200, "list_my_sessions": 200}
NEEDS_NO_RIGHT |= {"list_my_factors": 200, "delete_my_factor": 404}
# The guide for the Salesforce CLI is everybody's; what is not yet right with its app is told to who may see it.
NEEDS_NO_RIGHT |= {"get_connect_guide": 200}
NEEDS_NO_RIGHT |= {"get_my_timezone": 200, "put_my_timezone": 200}
NEEDS_NO_RIGHT |= {"list_my_requests": 200, "post_my_request": 422, "post_my_report": 201}
NEEDS_NO_RIGHT |= {"delete_my_sessions": 200, "delete_my_session": 404, "post_my_password": 422}


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    parameters: tuple[str, ...]
    needs_version: bool
    body: Mapping[str, Any] | None = field(repr=False)


@cache
def document() -> dict[str, Any]:
    return make_api(object()).openapi()  # type: ignore[arg-type]


def operations() -> list[Operation]:
    found = []
    for path, methods in document()["paths"].items():
        for method, said in methods.items():
            parameters = said.get("parameters", ())
            names = tuple(each["name"] for each in parameters if each["in"] == "path")
            version = any(each["name"] == "If-Match" for each in parameters)
            content = said.get("requestBody", {}).get("content", {})
            found.append(
                Operation(said["operationId"], method.upper(), path, names, version, content.get("application/json", {}).get("schema"))
            )
    return found


OPERATIONS = operations()
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def body_of(operation: Operation, ids: Mapping[str, str]) -> dict[str, Any] | None:
    """A body that has the right shape: every required field, and a reason where one is taken."""
    if operation.body is None:
        return None
    schema = resolved(operation.body)
    body = {name: value_of(name, schema["properties"][name], ids) for name in schema.get("required", ())}
    if "reason" in schema["properties"]:
        body["reason"] = "A test of the gate."
    return body


def value_of(name: str, schema: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
    if name in ids:
        return ids[name]
    schema = resolved(schema)
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    return {"string": "text", "boolean": False, "array": []}[schema["type"]]


@dataclass(frozen=True)
class Served:
    """A world, and the ids of one record of each kind in each of its orgs."""

    world: World
    ids: dict[str, dict[str, str]]
    powerless: Person

    def send(
        self, operation: Operation, ids: Mapping[str, str], *, by: Person | None = None, extra: Mapping[str, Any] | None = None
    ) -> Any:
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", ids[name])
        headers = {"If-Match": '"1"'} if operation.needs_version else {}
        if operation.id == "put_logo":
            return self.world.client.put(
                f"http://{ACME}/api/v1{path}",
                content=PNG,
                headers=headers | {"Authorization": f"Bearer {self.world.token(by or self.world.admin)}"},
            )
        body = body_of(operation, ids)
        if extra is not None:
            body = {**(body or {}), **extra}
        return self.world.ask(operation.method, path, by=by, body=body, headers=headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("routes") / "gatebridge.db"
    migrate(f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}", MASTER_KEYS)
    try:
        with world(database) as made:
            yield Served(made, {host: records_of(made, host) for host in (ACME, OTHER)}, made.add_person("nobody", []))
    finally:
        database.close()


def records_of(made: World, host: str) -> dict[str, str]:
    """One record of every kind that a path can name."""
    person = made.admins[host]

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = made.ask(method, path, host=host, body=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def wants_the_app(tx: Tx) -> str:
        wanted = Wanted(person.user.org_id, RequestKind.APP, person.app_id)
        access_requests.count_up(tx, wanted)
        found = access_requests.latest(tx, wanted.org_id, wanted.kind, wanted.app_id, None)
        assert found is not None
        return found.id

    permission_set = ask("POST", "/permission-sets", {"label": "Set", "api_name": "some_set"})["id"]
    custom_permission = ask("POST", "/custom-permissions", {"label": "Refund", "api_name": "Refund"})["id"]
    history = ask("GET", "/login-history")["items"]
    issue = next(line for line in history if line["event"] == "token")
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    certificate = made.ask("POST", f"/apps/{person.app_id}/certificates", host=host, body={"name": "Key", "certificate": json.dumps(jwk)})
    assert certificate.status_code == 201, certificate.text

    in_a_month = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    accepted = {"exposure": "may_administer", "reason": "It is there to administer.", "ends_at": in_a_month}

    def sign_in(tx: Tx) -> str:
        standing = facts.standing(tx, person.user.org_id, person.user.id)
        assert standing is not None
        return sessions.begin(tx, made.orgs[host], standing, methods=("pwd",), address="127.0.0.1", user_agent="")[0].id

    def has_a_factor(tx: Tx) -> str:
        factor = Factor(tx.new_id(Prefix.FACTOR), person.user.org_id, person.user.id, FactorKind.PASSKEY, "Blue key", tx.now, tx.now)
        assert factors.insert(tx, replace(factor, credential_id=tx.random(16)))
        return factor.id

    return {
        "session_id": made.change(sign_in),
        "app_id": person.app_id,
        "user_id": person.user.id,
        "profile_id": person.user.profile_id,
        "holder_id": person.user.profile_id,
        "set_id": permission_set,
        "permission_id": custom_permission,
        "secret_id": ask("GET", f"/apps/{person.app_id}/secrets")[0]["id"],
        "certificate_id": certificate.json()["id"],
        "receipt_id": issue["id"],
        "token_id": issue["id"],
        "grant_id": issue["grant_id"],
        "request_id": made.change(wants_the_app),
        "factor_id": made.change(has_a_factor),
        "line_id": ask("GET", "/audit")["items"][0]["id"],
        "key_id": ask("GET", "/signing-keys")[0]["id"],
        "try_id": ask("POST", f"/apps/{person.app_id}/tries", {"flow": "client_credentials"})["id"],
        "loosening_id": ask("POST", f"/apps/{person.app_id}/loosenings", accepted)["id"],
    }


@every_operation
def test_without_a_token_nothing_answers(served: Served, operation: Operation) -> None:
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", served.ids[ACME][name])
    answer = served.world.client.request(operation.method, f"http://{ACME}/api/v1{path}")
    assert (answer.status_code, answer.json()["reason"]) == (401, "bearer_missing")


@every_operation
def test_X_AD_05_every_operation_has_a_right_that_a_powerless_user_lacks(served: Served, operation: Operation) -> None:
    answer = served.send(operation, served.ids[ACME], by=served.powerless)
    if operation.id in NEEDS_NO_RIGHT:
        assert answer.status_code == NEEDS_NO_RIGHT[operation.id], answer.text
        served.world.tokens.clear()  # this user may just have ended its own
    else:
        assert (answer.status_code, answer.json()["reason"]) == (403, "permission_missing"), answer.text


FOREIGN = [(operation, name) for operation in OPERATIONS for name in operation.parameters]


@pytest.mark.parametrize(("operation", "name"), FOREIGN, ids=[f"{operation.id}-{name}" for operation, name in FOREIGN])
def test_X_AD_01_another_orgs_record_is_as_if_it_did_not_exist(served: Served, operation: Operation, name: str) -> None:
    foreign = served.send(operation, served.ids[ACME] | {name: served.ids[OTHER][name]})
    assert (foreign.status_code, foreign.json()["reason"]) == (404, "record_not_found"), foreign.text
    prefix = served.ids[OTHER][name][:3]
    missing = served.send(operation, served.ids[ACME] | {name: prefix + "zzzzzzz00000"})
    said = [{key: value for key, value in answer.json().items() if key != "operation_id"} for answer in (foreign, missing)]
    assert said[0] == said[1], "what is another's and what is not there are told alike"


@pytest.mark.parametrize(("operation", "name"), FOREIGN, ids=[f"{operation.id}-{name}" for operation, name in FOREIGN])
@pytest.mark.parametrize("text", ["x", "0" * 15, "..%2f..%2fetc", "%00", "'--", "9" * 18])
def test_what_is_no_id_names_no_record(served: Served, operation: Operation, name: str, text: str) -> None:
    answer = served.send(operation, served.ids[ACME] | {name: text})
    assert answer.status_code == 404, answer.text


WITH_BODY = [operation for operation in OPERATIONS if operation.body is not None]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.id)
def test_X_AD_08_a_field_that_was_not_asked_for_is_refused(served: Served, operation: Operation) -> None:
    unknown = served.send(operation, served.ids[ACME], extra={"canary_field": 1})
    assert (unknown.status_code, unknown.json()["reason"]) == (400, "field_unknown"), unknown.text
    assert unknown.json()["errors"][0]["field"] == "canary_field"
    read_only = served.send(operation, served.ids[ACME], extra={"version": 7, "org_id": served.ids[OTHER]["app_id"]})
    assert (read_only.status_code, read_only.json()["reason"]) == (400, "read_only_field"), read_only.text


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.id)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"{", "body_malformed", id="half a body"),
        pytest.param(b"[]", "body_malformed", id="a list"),
        pytest.param(b'{"reason": "\\u0000"}', "body_malformed", id="a NUL"),
        pytest.param(b'{"reason": "a", "reason": "b"}', "body_malformed", id="a field twice"),
        pytest.param(b"\xff\xfe", "body_malformed", id="no UTF-8"),
        pytest.param(b'{"reason": ' + b"[" * 50 + b"]" * 50 + b"}", "body_malformed", id="nested too deeply"),
    ],
)
def test_a_body_that_two_readers_could_read_in_two_ways_is_refused(
    served: Served, operation: Operation, content: bytes, reason: str
) -> None:
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", served.ids[ACME][name])
    answer = served.world.client.request(
        operation.method,
        f"http://{ACME}/api/v1{path}",
        content=content,
        headers={
            "Authorization": f"Bearer {served.world.token(served.world.admin)}",
            "Content-Type": "application/json",
            "If-Match": '"1"',
        },
    )
    assert (answer.status_code, answer.json()["reason"]) == (400, reason), answer.text


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.needs_version], ids=lambda operation: operation.id)
def test_X_AD_09_an_edit_says_which_version_it_is_based_on(served: Served, operation: Operation) -> None:
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", served.ids[ACME][name])
    body = None if operation.id in ("put_logo", "delete_logo") else body_of(operation, served.ids[ACME])
    without = served.world.ask(operation.method, path, body=body)
    assert (without.status_code, without.json()["reason"]) == (428, "version_missing"), without.text
    for stale in ('"999999"', 'W/"1"', "*", '"x"', "1"):
        answer = served.world.ask(operation.method, path, body=body, headers={"If-Match": stale})
        assert (answer.status_code, answer.json()["reason"]) == (412, "version_stale"), answer.text


def test_the_description_names_every_operation_once_and_says_what_right_it_needs() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(names) == len(set(names)) > 70
    assert RESOURCES
    for path, methods in document()["paths"].items():
        for method, said in methods.items():
            assert "Needs" in said["description"], (method, path)
            assert "default" in said["responses"], (method, path)
            assert "422" not in said["responses"], "the framework's own shape of an error is not ours"
