"""A house in which flows are tried: apps of every kind, people at browsers, and runs that are begun, stepped through and ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
from tests.oauth.browser import Browser, Page
from tests.web.world import ACME, Person, World

from gatebridge.rules.ids import Prefix, parse
from gatebridge.storage.tokens import access_tokens
from gatebridge.storage.tries import tries

PASSWORD = "a river of slow glass"
CALLBACK = "https://portal.example/callback"

JOB: dict[str, Any] = {"flows": ["client_credentials"]}
BEARER: dict[str, Any] = {"flows": ["jwt_bearer"]}
PORTAL: dict[str, Any] = {
    "flows": ["web_server", "refresh_token"],
    "scopes": ["api", "id", "openid", "refresh_token"],
    "callbacks": [CALLBACK],
}


@dataclass(frozen=True)
class WorldDoor:
    """The front door of a world, as a browser of the stories knows one."""

    world: World

    def send(
        self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None, address: str = ""
    ) -> httpx.Response:
        self.world.client.cookies.clear()  # cookies are the browser's, not the wire's
        return self.world.client.request(method, url, content=body, headers=dict(headers or {}))


@dataclass
class Trial:
    """One app that is tried, and the run that was begun last."""

    world: World
    app: dict[str, Any]
    by: Person | None = None
    run: dict[str, Any] = field(default_factory=dict)

    def begin(self, flow: str, **said: Any) -> dict[str, Any]:
        answer = self.world.ask("POST", f"/apps/{self.app['id']}/tries", by=self.by, body={"flow": flow} | said)
        assert answer.status_code == 201, answer.text
        self.run = answer.json()
        return self.run

    def step(self, **said: Any) -> dict[str, Any]:
        answer = self.ask_step(**said)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        self.run = told["run"]
        return told

    def ask_step(self, **said: Any) -> httpx.Response:
        return self.world.ask("POST", f"/tries/{self.run['id']}/step", by=self.by, body=said)

    def steps(self) -> list[dict[str, Any]]:
        """Every step that is left, where nobody is needed for any of them."""
        told = []
        while self.run["state"] != "done":
            told.append(self.step())
            assert told[-1]["outcome"] is not None, "the run waits for somebody"
        return told

    def end(self) -> dict[str, Any]:
        answer = self.world.ask("DELETE", f"/tries/{self.run['id']}", by=self.by)
        assert answer.status_code == 200, answer.text
        ended: dict[str, Any] = answer.json()
        return ended

    def tried(self, flow: str, **said: Any) -> list[dict[str, Any]]:
        """A whole run that needs nobody, from its beginning to its end."""
        self.begin(flow, **said)
        told = self.steps()
        self.end()
        return told

    def validation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.world.ask("GET", f"/apps/{self.app['id']}/validation").json()
        return found

    def edit(self, part: str, **changes: Any) -> None:
        path = f"/apps/{self.app['id']}/{part}"
        etag = self.world.ask("GET", path).headers["ETag"]
        answer = self.world.ask("PATCH", path, body=changes, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text

    def token(self, **form: str) -> httpx.Response:
        """A token request of the app itself, with its own secret."""
        said = {"grant_type": "client_credentials"} | form
        auth = (self.app["consumer_key"], self.app["secret"])
        return self.world.client.post(f"http://{ACME}/services/oauth2/token", data=said, auth=auth)

    def alive(self) -> list[str]:
        """The tokens of the app that were not ended by themselves."""
        app_id = parse(self.app["id"], Prefix.APP)
        wanted = sa.select(access_tokens.c.id).where(access_tokens.c.app_id == app_id, access_tokens.c.ended_at.is_(None))
        found: list[str] = self.world.change(lambda tx: list(tx.connection.scalars(wanted)))
        return found

    def age(self, **changed: Any) -> None:
        """Change what is stored of the run, as time would."""
        which = tries.c.id == parse(self.run["id"], Prefix.TRY)
        self.world.change(lambda tx: tx.connection.execute(sa.update(tries).where(which).values(**changed)))

    def browser(self) -> Browser:
        return Browser(WorldDoor(self.world), f"http://{ACME}")  # type: ignore[arg-type]

    def go(self, browser: Browser, person: Person | None = None) -> Page:
        """Open the address of the step that waits, sign in and approve, as far as one is asked."""
        page = browser.open(self.run["open"])
        if "signin" in page.forms:
            username = (person or self.world.admin).user.username
            page = browser.submit(page, "signin", username=username, password=PASSWORD)
        if "consent" in page.forms:
            page = browser.submit(page, "consent", decision="approve")
        return page


def trial(world: World, name: str, **said: Any) -> Trial:
    """A new app for everybody, that runs as the admin."""
    body = {"label": name.replace("_", " "), "api_name": name, "contact_email": "dev@example.com", "scopes": ["api"]} | said
    made = world.ask("POST", "/apps", body=body)
    assert made.status_code == 201, made.text
    found = Trial(world, made.json())
    found.edit("policies", permitted_users="self_authorize", run_as_user_id=world.admin.user.id)
    return found


def outcome_of(page: Page) -> str:
    """What the page says to which a browser came back."""
    assert urlsplit(page.url).path == "/setup/try/callback", page.text
    return page.text.partition('data-outcome="')[2].partition('"')[0]
