"""Killing the server with -9 under mixed load: what was acknowledged holds, what was used or ended stays so, and nothing is half done."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.journeys.installation import Installation, Server, wait_until
from tests.journeys.people_org import PASSWORD, PeopleOrg, WebApp, answer_of, is_active, new_verifier, people

from gatebridge.demo.browser import Forms
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.storage import orgs

ROUNDS = 2
ENOUGH = 12  # acknowledged acts of each kind before the server is killed


@dataclass
class Ledger:
    """What clients were told, written down when the whole answer had arrived and not before."""

    redeemed: list[tuple[str, str]] = field(default_factory=list)  # codes that bought something, with their verifiers
    rotated: list[str] = field(default_factory=list)  # refresh tokens two generations old: their successor's successor was acknowledged
    newest: dict[int, str] = field(default_factory=dict)  # the newest refresh token of each family, by client
    alive: list[str] = field(default_factory=list)  # the newest access token of each family
    revoked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # answers that are neither the expected one nor a broken connection

    def has_enough(self) -> bool:
        return min(len(self.redeemed), len(self.rotated), len(self.revoked)) >= ENOUGH


class Load:
    """Clients that work until the server is gone."""

    def __init__(self, server: Server, org: PeopleOrg, ledger: Ledger) -> None:
        self.server, self.app, self.ledger = server, org.chooser, ledger
        self.cookies = sign_in(server, org)
        works: list[Callable[[httpx.Client], None]] = [self.redeem, self.redeem_and_revoke, *[self.refresher(n) for n in range(3)]]
        self.threads = [threading.Thread(target=self.run, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()

    def run(self, work: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=self.server.base_url, trust_env=False, timeout=10, cookies=self.cookies) as http:
            try:
                while True:
                    work(http)
            except httpx.TransportError:
                return  # the server was killed in the middle of an answer, as is meant

    def tokens(self, http: httpx.Client) -> dict[str, str] | None:
        verifier = new_verifier()
        back = http.get(self.app.authorization(verifier))
        code = answer_of(back.headers.get("location", "")).get("code")
        if code is None:
            self.ledger.wrong.append(f"no code: {back.status_code} {back.headers.get('location')}")
            return None
        answer = self.app.redeem(http, code, verifier)
        if answer.status_code != 200:
            self.ledger.wrong.append(f"{answer.status_code} {answer.text[:200]}")
            return None
        self.ledger.redeemed.append((code, verifier))
        given: dict[str, str] = answer.json()
        return given

    def redeem(self, http: httpx.Client) -> None:
        self.tokens(http)

    def redeem_and_revoke(self, http: httpx.Client) -> None:
        given = self.tokens(http)
        if given is not None:
            done = http.post("/services/oauth2/revoke", data={"token": given["refresh_token"]}, auth=(self.app.key, self.app.secret or ""))
            if done.status_code == 200:
                self.ledger.revoked.append(given["access_token"])
            else:
                self.ledger.wrong.append(f"revoke {done.status_code}")

    def refresher(self, number: int) -> Callable[[httpx.Client], None]:
        family: list[str] = []

        def refresh(http: httpx.Client) -> None:
            if not family:
                given = self.tokens(http)
                if given is not None:
                    family.append(given["refresh_token"])
                return
            answer = self.app.refresh(http, family[-1])
            if answer.status_code != 200:
                self.ledger.wrong.append(f"refresh {answer.status_code} {answer.text[:200]}")
                return
            family.append(answer.json()["refresh_token"])
            self.ledger.newest[number] = family[-1]
            if len(family) >= 3:
                self.ledger.rotated.append(family[-3])

        return refresh

    def wait_for_its_clients(self) -> None:
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive(), "a client waits for a server that is dead"


def sign_in(server: Server, org: PeopleOrg) -> httpx.Cookies:
    """The cookies of a browser whose user has signed in and approved the app once."""
    with httpx.Client(base_url=server.base_url, trust_env=False, timeout=10) as http:
        answer = http.get(org.chooser.authorization(new_verifier()), follow_redirects=True)
        for form_id, typed in (("signin", {"username": org.ben, "password": PASSWORD}), ("consent", {"decision": "approve"})):
            form = Forms(answer.text).found.get(form_id)
            if form is None:
                continue
            answer = http.post(httpx.URL(str(answer.url)).join(form.action), data=form.fields | typed)
            while answer.next_request is not None and not str(answer.next_request.url).startswith(org.chooser.callback):
                answer = http.get(str(answer.next_request.url))
        return http.cookies


def refused(http: httpx.Client, app: WebApp, *, code: tuple[str, str] | None = None, refresh: str | None = None) -> bool:
    answer = app.redeem(http, *code) if code is not None else app.refresh(http, refresh or "")
    return answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


def test_X_RL_01_a_kill_under_mixed_load_loses_nothing_acknowledged_and_revives_nothing_used(
    installation: Installation, tmp_path: Path
) -> None:
    org = rotating(installation, people(installation, tmp_path))
    for _ in range(ROUNDS):
        ledger = Ledger()
        with installation.serving() as server:
            load = Load(server, org, ledger)
            wait_until(ledger.has_enough, "acknowledged work of every kind", 60)
            server.kill()
            load.wait_for_its_clients()
        assert ledger.wrong == []
        with installation.serving() as server:
            http, app = server.client, org.chooser
            assert not any(is_active(http, app, token) for token in ledger.revoked)
            for family in ledger.newest.values():
                # The newest acknowledged one, or, where the kill came between commit and answer, a repetition within the grace.
                assert app.refresh(http, family).status_code == 200
            assert all(refused(http, app, code=code) for code in ledger.redeemed[-ENOUGH:])
            assert all(refused(http, app, refresh=old) for old in ledger.rotated[-ENOUGH:])


def rotating(installation: Installation, org: PeopleOrg) -> PeopleOrg:
    """The same org, whose app gets a new refresh token at each use, and as many grants as the load makes."""
    with installation.database() as database, database.transaction() as tx:
        first = orgs.first(tx)
        assert first is not None
        operator = Actor(ActorKind.OPERATOR, first.id, "the operator", EVERY_POWER)
        edit_settings(tx, operator, EditSettings(org.chooser.app_id, rotate_refresh_tokens=True))
        edit_policies(tx, operator, EditPolicies(org.chooser.app_id, max_grants_per_user=100))
    return org
