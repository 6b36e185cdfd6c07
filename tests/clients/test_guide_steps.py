"""What the guides of `gatebridge connect` tell people to type, typed as it stands, with the clients as they are published.

Each client has its own stories beside this file. Those written in Python type their guides there; here are the two that run on Node.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.clients import node
from tests.clients.guided import KEY, guided
from tests.clients.salesforce_house import SalesforceHouse, Service, salesforce_house
from tests.clients.sf_program import PROGRAM, SETTINGS, the_port
from tests.clients.tls import TlsDoor, tls_door

from gatebridge.cli import connect_auth_url
from gatebridge.rules import client_steps
from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.client_guides import SF_AUTH_URL, GuidedClient
from gatebridge.rules.client_values import Values

SECONDS = 60


@dataclass(frozen=True)
class Place:
    """A server behind its TLS door, and the directory in which somebody works."""

    house: SalesforceHouse
    door: TlsDoor
    home: Path

    def run(self, *command: str | Path, environment: dict[str, str]) -> str:
        ended = subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
        return ended.stdout


@pytest.fixture(scope="module")
def place(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    with (
        tls_door(tmp_path_factory.mktemp("tls")) as door,
        salesforce_house(tmp_path_factory.mktemp("running"), sqlite_template, door) as house,
    ):
        yield Place(house, door, home)


def test_sf_signs_in_with_the_auth_url_that_the_command_line_has_made(place: Place) -> None:
    person = place.house.at_a_browser(place.house.admin)

    def visit(address: str) -> None:
        went_to = person.visit(address).went_to
        assert went_to is not None
        httpx.get(went_to, trust_env=False)

    with the_port(), httpx.Client(verify=place.door.authority.client_context(), trust_env=False) as http:
        made = connect_auth_url.make(http, place.house.url, PLATFORM_CLI, None, visit)
    file = place.home / "org.authurl"
    file.write_text(connect_auth_url.written(made, file))
    program = place.home / "bin" / "sf"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {node.NODE} {node.installed("salesforce_cli") / PROGRAM} "$@" --json\n')
    program.chmod(0o700)
    # By the first step the file was made; those behind the second are in the CLI's own stories.
    typed = client_steps.steps(GuidedClient.SF, SF_AUTH_URL, Values(place.house.url, PLATFORM_CLI))[1].code
    machine = node.Machine(place.home, place.door.authority.bundle)
    environment = machine.environment | SETTINGS | {"PATH": f"{program.parent}:{os.defpath}"}
    signed_in = json.loads(place.run("/bin/sh", "-ec", typed, environment=environment))["result"]
    assert (signed_in["username"], signed_in["instanceUrl"]) == (place.house.admin.username, place.house.url)
    assert not file.exists()


def test_jsforce_acts_by_its_key(place: Place) -> None:
    (place.home / "node_modules").symlink_to(node.installed("jsforce") / "node_modules")
    way = guided(place.house, GuidedClient.JSFORCE, "jwt")
    (place.home / "server.key").write_text(Service(way.app, KEY).pem)
    code = "\n".join(way.steps)
    (place.home / "steps.mjs").write_text(f"{code}\nconsole.log(JSON.stringify({{ username, records }}));\n")
    machine = node.Machine(place.home, place.door.authority.bundle)
    told = json.loads(place.run(node.NODE, "steps.mjs", environment=machine.environment))
    assert told["username"] == place.house.clerk.username
    assert {"LoginTime", "Application", "Status"} <= set(told["records"][0])
