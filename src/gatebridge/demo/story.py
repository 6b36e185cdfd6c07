"""A story of the demo: who takes part, on a clock that the story moves, and what they hold by now."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from starlette.types import ASGIApp

from gatebridge.demo.browser import Browser
from gatebridge.demo.clients import AppAt, client_at
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.people import Person

OFFICE, WAREHOUSE, HOME, STRANGE = "127.0.0.1", "10.20.7.31", "198.51.100.24", "203.0.113.9"


@dataclass(slots=True)
class SteppedClock:
    """The time of the demo while it is being built: it stands still until the story goes on, and never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def until(self, moment: datetime) -> None:
        """Go on to this moment, unless it is past."""
        self.now = max(self.now, moment)


@dataclass(frozen=True, slots=True)
class World:
    """The server in which the story happens, with its clock, and the mailboxes of its people."""

    app: ASGIApp
    issuer: str
    clock: SteppedClock
    newest_mail: Callable[[], str]


@dataclass(slots=True)
class Story:
    """Who takes part, where, and what they hold by now."""

    world: World
    apps: dict[str, DemoApp]
    people: dict[str, Person]
    stack: AsyncExitStack
    refresh: dict[tuple[str, str], str] = field(default_factory=dict)  # the newest refresh token, by app and username

    async def at(self, name: str, address: str, agent: str) -> AppAt:
        """One app, running there."""
        http = await self.stack.enter_async_context(client_at(self.world.app, self.world.issuer, address, agent))
        return AppAt(self.apps[name], http, self.world.issuer, self.world.clock)

    @asynccontextmanager
    async def browser(self, address: str, agent: str) -> AsyncIterator[Browser]:
        """A fresh browser, closed in the end."""
        browser = Browser(self.world.app, self.world.issuer, address, agent)
        try:
            yield browser
        finally:
            await browser.close()
