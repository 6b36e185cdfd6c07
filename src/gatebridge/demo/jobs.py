"""The jobs of the demo: machines that come every night, and a resource server that asks about their tokens."""

from dataclasses import dataclass

from gatebridge.demo.clients import AppAt
from gatebridge.demo.people import SAM
from gatebridge.demo.story import OFFICE, WAREHOUSE, Story


@dataclass(frozen=True, slots=True)
class Jobs:
    """Each of them, where it runs."""

    ledger: AppAt
    loader: AppAt
    feed: AppAt
    orders: AppAt
    reports: AppAt
    shifts: AppAt

    @classmethod
    async def begin(cls, story: Story) -> "Jobs":
        return cls(
            await story.at("Ledger Sync", OFFICE, "ledger-sync/2.4"),
            await story.at("Data Loader", OFFICE, "data-loader/61.0"),
            await story.at("Warehouse Feed", WAREHOUSE, "warehouse-feed/1.9"),
            await story.at("Orders API", "10.20.7.40", "orders-api/5.1"),
            await story.at("Login Reports", OFFICE, "sfdx toolbelt"),
            await story.at("Shift Planner", WAREHOUSE, "shift-planner/3.0"),
        )

    async def night(self) -> None:
        """Each job once; one token is put away when its work is done."""
        values = [await self.ledger.by_itself(), await self.loader.by_itself(scope="api"), await self.feed.by_itself()]
        for value in values:
            await self.orders.ask_about(value)
        await self.ledger.put_away(values[0])
        await self.orders.ask_about(values[0])
        await self.reports.for_user(SAM)

    async def stock(self) -> None:
        """The levels of the stock, a few times a day."""
        await self.feed.by_itself()

    async def shift(self) -> None:
        """The plan of a shift, at an hour of somebody's choice."""
        await self.shifts.by_itself()
