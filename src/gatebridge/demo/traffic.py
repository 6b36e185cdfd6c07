"""The demo's traffic: thirty days of real requests through the real door, under a clock that the demo moves, and every common mistake.

Nothing is inserted: people sign in on the pages, apps redeem codes and refresh, jobs run, and the history is what comes of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from gatebridge.demo import asking, factors, mistakes, tries
from gatebridge.demo.cast import Cast
from gatebridge.demo.clients import AppAt
from gatebridge.demo.jobs import Jobs
from gatebridge.demo.partner import FORECAST, LOOK_ALIKE, QUOTES, SLIDES, TRACKING
from gatebridge.demo.people import DANA, INES, KIM, LEE, MAX, NOA, SAM, Person
from gatebridge.demo.story import HOME, OFFICE, STRANGE, Story, World

DAYS = 30
SATURDAY = 5
MAX_STAYS_AWAY = range(13, 18)  # the workdays on which he does not try whether he is still frozen

Acts = Mapping[int, Callable[[], None]]
Happening = Callable[[], Awaitable[None]]


def make(world: World, cast: Cast, today: datetime, acts: Acts) -> tuple[Person, ...]:
    """Thirty days up to `today`, the last of them with what goes wrong in every installation sooner or later.

    `acts` is what an admin does in the night before a day, by its number. The people as they are afterwards, with what they have set up.
    """
    return asyncio.run(_make(world, cast, today, acts))


async def _make(world: World, cast: Cast, today: datetime, acts: Acts) -> tuple[Person, ...]:
    async with AsyncExitStack() as stack:
        apps = {each.name: each for each in cast.apps}
        people = {each.username: each for each in cast.people}
        story, clock = Story(world, apps, people, stack), world.clock
        jobs = await Jobs.begin(story)
        users = await Users.begin(story)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        workday = 0
        for number in range(DAYS):
            day = midnight - timedelta(days=DAYS - number)
            clock.until(day + timedelta(hours=2))
            await jobs.night()
            if number % 6 == 4:
                await jobs.shift()  # on the days after the clocks of the planner were reset: nobody may come in at night
            if number in acts:
                acts[number]()
            at_work = day.weekday() < SATURDAY
            if at_work:
                clock.until(day + timedelta(hours=8, minutes=40))
                await users.morning(workday)
                await jobs.shift()
                clock.until(day + timedelta(hours=15, minutes=5))
                await users.afternoon(workday)
            workday += at_work
            for hour in (18, 20, 22):
                clock.until(day + timedelta(hours=hour))
                await jobs.stock()
        for moment, happens in _last_day(story, jobs, users, midnight, today):
            clock.until(moment)
            await happens()
        return tuple(people.values())


def _last_day(story: Story, jobs: Jobs, users: "Users", midnight: datetime, today: datetime) -> list[tuple[datetime, Happening]]:
    """What happens in the hours before `today`, in its order: whatever goes wrong has its hour, and at last people are at work."""
    planned: list[tuple[datetime, Happening]] = [(midnight + timedelta(hours=hour), jobs.stock) for hour in (4, 7, 10, 13, 16, 19)]
    wrong = {19: mistakes.of_machines, 8: mistakes.of_developers, 3: mistakes.of_strangers}
    planned += [(today - timedelta(hours=ago), partial(each, story)) for ago, each in wrong.items()]
    planned += [(today, jobs.night), (today, users.today)]
    return sorted((each for each in planned if each[0] <= today), key=lambda each: each[0])


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
    payroll: AppAt
    tracking: AppAt
    forecast: AppAt
    quotes: AppAt
    slides: AppAt
    look_alike: AppAt

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
            await story.at("Payroll", OFFICE, "payroll/11.2"),
            await story.at(TRACKING, OFFICE, "northwind-tracking/1.4"),
            await story.at(FORECAST, OFFICE, "northwind-forecast/0.8"),
            await story.at(QUOTES, OFFICE, "quote-builder/2.0"),
            await story.at(SLIDES, OFFICE, "slide-maker/0.3"),
            await story.at(LOOK_ALIKE, OFFICE, "python-requests/2.32"),
        )

    async def morning(self, number: int) -> None:
        """People sign in to what they have no access to yet, and apps go on with what they have. `number` counts the workdays."""
        for username in (SAM, KIM) if number in MAX_STAYS_AWAY else (SAM, KIM, MAX):
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
        if number == 1:
            await self._set_up_a_factor()
        if number % 5 == 3:
            await self._sign_in(self.payroll, INES, OFFICE, "Edge/150")
        if number in (6, 8, 10):
            await self._use(self.tracking, KIM, OFFICE, "Firefox/146")
        if number == 12:
            await self._take_up(self.quotes)
        if number in (15, 18):
            await self._use_alone(self.quotes)
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
        if number == 13:
            await self._try_out("Ledger Sync", "Data Loader")
        if number == 15:
            await self._copied()
        if number == 16:
            await self._ask(LEE, self.portal, "I look after the portal's connection, and want to see what its users see.")
            await self._ask(LEE, self.forecast, "Sales would like to try it for a month.")

    async def today(self) -> None:
        """Whoever opens the demo finds people signed in and apps in use."""
        for app, username in ((self.portal, SAM), (self.field_app, KIM), (self.insights, LEE)):
            await self._use(app, username, OFFICE, "Firefox/146")
        await self.bot.for_user(KIM)
        await self._ask(NOA, self.portal, "Kim is away from Monday, and I answer for her orders.")
        await self._ask(SAM, self.tracking, "Where are the pallets for Gera? Without the map we telephone all day.")
        await self._take_up(self.slides)
        await self._taken_in()

    async def _ask(self, username: str, app: AppAt, words: str) -> None:
        """Be turned away, and ask an admin on the page that says so."""
        ask = asking.for_app if app in (self.tracking, self.forecast) else asking.for_access
        async with self.story.browser(OFFICE, "Firefox/146") as browser:
            await ask(browser, app, self.story.people[username], words)

    async def _take_up(self, app: AppAt) -> None:
        """Kim, who may, takes an app up that no admin has installed."""
        async with self.story.browser(OFFICE, "Firefox/146") as browser:
            await asking.for_oneself(browser, app, self.story.people[KIM])

    async def _use_alone(self, app: AppAt) -> None:
        """Kim uses what nobody else knows here: it is told to nobody who has not signed in, so that comes first."""
        kim = self.story.people[KIM]
        if not await self._refresh(app, KIM):
            async with self.story.browser(OFFICE, "Firefox/146") as browser:
                await browser.sign_in(kim.username, kim.password)
                answer = await app.signed_in(browser, kim)
            await self._keep(app, KIM, answer)

    async def _taken_in(self) -> None:
        """A mail leads Kim to an app with a name that is almost right; the page that asks says so, and Kim reports it."""
        await self._take_up(self.look_alike)
        words = "A mail asked me to sign in to Revenue Insights again. The page says that this is another app."
        async with self.story.browser(OFFICE, "Firefox/146") as browser:
            await asking.report(browser, self.look_alike, self.story.people[KIM], words)

    async def _try_out(self, *names: str) -> None:
        """Dana shows of these jobs that they work, and that a wrong secret does not."""
        async with self.story.browser(OFFICE, "Chromium/156") as browser:
            await tries.both_ways(browser, self.story.people[DANA], *(self.story.apps[name].app_id for name in names))

    async def _set_up_a_factor(self) -> None:
        """Ines adds an authenticator app, since Payroll lets nobody in without."""
        async with self.story.browser(OFFICE, "Edge/150") as browser:
            seed = await factors.set_up(browser, self.story.people[INES], self.story.world.clock(), self.story.world.newest_mail)
        self.story.people[INES] = replace(self.story.people[INES], seed=seed)

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
        self.story.world.clock.until(self.story.world.clock() + timedelta(minutes=12))
        thief = await self.story.at("Field App", STRANGE, "python-requests/2.32")
        if stolen is not None:
            await thief.refreshed(stolen)
        await self._use(self.field_app, KIM, HOME, "Mobile Safari/19")
