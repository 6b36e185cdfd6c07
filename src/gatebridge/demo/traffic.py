"""The demo's traffic: thirty days of real requests through the real door, under a clock that the demo moves, and every common mistake.

Nothing is inserted: people sign in on the pages, apps redeem codes and refresh, jobs run, and the history is what comes of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.types import ASGIApp

from gatebridge.demo.browser import Browser
from gatebridge.demo.cast import Cast, DemoApp
from gatebridge.demo.clients import AppAt, client_at
from gatebridge.demo.people import KIM, LEE, MAX, NOA, SAM, Person

DAYS = 30
SATURDAY = 5
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


@dataclass(slots=True)
class Story:
    """Who takes part, where, and what they hold by now."""

    app: ASGIApp
    issuer: str
    clock: SteppedClock
    apps: dict[str, DemoApp]
    people: dict[str, Person]
    stack: AsyncExitStack
    refresh: dict[tuple[str, str], str] = field(default_factory=dict)  # the newest refresh token, by app and username

    async def at(self, name: str, address: str, agent: str) -> AppAt:
        """One app, running there."""
        http = await self.stack.enter_async_context(client_at(self.app, self.issuer, address, agent))
        return AppAt(self.apps[name], http, self.issuer, self.clock)

    @asynccontextmanager
    async def browser(self, address: str, agent: str) -> AsyncIterator[Browser]:
        """A fresh browser, closed in the end."""
        browser = Browser(self.app, self.issuer, address, agent)
        try:
            yield browser
        finally:
            await browser.close()


Acts = Mapping[int, Callable[[], None]]


def make(app: ASGIApp, cast: Cast, issuer: str, clock: SteppedClock, today: datetime, acts: Acts) -> None:
    """Thirty days up to `today`, the last of them with what goes wrong in every installation sooner or later.

    `acts` is what an admin does in the night before a day, by its number.
    """
    asyncio.run(_make(app, cast, issuer, clock, today, acts))


async def _make(app: ASGIApp, cast: Cast, issuer: str, clock: SteppedClock, today: datetime, acts: Acts) -> None:
    async with AsyncExitStack() as stack:
        apps = {each.name: each for each in cast.apps}
        people = {each.username: each for each in cast.people}
        story = Story(app, issuer, clock, apps, people, stack)
        jobs = await Jobs.begin(story)
        users = await Users.begin(story)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        workday = 0
        for number in range(DAYS):
            day = midnight - timedelta(days=DAYS - number)
            clock.until(day + timedelta(hours=2))
            await jobs.night()
            if number in acts:
                acts[number]()
            if day.weekday() >= SATURDAY:
                continue
            clock.until(day + timedelta(hours=8, minutes=40))
            await users.morning(workday)
            clock.until(day + timedelta(hours=15, minutes=5))
            await users.afternoon(workday)
            workday += 1
        clock.until(today)
        await jobs.night()
        await users.today()
        await _mistakes(story)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The machines: nightly jobs, and a resource server that asks about their tokens."""

    ledger: AppAt
    loader: AppAt
    feed: AppAt
    orders: AppAt
    reports: AppAt

    @classmethod
    async def begin(cls, story: Story) -> "Jobs":
        return cls(
            await story.at("Ledger Sync", OFFICE, "ledger-sync/2.4"),
            await story.at("Data Loader", OFFICE, "data-loader/61.0"),
            await story.at("Warehouse Feed", WAREHOUSE, "warehouse-feed/1.9"),
            await story.at("Orders API", "10.20.7.40", "orders-api/5.1"),
            await story.at("Login Reports", OFFICE, "sfdx toolbelt"),
        )

    async def night(self) -> None:
        """Each job once; one token is put away when its work is done."""
        values = [await self.ledger.by_itself(), await self.loader.by_itself(scope="api"), await self.feed.by_itself()]
        for value in values:
            await self.orders.ask_about(value)
        await self.ledger.put_away(values[0])
        await self.orders.ask_about(values[0])
        await self.reports.for_user(SAM)


@dataclass(frozen=True, slots=True)
class Users:
    """The people, and the apps that act for them."""

    story: Story
    portal: AppAt
    field_app: AppAt
    insights: AppAt
    bot: AppAt
    screen: AppAt
    dashboard: AppAt
    terminal: AppAt

    @classmethod
    async def begin(cls, story: Story) -> "Users":
        return cls(
            story,
            await story.at("Acme Portal", OFFICE, "acme-portal/3.2"),
            await story.at("Field App", HOME, "FieldApp/7.1 (phone)"),
            await story.at("Revenue Insights", OFFICE, "revenue-insights/0.9"),
            await story.at("Expense Bot", OFFICE, "expense-bot/1.1"),
            await story.at("Meeting Room Screen", OFFICE, "RoomScreen/4.0 (Berlin 3.14)"),
            await story.at("Legacy Dashboard", OFFICE, "Firefox/146"),
            await story.at("Salesforce CLI", OFFICE, "sfdx toolbelt"),
        )

    async def morning(self, number: int) -> None:
        """People sign in to what they have no access to yet, and apps go on with what they have. `number` counts the workdays."""
        for username in (SAM, KIM, MAX):
            await self._use(self.portal, username, OFFICE, "Firefox/146")
        if number % 3 == 0:
            await self._use(self.field_app, KIM, HOME, "Mobile Safari/19")
        if number == 4:
            await self._use(self.insights, LEE, OFFICE, "Chromium/156")
        if number == 7:
            await self._sign_in(self.insights, SAM, OFFICE, "Firefox/146", decision="deny")
        if number == 2:
            await self._connect(self.screen, SAM)
        if number % 7 == 3:
            await self._sign_in(self.terminal, SAM, OFFICE, "Firefox/146")
        if number % 5 == 1:
            async with self.story.browser(OFFICE, "Firefox/146") as browser:
                await self.dashboard.token_in_address(browser, self.story.people[SAM])
        await self.bot.for_user(SAM)

    async def afternoon(self, number: int) -> None:
        """Refreshing, and on some days a mistake."""
        for app, username in (
            (self.portal, SAM),
            (self.portal, KIM),
            (self.field_app, KIM),
            (self.insights, LEE),
            (self.screen, SAM),
            (self.terminal, SAM),
        ):
            await self._refresh(app, username)
        if number % 6 == 2:
            await self._sign_in(self.portal, NOA, OFFICE, "Edge/150")
        if number % 9 == 5:
            await self.bot.for_user(NOA)
        if number == 11:
            await self._talked_into()
        if number == 15:
            await self._copied()

    async def today(self) -> None:
        """Whoever opens the demo finds people signed in and apps in use."""
        for app, username in ((self.portal, SAM), (self.field_app, KIM), (self.insights, LEE)):
            await self._use(app, username, OFFICE, "Firefox/146")
        await self.bot.for_user(KIM)

    async def _use(self, app: AppAt, username: str, address: str, agent: str) -> None:
        """Refresh where that works, else sign in; then ask who it is."""
        if not await self._refresh(app, username):
            await self._sign_in(app, username, address, agent)

    async def _sign_in(self, app: AppAt, username: str, address: str, agent: str, **extra: str) -> None:
        async with self.story.browser(address, agent) as browser:
            answer = await app.signed_in(browser, self.story.people[username], **extra)
        await self._keep(app, username, answer)

    async def _refresh(self, app: AppAt, username: str) -> bool:
        value = self.story.refresh.get((app.app.name, username))
        return value is not None and await self._keep(app, username, await app.refreshed(value))

    async def _keep(self, app: AppAt, username: str, answer: dict[str, str]) -> bool:
        if "access_token" not in answer:
            self.story.refresh.pop((app.app.name, username), None)
            return False
        if "refresh_token" in answer:
            self.story.refresh[app.app.name, username] = answer["refresh_token"]
        await app.who(answer["access_token"])
        return True

    async def _connect(self, device: AppAt, username: str, **said: str) -> None:
        async with self.story.browser(OFFICE, "Firefox/146") as browser:
            answer = await device.connected(browser, self.story.people[username], **said)
        await self._keep(device, username, answer)

    async def _talked_into(self) -> None:
        """Somebody on the telephone reads a code to Kim, who says on the page that this is what happened: nobody gets in."""
        theirs = await self.story.at("Meeting Room Screen", STRANGE, "python-requests/2.32")
        await self._connect(theirs, KIM, told="yes")

    async def _copied(self) -> None:
        """Somebody has a copy of the phone's refresh token and uses it later, from elsewhere: the family dies, and Kim signs in anew."""
        stolen = self.story.refresh.get((self.field_app.app.name, KIM))
        await self._refresh(self.field_app, KIM)
        self.story.clock.until(self.story.clock() + timedelta(minutes=12))
        thief = await self.story.at("Field App", STRANGE, "python-requests/2.32")
        if stolen is not None:
            await thief.refreshed(stolen)
        await self._use(self.field_app, KIM, HOME, "Mobile Safari/19")


async def _mistakes(story: Story) -> None:
    elsewhere = await story.at("Ledger Sync", STRANGE, "python-requests/2.32")
    office = await story.at("Ledger Sync", OFFICE, "ledger-sync/2.4")
    for name in ("Partner Portal", "Old Importer"):
        await (await story.at(name, OFFICE, "curl/8.5")).by_itself()
    for scope in ("api refresh_token full", "cdp_api"):
        await office.by_itself(scope=scope)
    form = {"grant_type": "client_credentials", "client_id": elsewhere.app.key, "client_secret": "gbs_not-the-secret"}
    await elsewhere.http.post("/services/oauth2/token", data=form)
    await (await story.at("Warehouse Feed", STRANGE, "warehouse-feed/1.9")).by_itself()
    async with story.browser(STRANGE, "Chromium/156") as browser:
        page = await browser.open("/signin")
        for guess in ("123456", "password", "Summer2026"):
            await browser.send(page, "signin", username=KIM, password=guess)
