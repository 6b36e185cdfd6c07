"""The demo that is photographed: one of its own, in an empty directory and ended afterwards, or one that is running."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import Page
from tests.journeys.installation import PROGRAM, free_port

START_SECONDS = 300  # it lives through a month before it answers, perhaps on a machine that does other things
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is running, and what its file says of people and apps."""

    base_url: str
    kept: Mapping[str, Any]

    @classmethod
    def at(cls, file: Path) -> "Demo":
        """The demo of which this is the file."""
        kept = json.loads(file.read_text())
        return cls(kept["base_url"], kept)

    def user(self, name: str) -> Mapping[str, str]:
        """The person whose username begins with this."""
        return next(each for each in self.kept["users"] if each["username"].startswith(name))

    def app(self, name: str) -> Mapping[str, Any]:
        """The app of this name."""
        return next(each for each in self.kept["apps"] if each["name"] == name)

    def sign_in(self, page: Page, name: str, then: str = "/me") -> None:
        """Sign in as a person would."""
        page.goto(f"{self.base_url}/signin?then={then}")
        self.fill_in(page, name)

    def fill_in(self, page: Page, name: str) -> None:
        """Fill in the form of the sign-in page, and come to where it leads."""
        who = self.user(name)
        page.fill("#signin input[name=username]", who["username"])
        page.fill("#signin input[name=password]", who["password"])
        with page.expect_navigation():
            page.press("#signin input[name=password]", "Enter")


@contextmanager
def own_demo() -> Iterator[Demo]:
    """A demo at a port of its own, for as long as the block lasts."""
    with TemporaryDirectory(prefix="gatebridge-screenshots-") as directory:
        place, port = Path(directory), free_port()
        environ = {"PATH": os.environ["PATH"], "HOME": directory, "PORT": str(port)}
        with (place / "said").open("wb") as said:
            server = subprocess.Popen((*PROGRAM, "run-demo"), env=environ, cwd=place, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            _wait_until_ready(server, f"http://localhost:{port}/readyz", place / "said")
            yield Demo.at(place / "var" / "demo.json")
        finally:
            server.terminate()
            server.wait(STOP_SECONDS)


def _wait_until_ready(server: subprocess.Popen[bytes], address: str, said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(address, trust_env=False).is_success:
                return
        time.sleep(0.2)
    raise RuntimeError(f"The demo did not start:\n{said.read_text()[-3000:]}")
