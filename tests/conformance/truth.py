"""The server, what it says of itself, and the means to try it."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.conftest import relying_party
from tests.conformance.relying_party import Person, RelyingParty
from tests.conformance.running import RunningHouse

from gatebridge.rules.app_settings import Flow


class Truth:
    """The server, what it says of itself, and the means to try it."""

    def __init__(self, house: RunningHouse) -> None:
        self.house = house
        self.rp = relying_party(house, flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.USER_AGENT}))
        self.robot = house.app("Robot", run_as=house.person("robot"), flows=frozenset({Flow.CLIENT_CREDENTIALS}), scopes=("api",))

    def somebody(self) -> Person:
        return Person(self.house.browser(), self.house.person())

    def silently(self, rp: RelyingParty, **changed: str) -> str:
        """What an authorization request is told that may ask nobody anything: `login_required` where nothing is wrong with it."""
        return rp.error(*rp.asks(Person(self.house.browser(), self.house.person()), prompt="none", **changed))

    def post(self, endpoint: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Any:
        return self.house.http.post(endpoint, data={"grant_type": "client_credentials", "token": "x"} | dict(form), headers=headers)
