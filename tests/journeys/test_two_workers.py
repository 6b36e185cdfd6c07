"""Ten changes on one worker, with everything held at the other: in force there at the next request of every holder."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from tests.oauth.closures import close
from tests.oauth.door import event_loop
from tests.oauth.everything import HOLDERS, Everything, everything
from tests.oauth.houses import Standing, SteppedClock, standing_house
from tests.oauth.tenants import make_tenant
from tests.oauth.test_gate_matrix import REFUSED, expected

from gatebridge.rules.apps import Dialect

TEN = (
    "user frozen",
    "permission set taken from the user",
    "the user's assignment expired",
    "app blocked",
    "app uninstalled",
    "scopes removed",
    "profile's range tightened",
    "every flow off",
    "level raised by the app",
    "org epoch raised",
)


@pytest.fixture(scope="module")
def workers(postgres: object, postgres_names: Iterator[str], postgres_template: str) -> Iterator[tuple[Standing, Standing]]:
    """Two nodes of one installation on PostgreSQL, each with its own pool, turnstile and caches, and one clock on the wall."""
    url = postgres.create(next(postgres_names), postgres_template)  # type: ignore[attr-defined]
    with event_loop() as loop, ExitStack() as stack:
        clock = SteppedClock()
        yield tuple(stack.enter_context(standing_house(url, loop, clock)) for _ in range(2))  # type: ignore[misc]


def at(held: Everything, standing: Standing) -> Everything:
    """The same things in the same hands, used at another node."""
    portal = held.portal.at(standing)
    portal = replace(portal, guard=portal.guard.at(standing), acme=replace(held.acme, standing=standing))
    held.browser.door = standing.door
    return replace(held, asking=replace(held.asking, portal=portal), acme=portal.acme)


@pytest.mark.parametrize("change", TEN)
def test_what_is_changed_on_one_worker_is_refused_by_the_other_at_the_next_request(workers: tuple[Standing, Standing], change: str) -> None:
    here, there = workers
    held = everything(make_tenant(here), Dialect.STANDARD)
    over_there = at(held, there)
    assert over_there.use("client").wire == over_there.use("token asked about").wire == ("given",)
    close(change, held)
    found = {holder: over_there.use(holder) for holder in HOLDERS}
    assert found == {holder: expected(holder, REFUSED[change].get(holder), Dialect.STANDARD) for holder in HOLDERS}
