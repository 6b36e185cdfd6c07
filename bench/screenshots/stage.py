"""A demo and a browser in front of it, and what somebody does there."""

from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Page

from bench.screenshots.demo import Demo
from gatebridge.demo.clients import challenge_of
from gatebridge.oauth import authorize, device_authorization


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo, and a browser in which nobody is signed in yet."""

    demo: Demo
    page: Page

    def go(self, path: str) -> None:
        """To an address of the demo."""
        self.page.goto(f"{self.demo.base_url}{path}")

    def as_(self, name: str, path: str) -> None:
        """Sign in as this person, and go there."""
        self.demo.sign_in(self.page, name)
        self.go(path)

    def press(self, selector: str) -> None:
        """Press a button or follow a link, and wait for the page behind it."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def find(self, begin: str, link: str) -> None:
        """From the page at this address, follow the first link of this kind."""
        self.go(begin)
        self.press(link)

    def device_asks(self, address: str = "127.0.0.1", **said: str) -> str:
        """A screen on the wall asks from this address of the machine; the code that it shows."""
        form = {"client_id": self.demo.app("Meeting Room Screen")["key"], "match_number": "true"}
        host = self.demo.base_url.partition("://")[2]
        at = f"http://127.0.0.1:{host.partition(':')[2]}{device_authorization.PATH}"
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address), headers={"Host": host}, trust_env=False) as device:
            return str(device.post(at, data=form | said).json()["user_code"])

    def sent_by(self, name: str, **said: str) -> None:
        """Arrive at the door as the app of this name sends its users."""
        app = self.demo.app(name)
        challenge = challenge_of("a verifier that is long enough for every server")
        asked = {
            "response_type": "code",
            "client_id": app["key"],
            "redirect_uri": app["callback"],
            "state": "7Qx",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.go(f"{authorize.PATH}?{urlencode(asked | said)}")


def looks(path: str, stage: Stage, name: str = "") -> None:
    """Open this address, signed in as this person or as nobody."""
    if name:
        stage.as_(name, path)
    else:
        stage.go(path)
