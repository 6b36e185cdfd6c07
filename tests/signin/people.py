"""People who sign in, and what is looked at while they do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import sqlalchemy as sa
from tests.oauth.browser import Browser, Page
from tests.oauth.door import FORM, OFFICE
from tests.oauth.tenants import Tenant

from gatebridge.crypto import secrets
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.crypto.secrets import Kind, Secret
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User, UserState
from gatebridge.rules.reasons import Reason
from gatebridge.signin import password
from gatebridge.signin.password import Attempt, Begun, Pending
from gatebridge.storage import facts, outbox, people, sessions
from gatebridge.storage.database import Database

PASSWORD = "a river of slow glass"
ELSEWHERE = "203.0.113.77"
AGENT = "Browser/1"


@dataclass(frozen=True)
class Person:
    """A user of an org, and the browser that the user sits at."""

    tenant: Tenant
    user: User
    browser: Browser = field(repr=False)

    @property
    def username(self) -> str:
        return self.user.username

    @property
    def database(self) -> Database:
        return self.tenant.standing.database

    def attempt(self, typed: str = PASSWORD, **changed: Any) -> Attempt:
        """An attempt to sign in from a browser that nobody has used before, unless told otherwise."""
        given = {"username": self.username, "address": OFFICE, "user_agent": AGENT, "operation_id": "", "browser": new_browser(self)}
        return Attempt(password=Secret(typed), **given | changed)

    def signs_in(self, typed: str = PASSWORD, *, hasher: PasswordHasher | None = None, **changed: Any) -> Begun | Pending | Reason:
        house = self.tenant.standing.house
        return password.sign_in(house.database, hasher or house.hasher, self.tenant.org, self.attempt(typed, **changed))

    def wrong(self, times: int, **changed: Any) -> None:
        """So many wrong passwords, each refused."""
        for _ in range(times):
            assert isinstance(self.signs_in("not the password", **changed), Reason)

    def opens(self, path: str = "/signin", browser: Browser | None = None) -> Page:
        return (browser or self.browser).open(path)

    def submits(self, typed: str = PASSWORD, *, username: str | None = None, browser: Browser | None = None) -> Page:
        """Sign in at the page, and go on as far as the browser is led."""
        at = browser or self.browser
        return at.submit(at.open("/signin"), "signin", username=username or self.username, password=typed)

    def submits_only(self, browser: Browser | None = None) -> None:
        """Sign in at the page, and do not go where it leads."""
        at = browser or self.browser
        form = at.open("/signin").forms["signin"]
        typed = form.fields | {"username": self.username, "password": PASSWORD}
        answer = at.step("POST", form.action, {"Content-Type": FORM}, urlencode(typed).encode())
        assert answer.status_code == 303

    def another_browser(self, address: str = OFFICE) -> Browser:
        return Browser(self.tenant.door, self.tenant.org.issuer, address)

    def session(self, browser: Browser | None = None) -> str | None:
        """The value of the session's cookie in a browser."""
        return (browser or self.browser).cookies.get("__Host-gb_session")

    def is_signed_in(self, browser: Browser | None = None) -> bool:
        """Whether the server knows the session of this browser: then the sign-in page leads on."""
        return (browser or self.browser).step("GET", "/signin").status_code == 303

    def now(self) -> User:
        with self.database.snapshot() as tx:
            found = people.by_id(tx, self.tenant.org.id, self.user.id)
        assert found is not None
        return found

    def live_sessions(self) -> int:
        with self.database.snapshot() as tx:
            return len(sessions.live_of_user(tx, self.tenant.org.id, self.user.id))

    def mails(self) -> list[dict[str, str]]:
        """Every mail to this user that waits, oldest first."""
        with self.database.snapshot() as tx:
            waiting = outbox.due(tx, limit=1000)
        found = [cast("dict[str, str]", dict(entry.payload)) for entry in waiting if entry.kind == "mail"]
        return [mail for mail in found if mail["to"] == self.user.email]

    def link(self) -> str:
        """The link in the newest mail that has one, as a path."""
        found = [link for mail in self.mails() for link in re.findall(r"https://[^/\s]+(/\S+\?token=\S+)", mail["text"])]
        return str(found[-1])


def make_person(tenant: Tenant, name: str = "dana", typed: str | None = PASSWORD, **changed: Any) -> Person:
    """A user of the org, active and with a password unless told otherwise."""
    standing = tenant.standing
    with standing.database.transaction() as tx:
        user_id = tx.new_id(Prefix.USER)
        said: dict[str, Any] = {
            "id": user_id,
            "org_id": tenant.org.id,
            "username": f"{name}.{user_id}@{tenant.org.host}",  # its own, so that many may be called alike
            "email": f"{user_id.lower()}@mail.example",
            "first_name": name.capitalize(),
            "last_name": "Okafor",
            "profile_id": tenant.profile.id,
            "state": UserState.ACTIVE,
            "frozen": False,
            "epoch": 0,
            "created_at": tx.now,
        }
        user = User(**said | changed)
        assert people.insert(tx, user, standing.house.hasher.hash(typed) if typed is not None else None)
    return Person(tenant, user, Browser(tenant.door, tenant.org.issuer))


def new_browser(person: Person) -> bytes:
    """The digest of a browser that was never seen before."""
    return secrets.digest(secrets.new(Kind.BROWSER, person.database.random))


def standing_of(person: Person) -> Any:
    with person.database.snapshot() as tx:
        return facts.standing(tx, person.tenant.org.id, person.user.id)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that goes to the database while the block lasts."""
    seen: list[str] = []

    def watch(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", watch)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", watch)


class CountingHasher(PasswordHasher):
    """A hasher that counts what it is asked for."""

    def __init__(self, inner: PasswordHasher) -> None:
        self.__dict__.update(inner.__dict__)
        self.verified = 0
        self.hashed = 0

    def verify(self, stored: str | None, password: str) -> bool:
        self.verified += 1
        return super().verify(stored, password)

    def hash(self, password: str) -> str:
        self.hashed += 1
        return super().hash(password)
