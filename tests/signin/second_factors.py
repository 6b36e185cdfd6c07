"""People with second factors: an authenticator app that reads the house's clock, and how they go through the second step."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pyotp
from tests.oauth.browser import Browser, Page
from tests.signin.people import PASSWORD, Person

from gatebridge.crypto import totp
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.levels import Level, Requirement
from gatebridge.rules.orgs import Org
from gatebridge.rules.sessions import Session
from gatebridge.setup.my_factors import ConfirmApp, begin_app, confirm_app, new_recovery_codes
from gatebridge.signin import factors, sessions
from gatebridge.storage import factors as stored
from gatebridge.storage import orgs

HIGH = Requirement(Level.HIGH)


@dataclass
class App:
    """An authenticator app in somebody's hand."""

    person: Person
    secret: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many steps away from now."""
        now = self.person.tenant.standing.clock().timestamp()
        return pyotp.TOTP(self.secret).at(int(now) + steps * 30)

    def later(self) -> str:
        """The next code that was not taken yet."""
        self.person.tenant.standing.clock.advance(seconds=30)
        return self.code()

    def wrong(self) -> str:
        """Six digits that are none of those that count now."""
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(digits for digits in (f"{number:06}" for number in range(10)) if digits not in near)


def actor_of(person: Person) -> Actor:
    return Actor(ActorKind.USER, person.tenant.org.id, person.username, frozenset(), user_id=person.user.id)


def with_app(person: Person) -> App:
    """The person has set up an authenticator app, some time ago."""
    with person.database.transaction() as tx:
        begun = begin_app(tx, actor_of(person))
        code = pyotp.TOTP(begun.secret).at(int(tx.now.timestamp()))
        confirm_app(tx, actor_of(person), ConfirmApp(code, "My phone"))
        codes = new_recovery_codes(tx, actor_of(person))
    person.tenant.standing.clock.advance(minutes=2)
    return App(person, begun.secret, codes)


def settings(person: Person, **changed: object) -> None:
    """Change the settings of the person's org."""
    with person.database.transaction() as tx:
        org = orgs.by_id(tx, person.tenant.org.id)
        assert org is not None
        changed_org = replace(org, settings=replace(org.settings, **changed), version=org.version)  # type: ignore[arg-type]
        assert orgs.update(tx, changed_org)


def org_now(person: Person) -> Org:
    with person.database.snapshot() as tx:
        org = orgs.by_id(tx, person.tenant.org.id)
    assert org is not None
    return org


def session_of(person: Person, browser: Browser | None = None) -> Session | None:
    """The live session in a browser."""
    with person.database.snapshot() as tx:
        found = sessions.current(tx, org_now(person), person.session(browser))
    return found.session if found is not None else None


def at_second_step(person: Person, browser: Browser | None = None) -> Page:
    """The right password was typed, and this is the page that follows."""
    page = person.submits(PASSWORD, browser=browser)
    assert page.status == 200, page.text
    return page


def types(person: Person, page: Page, code: str, browser: Browser | None = None) -> Page:
    """Type a code at the page and send it."""
    return (browser or person.browser).submit(page, "code-form", code=code)


def mailed_code(person: Person) -> str:
    """The code in the newest mail."""
    found = re.search(r"^ {4}(\d{8})$", person.mails()[-1]["text"], re.MULTILINE)
    assert found is not None
    return found[1]


def secret_on(page: Page) -> str:
    """The secret that the page shows for typing."""
    shown = re.search(r'id="secret">(.*?)</code>', page.text, re.DOTALL)
    assert shown is not None
    return re.sub(r"<[^>]*>|\s", "", shown[1])


def step_in(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("step", [""])[0]


def factors_of(person: Person) -> list[str]:
    with person.database.snapshot() as tx:
        return [factor.kind for factor in stored.of_user(tx, person.tenant.org.id, person.user.id)]


def seed_of(person: Person) -> bytes:
    with person.database.snapshot() as tx:
        (factor,) = stored.of_user(tx, person.tenant.org.id, person.user.id)
        seed = factors.seed_of(tx, factor)
    assert seed is not None
    assert totp.text_of(seed)
    return seed
