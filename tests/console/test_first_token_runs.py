"""What the new-app wizard ends with, pasted as it stands: curl in a shell, Python, and JavaScript for Node, each to a first token."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.clients.node import NODE
from tests.clients.people import Approver
from tests.conformance.relying_party import Person
from tests.conformance.running import PASSWORD, RunningHouse, running_house
from tests.console.new_app_pages import code_of, secret_of, walked
from tests.oauth.browser import Browser

from gatebridge.rules.client_values import NEW_KEY
from gatebridge.rules.ids import long
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import people

SECONDS = 60
# A device waits for its user without our waiting with it: the clock of the house is ahead by then.
SHORT = {
    "sleep": "#!/bin/sh\nexec /bin/sleep 0.2\n",
    "sitecustomize.py": "import time\nwait = time.sleep\ntime.sleep = lambda _: wait(0.2)\n",
}
# What may stand in a callback URL, and means something to a shell.
CALLBACK = "https://ledger.example/callback?tenant='$(touch$IFS''pwned)'"


@dataclass(frozen=True)
class Place:
    """A server with somebody who registers apps, and the directory in which they paste what they are given."""

    house: RunningHouse
    admin: Browser
    home: Path

    def registered(self, kind: str, **typed: str) -> tuple[dict[str, str], str]:
        """The texts for a new app whose users are everybody, and its secret."""
        page = walked(self.admin, kind, f"First {kind}", {"holder_id": long(self.house.profile.id)} | typed)
        assert code_of(page), page.text
        return code_of(page), secret_of(page)

    def started(self, language: str, code: str, secret: str = "") -> subprocess.Popen[str]:
        """The program as somebody runs it who has pasted it."""
        suffix = {"curl": ".sh", "Python": ".py", "JavaScript": ".mjs"}[language]
        file = self.home / f"first_token{suffix}"
        file.write_text(code)
        program = {"curl": shutil.which("bash") or "bash", "Python": sys.executable, "JavaScript": str(NODE)}[language]
        environment = {
            "PATH": f"{self.home}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.home),
            "HOME": str(self.home),
            "NO_PROXY": "*",
            "PYTHONUNBUFFERED": "1",
        }
        environment |= {"CLIENT_SECRET": secret} if secret else {}
        return subprocess.Popen(
            [program, file],
            cwd=self.home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, program: subprocess.Popen[str], typed: str = "") -> str:
        told, wrong = program.communicate(typed, SECONDS)
        assert program.returncode == 0, f"{told}\n{wrong}"
        assert '"access_token"' in told or "access_token:" in told, f"{told}\n{wrong}"
        return told


@pytest.fixture(scope="module")
def place(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory, home = tmp_path_factory.mktemp("server"), tmp_path_factory.mktemp("home")
    (directory / "var").mkdir()
    shutil.copy(sqlite_template, directory / "var" / "gatebridge.db")
    subprocess.run(NEW_KEY.replace("3072", "2048"), shell=True, cwd=home, check=True, capture_output=True)
    for name, text in SHORT.items():
        (home / name).write_text(text)
        (home / name).chmod(0o700)
    with running_house(directory) as house:
        with house.database.transaction() as tx:
            assert people.set_password_hash(tx, house.admin.org_id, str(house.admin.user_id), house.server.house.hasher.hash(PASSWORD))
            edit_org(tx, house.admin, EditOrg(device_flow=True))
        admin = house.browser()
        admin.submit(admin.open("/signin"), "signin", username="ada@acme.example", password=PASSWORD)
        yield Place(house, admin, home)


@pytest.fixture
def user(place: Place) -> Person:
    return Person(place.house.browser(), place.house.person())


LANGUAGES = ("curl", "Python", "JavaScript")


def test_a_service_gets_its_first_token(place: Place) -> None:
    codes, secret = place.registered("service", run_as_user_id=place.house.person("robot").username)
    for language in LANGUAGES:
        place.ended(place.started(language, codes[language], secret))
    # Where the environment has none, the secret is asked for.
    assert "Consumer secret: " in place.ended(place.started("curl", codes["curl"]), f"{secret}\n")


def test_a_job_gets_its_first_token_with_the_key_that_it_made(place: Place) -> None:
    user = place.house.person()
    codes, _ = place.registered("job", upload=(place.home / "server.crt").read_text())
    for language in LANGUAGES:
        place.ended(place.started(language, codes[language].replace("ada@acme.example", user.username)))


# The other languages say of an agent what they say of a web app and of a job, and of an app without a secret what is left of a web app.
@pytest.mark.parametrize(("kind", "languages"), [("web", LANGUAGES), ("agent", ("curl",)), ("spa", ("curl",))])
def test_an_app_with_a_user_at_a_browser_gets_its_first_token(place: Place, user: Person, kind: str, languages: tuple[str, ...]) -> None:
    typed = {"upload": (place.home / "server.crt").read_text()} if kind == "agent" else {}
    codes, secret = place.registered(kind, callbacks=CALLBACK, **typed)
    for language in languages:
        program = place.started(language, codes[language], secret)
        assert program.stdout is not None
        address = next(line.strip() for line in program.stdout if line.startswith(place.house.issuer))
        told = place.ended(program, f"{Approver(place.house, user).visit(address)}\n")
        assert "refresh_token" in told
    assert not (place.home / "pwned").exists()


def test_a_device_gets_its_first_token_when_its_user_has_approved(place: Place, user: Person) -> None:
    codes, _ = place.registered("device")
    for language in LANGUAGES[:2]:
        program = place.started(language, codes[language])
        assert program.stdout is not None
        _, address, _, _, code = program.stdout.readline().split()
        begun = {"verification_uri": address.rstrip(","), "user_code": code}
        assert Approver(place.house, user).approve(begun), json.dumps(begun)
        place.house.clock.wait(seconds=30)
        place.ended(program)
