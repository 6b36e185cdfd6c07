"""The person whom third-party clients send to the server, and who approves their devices."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from tests.conformance.relying_party import Person
from tests.conformance.running import RunningHouse


class Approver:
    """Somebody who goes where an application sends the browser, and does as the pages say."""

    def __init__(self, house: RunningHouse, person: Person) -> None:
        self.house = house
        self.person = person

    def visit(self, url: str) -> str:
        """The address at which the browser arrives at the application."""
        visit = self.person.visit(url)
        assert visit.went_to is not None, f"{visit.page.status} {visit.page.url}\n{visit.page.text[:600]}"
        return visit.went_to

    def approve(self, begun: Mapping[str, Any]) -> bool:
        """Type the code of a device at the address that it shows, say that nobody asked for it, and approve."""
        browser = self.person.browser
        page = self.person.visit(begun["verification_uri"]).page
        page = browser.submit(page, "connect", user_code=begun["user_code"])
        form = page.forms["connect-device"]
        said = {"told": "no", "decision": "approve"}
        if "match_number" in begun:
            said["number"] = begun["match_number"]
        page = browser.post(urljoin(page.url, form.action), form.fields | said)
        return page.status == 200 and "approved" in page.url
