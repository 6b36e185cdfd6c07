"""Two people who change one thing at the same moment: the second waits for the first, and never each for the other.

SQLite has one writer, so this is about PostgreSQL, where two who take the same locks in different order end in an error for one of them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.setup.mail import mails, token_in
from tests.setup.stage import Clock, Stage

from gatebridge.rules.access_requests import AccessRequest, RequestKind
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.reasons import Refused
from gatebridge.rules.sessions import Session
from gatebridge.setup.access_requests import ApproveRequest, BlockRequest, approve_request, block_request
from gatebridge.setup.ask_for_access import AskForApp, ask_for_app
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.contain_app import ContainApp, contain_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.invite_users import AcceptInvitation, InviteUser, accept_invitation, invite_user
from gatebridge.setup.revoke import RevokeApp, RevokeUser, revoke_app, revoke_user
from gatebridge.setup.rotate_secret import RotateSecret, rotate_secret
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.setup.use_uninstalled import UseUninstalled, use_uninstalled
from gatebridge.storage import access_requests, sessions
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.database import open_database
from gatebridge.storage.tx import Tx

WHY = "as was agreed"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

Verb = tuple[Callable[..., object], object]


class UndoneError(Exception):
    """Ends a transaction whose locks were all that mattered."""


class Paused:
    """Stops one transaction behind its statement number `at` of those that lock rows, until somebody lets it go on."""

    def __init__(self, at: int) -> None:
        self._left = at
        self._go = threading.Event()
        self.reached = threading.Event()

    def behind(self, statement: str) -> None:
        if not statement.startswith("SELECT") or "FOR UPDATE" in statement:
            self._left -= 1
            if not self._left:
                self.reached.set()
                self._go.wait(10)

    def go_on(self) -> None:
        self._go.set()


@dataclass(frozen=True, slots=True)
class Scene:
    """An app of Acme that Otto's org was asked to install, and two people who are about to do something; what they do is undone."""

    stage: Stage
    app_id: str
    key: str
    request_id: str

    def verb(self, name: str) -> Verb:
        verbs: dict[str, Verb] = {
            "install": (install_app, InstallApp(self.key, self.stage.clock.now + timedelta(days=3))),
            "use": (use_uninstalled, UseUninstalled(self.key)),
            "ask": (ask_for_app, AskForApp(self.key, "Please, once more.")),
            "approve": (approve_request, ApproveRequest(self.request_id)),
            "block request": (block_request, BlockRequest(self.request_id, WHY)),
            "uninstall": (uninstall_app, UninstallApp(self.app_id, WHY)),
            "block": (block_app, BlockApp(self.app_id, WHY)),
            "revoke": (revoke_app, RevokeApp(self.app_id, WHY)),
            "edit": (edit_policies, EditPolicies(self.app_id, access_token_minutes=30)),
            "rotate": (rotate_secret, RotateSecret(self.app_id, overlap_hours=0)),
            "delete": (delete_app, DeleteApp(self.app_id, "Foreign_App", WHY)),
        }
        return verbs[name]

    def at_once(self, first: Verb, second: Verb, actor: Actor) -> None:
        """Do the second at every moment of the first at which that holds one lock more. Raises what is no refusal."""
        for at in range(1, 100):
            pause = Paused(at)
            with ThreadPoolExecutor(2) as people, self._pausing(pause):
                one = people.submit(self._undone, first, actor, "first")
                while not (pause.reached.wait(0.001) or one.done()):
                    pass
                if one.done():
                    one.result()
                    return
                two = people.submit(self._undone, second, actor, "second")
                self._until_it_waits(two)
                pause.go_on()
                one.result(10)
                two.result(10)
        raise AssertionError("The first never came to its end")

    def _undone(self, verb: Verb, actor: Actor, name: str) -> None:
        threading.current_thread().name = name
        with suppress(UndoneError), self.stage.database.transaction() as tx:
            with suppress(Refused):
                verb[0](tx, actor, verb[1])
            raise UndoneError

    @contextmanager
    def _pausing(self, pause: Paused) -> Iterator[None]:
        def behind(*said: Any) -> None:
            if threading.current_thread().name == "first":
                pause.behind(said[2])

        engine = self.stage.database.engine
        sa.event.listen(engine, "after_cursor_execute", behind)
        yield
        sa.event.remove(engine, "after_cursor_execute", behind)

    def _until_it_waits(self, two: Future[None]) -> None:
        with self.stage.database.engine.connect() as connection:
            while not two.done() and not connection.exec_driver_sql(WAITING).scalar_one():
                time.sleep(0.001)
                connection.rollback()


@pytest.fixture
def scene(postgresql_url: str) -> Iterator[Scene]:
    clock = Clock()
    database = open_database(postgresql_url, MASTER_KEYS, clock=clock)
    stage = Stage(database, clock)
    app = stage.app("Foreign_App").app
    request = asked(stage, Wanted(stage.other.id, RequestKind.APP, app.id, stage.otto.user_id))
    yield Scene(stage, app.id, app.consumer_key, request.id)
    database.close()


def asked(stage: Stage, wanted: Wanted) -> AccessRequest:
    with stage.database.transaction() as tx:
        access_requests.count_up(tx, wanted)
        found = access_requests.latest(tx, wanted.org_id, wanted.kind, wanted.app_id, wanted.user_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("install", other) for other in ("use", "ask", "approve", "block request")),
        *(("use", other) for other in ("approve", "block request")),
        *(("ask", other) for other in ("approve", "block request")),
        ("approve", "block request"),
    ],
)
def test_an_app_for_which_it_was_asked_is_decided_about_by_two_at_once(scene: Scene, first: str, second: str) -> None:
    scene.at_once(scene.verb(first), scene.verb(second), scene.stage.otto)


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("other", ["uninstall", "block", "revoke", "edit"])
def test_an_app_is_installed_until_another_day_or_again_while_somebody_else_changes_it(scene: Scene, other: str, gone: bool) -> None:
    stage = scene.stage
    stage.do(install_app, InstallApp(scene.key, stage.clock.now + timedelta(days=1)), stage.otto)
    if gone:
        stage.do(uninstall_app, UninstallApp(scene.app_id, WHY), stage.otto)
    scene.at_once(scene.verb("install"), scene.verb(other), stage.otto)


@pytest.mark.parametrize("other", ["block", "revoke", "edit", "rotate", "delete"])
def test_an_app_is_contained_while_somebody_else_changes_it(scene: Scene, other: str) -> None:
    contain = contain_app, ContainApp(scene.app_id, WHY)
    scene.at_once(contain, scene.verb(other), scene.stage.ada)
    scene.at_once(scene.verb(other), contain, scene.stage.ada)


def test_a_user_is_let_into_an_app_while_another_gets_the_same_permission_set(scene: Scene) -> None:
    stage, readers = scene.stage, scene.stage.permission_set("Readers")
    stage.do(assign_access, AssignAccess(scene.app_id, readers.id))
    request = asked(stage, Wanted(stage.org.id, RequestKind.USER, scene.app_id, stage.sam.user_id, words="Please."))
    approve = approve_request, ApproveRequest(request.id, stage.clock.now + timedelta(days=1))
    scene.at_once(approve, (assign_permission_set, AssignPermissionSet(stage.dan.user_id or "", readers.id)), stage.ada)


@pytest.mark.parametrize("other", ["freeze", "deactivate"])
def test_a_user_is_stopped_while_another_ends_all_that_apps_have_of_that_user(scene: Scene, other: str) -> None:
    stage, dan = scene.stage, scene.stage.dan.user_id or ""
    with stage.database.transaction() as tx:
        session = Session(tx.new_id(Prefix.SESSION), stage.org.id, dan, Level.STANDARD, ("pwd",), tx.now, tx.now, tx.now, 0, 0)
        sessions.insert(tx, session, b"d" * 32)
    stop: dict[str, Verb] = {"freeze": (freeze_user, FreezeUser(dan, WHY)), "deactivate": (deactivate_user, DeactivateUser(dan, WHY))}
    scene.at_once((revoke_user, RevokeUser(dan, WHY)), stop[other], stage.ada)


def test_an_invitation_is_accepted_while_an_admin_stops_who_was_invited(scene: Scene) -> None:
    stage = scene.stage
    invited = stage.do(invite_user, InviteUser("new@acme.example", "new@acme.example", stage.user_of(stage.dan).profile_id))
    accepted = AcceptInvitation(token_in(mails(stage)[-1]), "$argon2id$canary", address="192.0.2.1")

    def accept(tx: Tx, _: Actor, command: object) -> object:
        return accept_invitation(tx, stage.org, accepted)

    scene.at_once((accept, accepted), (deactivate_user, DeactivateUser(invited.user.id, WHY)), stage.ada)
