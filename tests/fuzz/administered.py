"""An org that is administered by a machine which stops at nothing, and what there is in it to be named in a request."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.conformance.relying_party import Person, RelyingParty
from tests.conformance.running import Registered, RunningHouse, running_house
from tests.oauth.client_keys import client_key

from gatebridge.rules.app_settings import Flow
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import people

API = "/api/v1"
CALLBACK = "https://portal.example/callback"

# Where ids are listed, by the name under which other addresses take them.
LISTS = {
    "app_id": "/apps",
    "user_id": "/users",
    "profile_id": "/profiles",
    "set_id": "/permission-sets",
    "permission_id": "/custom-permissions",
    "session_id": "/sessions",
    "key_id": "/signing-keys",
    "line_id": "/audit",
    "receipt_id": "/login-history",
    "request_id": "/requests",
}


@dataclass
class Administered:
    """A running house, the app that speaks for its admin, and ids of everything else."""

    house: RunningHouse
    robot: Registered
    ids: dict[str, list[str]] = field(default_factory=dict)
    token: str = field(default="", repr=False)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | given.pop("headers", {})
        return self.house.http.request(method, self.house.issuer + API + path, headers=headers, **given)

    def version_of(self, path: str) -> dict[str, str]:
        """The version of the record at this address, or of the one above it, as an edit must name it."""
        for address in (path, path.rpartition("/")[0]):
            etag = self.ask("GET", address).headers.get("etag") if address else None
            if etag is not None:
                return {"If-Match": etag}
        return {}

    def works(self) -> bool:
        """Whether the admin is still somebody: a request may have frozen, deleted or locked out whoever sent it."""
        return self.ask("GET", "/org").status_code == 200


def _named(shown: Mapping[str, Any]) -> str | None:
    return next((str(shown[name]) for name in ("id", "grant_id", "receipt_id") if isinstance(shown.get(name), str)), None)


@contextmanager
def administered(directory: Path, copy_database: Callable[[Path], object]) -> Iterator[Administered]:
    """Such an org, until the end of the block."""
    (directory / "var").mkdir(parents=True)
    copy_database(directory / "var" / "gatebridge.db")
    with running_house(directory) as house:
        with house.database.snapshot() as tx:
            assert house.admin.user_id is not None
            ada = people.by_id(tx, house.admin.org_id, house.admin.user_id)
        assert ada is not None
        robot = house.app("Robot", run_as=ada, flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api", "setup_api"))
        with house.database.transaction() as tx:
            edit_policies(tx, house.admin, EditPolicies(robot.id, may_administer=True))
        found = Administered(house, robot)
        form = {"grant_type": "client_credentials", "scope": "setup_api"}
        answer = house.http.post(f"{house.issuer}/services/oauth2/token", data=form, auth=(robot.client_id, robot.secret))
        found.token = answer.json()["access_token"]
        _furnish(found)
        yield found


def _furnish(found: Administered) -> None:
    """Some of everything, so that ids lead to something; what keeps the admin in office is not among them."""
    house = found.house
    for number in range(2):
        app = house.app("Spare", scopes=("openid", "api", "refresh_token"), pkce_required=False, callbacks=(CALLBACK,))
        spare = RelyingParty(house, app, CALLBACK)
        assert spare.signs_in(Person(house.browser(), house.person("spare")), scope="openid api offline_access")
        for path, body in (
            (f"/apps/{app.id}/certificates", {"name": "Key", "certificate": client_key("ES256", 41).upload.decode()}),
            ("/profiles", {"name": f"Spare {number}"}),
            ("/permission-sets", {"label": f"Spare {number}", "api_name": f"spare_{number}"}),
            ("/custom-permissions", {"label": f"Spare {number}", "api_name": f"Spare_{number}"}),
        ):
            found.ask("POST", path, json=body)
    office = next(each["id"] for each in _records(found, "/profiles") if each["name"] == "System Administrator")
    in_office = {found.robot.id, house.admin.user_id, office[:15]}
    for name, path in LISTS.items():
        listed = [each for record in _records(found, path) if (each := _named(record)) is not None]
        found.ids[name] = [each for each in listed if each[:15] not in in_office]
    apps = found.ids["app_id"]
    found.ids["token_id"] = found.ids["receipt_id"]
    of_apps = {"secret_id": "/apps/{}/secrets", "certificate_id": "/apps/{}/certificates", "grant_id": "/apps/{}/usage/grants"}
    for name, path in of_apps.items():
        found.ids[name] = [each for app in apps for record in _records(found, path.format(app)) if (each := _named(record)) is not None]
    found.ids["holder_id"] = found.ids["user_id"] + found.ids["set_id"]


def _records(found: Administered, path: str) -> list[dict[str, Any]]:
    answer = found.ask("GET", path)
    body = answer.json()
    records: list[dict[str, Any]] = body if isinstance(body, list) else body.get("items", [])
    return records
