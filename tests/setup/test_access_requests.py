"""What an admin decides about a request: approved until a day or once, refused, blocked; once, and told to who asked."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.setup.mail import mails
from tests.setup.stage import Stage

from gatebridge.rules.access_requests import ONCE, AccessRequest, RequestKind, RequestState
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment, PermissionSet
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.access_requests import (
    ApproveOnce,
    ApproveRequest,
    BlockRequest,
    RefuseRequest,
    approve_once,
    approve_request,
    block_request,
    refuse_request,
)
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.storage import access_requests, installations, permission_sets
from gatebridge.storage.access_requests import ListedRequest, Wanted

WHY = "We have another app for this."


@dataclass(frozen=True)
class Queue:
    """An app of Acme that is not installed in Otto's org, and an app in use at Acme into which Sam was not let."""

    stage: Stage
    foreign: CreatedApp
    own: CreatedApp
    readers: PermissionSet

    def app_request(self, user_id: str | None = None) -> AccessRequest:
        """Otto's org is asked for the foreign app, by a client unless a user is named."""
        return self._open(Wanted(self.stage.other.id, RequestKind.APP, self.foreign.app.id, user_id))

    def user_request(self, actor: Actor | None = None) -> AccessRequest:
        """Sam asks to be let into the app of the own org."""
        asker = actor or self.stage.sam
        return self._open(Wanted(self.stage.org.id, RequestKind.USER, self.own.app.id, asker.user_id, words="Please."))

    def _open(self, wanted: Wanted) -> AccessRequest:
        with self.stage.database.transaction() as tx:
            access_requests.count_up(tx, wanted)
            found = access_requests.latest(tx, wanted.org_id, wanted.kind, wanted.app_id, wanted.user_id)
        assert found is not None
        return found

    def now(self, request: AccessRequest) -> AccessRequest:
        found = self.stage.read(lambda tx: access_requests.by_id(tx, request.org_id, request.id))
        assert found is not None
        return found.request

    def held(self, actor: Actor | None = None) -> Assignment | None:
        user_id = (actor or self.stage.sam).user_id or ""
        return self.stage.read(lambda tx: permission_sets.assignment(tx, self.stage.org.id, user_id, self.readers.id))


@pytest.fixture
def queue(stage: Stage) -> Queue:
    foreign, own, readers = stage.app("Foreign_App"), stage.app("Own_App"), stage.permission_set("Readers")
    stage.do(assign_access, AssignAccess(own.app.id, readers.id))
    return Queue(stage, foreign, own, readers)


# --- A request for an app ----------------------------------------------------------------------------------------------------


def test_X_CA_08_an_approved_app_is_installed_closed(queue: Queue) -> None:
    stage, request = queue.stage, queue.app_request()
    decided = stage.do(approve_request, ApproveRequest(request.id), stage.otto)
    assert (decided.request.state, decided.request.ends_at, decided.decided_by) == (RequestState.APPROVED, None, "Otto")
    here = stage.read(lambda tx: installations.by_app(tx, stage.other.id, queue.foreign.app.id))
    assert here is not None
    assert here.uninstalled_at is None
    assert stage.read(lambda tx: installations.policies_of(tx, stage.other.id, here.id)) == AppPolicies(here.id)
    assert [line.event for line in stage.audit(stage.other)[:2]] == [Event.ACCESS_REQUEST_APPROVED, Event.APP_INSTALLED]


def test_an_app_can_be_approved_until_a_day_and_is_out_of_use_from_then_on(queue: Queue) -> None:
    stage, request = queue.stage, queue.app_request()
    until = stage.clock.now + timedelta(days=7)
    stage.do(approve_request, ApproveRequest(request.id, until), stage.otto)
    here = stage.read(lambda tx: installations.by_app(tx, stage.other.id, queue.foreign.app.id))
    assert here is not None
    assert (here.in_use(until - timedelta(seconds=1)), here.in_use(until)) == (True, False)


def test_approved_once_is_approved_for_24_hours(queue: Queue) -> None:
    stage = queue.stage
    decided = stage.do(approve_once, ApproveOnce(queue.app_request().id), stage.otto)
    assert decided.request.ends_at == stage.clock.now + ONCE
    of_user = stage.do(approve_once, ApproveOnce(queue.user_request().id))
    assert of_user.request.ends_at == stage.clock.now + ONCE
    assert queue.held() == Assignment(queue.readers.id, stage.clock.now + ONCE)


def test_what_an_app_had_until_its_day_does_not_come_back_with_it(queue: Queue) -> None:
    stage = queue.stage
    stage.do(approve_once, ApproveOnce(queue.app_request().id), stage.otto)
    stage.clock.forward(days=2)
    again = stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto)
    assert again.installation.epoch == 1
    assert again.installation == stage.read(lambda tx: installations.by_app(tx, stage.other.id, queue.foreign.app.id))


def test_installing_an_app_that_has_an_end_gives_it_another_and_keeps_what_was_opened(queue: Queue) -> None:
    stage = queue.stage
    stage.do(approve_once, ApproveOnce(queue.app_request().id), stage.otto)
    allowed = stage.permission_set("Allowed", stage.other)
    stage.do(assign_access, AssignAccess(queue.foreign.app.id, allowed.id), stage.otto)
    here = stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto).installation
    assert (here.uninstalled_at, here.epoch) == (None, 0)
    assert stage.read(lambda tx: installations.permits_of(tx, stage.other.id, here.id)) == [Assignment(allowed.id)]
    with pytest.raises(Refused, match="installed already"):
        stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto)


def test_installing_answers_everybody_who_asked_for_the_app(queue: Queue) -> None:
    stage, by_client, by_user = queue.stage, queue.app_request(), queue.app_request(queue.stage.otto.user_id)
    stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto)
    assert {queue.now(each).state for each in (by_client, by_user)} == {RequestState.APPROVED}
    (mail,) = mails(stage, stage.other)
    assert mail["to"] == "otto@other.example"
    assert "Foreign App is installed at Other." in mail["text"]


def test_approving_an_app_that_was_installed_meanwhile_changes_nothing_about_it(queue: Queue) -> None:
    stage = queue.stage
    stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto)
    request = queue.app_request()
    stage.do(approve_once, ApproveOnce(request.id), stage.otto)
    here = stage.read(lambda tx: installations.by_app(tx, stage.other.id, queue.foreign.app.id))
    assert here is not None
    assert here.uninstalled_at is None


def test_X_CA_09_a_blocked_app_is_known_not_installed_and_stays_blocked_when_it_is_installed(queue: Queue) -> None:
    stage, request = queue.stage, queue.app_request()
    other = queue.app_request(stage.otto.user_id)
    decided = stage.do(block_request, BlockRequest(request.id, WHY), stage.otto)
    assert (decided.request.state, queue.now(other).state) == (RequestState.BLOCKED, RequestState.BLOCKED)
    assert stage.audit(stage.other)[0].event == Event.ACCESS_REQUEST_BLOCKED
    here = stage.do(install_app, InstallApp(queue.foreign.app.consumer_key), stage.otto).installation
    assert here.blocked_because == WHY


def test_an_app_that_is_gone_is_not_approved_and_can_be_refused(queue: Queue) -> None:
    stage, request = queue.stage, queue.app_request()
    stage.do(delete_app, DeleteApp(queue.foreign.app.id, queue.foreign.app.api_name, WHY))
    with pytest.raises(Refused) as refused:
        stage.do(approve_request, ApproveRequest(request.id), stage.otto)
    assert refused.value.reason is reasons.RECORD_NOT_FOUND
    assert queue.now(request).state is RequestState.OPEN  # all or nothing
    stage.do(refuse_request, RefuseRequest(request.id, WHY), stage.otto)


# --- A request of a user -----------------------------------------------------------------------------------------------------


def test_an_approved_user_gets_the_set_that_may_use_the_app_until_the_day(queue: Queue) -> None:
    stage, request = queue.stage, queue.user_request()
    until = stage.clock.now + timedelta(days=30)
    decided = stage.do(approve_request, ApproveRequest(request.id, until, reason="Month's end."))
    assert (decided.request.ends_at, decided.request.reason) == (until, "Month's end.")
    assert queue.held() == Assignment(queue.readers.id, until)
    assert [line.event for line in stage.audit()[:2]] == [Event.ACCESS_REQUEST_APPROVED, Event.PERMISSION_SET_ASSIGNED]
    (mail,) = mails(stage)
    assert mail["to"] == "sam@acme.example"
    assert "You may use Own App at Acme until 2026-06-03 12:00 UTC." in mail["text"]
    assert "> Month's end." in mail["text"]


def test_an_approval_of_a_user_ends_no_later_than_the_set_may_use_the_app(queue: Queue) -> None:
    stage = queue.stage
    soon = stage.clock.now + timedelta(days=2)
    stage.do(assign_access, AssignAccess(queue.own.app.id, queue.readers.id, soon))
    decided = stage.do(approve_request, ApproveRequest(queue.user_request().id, stage.clock.now + timedelta(days=30)))
    assert decided.request.ends_at == soon


@pytest.mark.parametrize(("days", "problem"), [(None, "Say until when"), (-1, "in the future"), (1000, "within 2 years")])
def test_an_approval_of_a_user_needs_an_end_that_somebody_will_see(queue: Queue, days: int | None, problem: str) -> None:
    until = queue.stage.clock.now + timedelta(days=days) if days is not None else None
    refused = queue.stage.refused(reasons.FIELD_INVALID, approve_request, ApproveRequest(queue.user_request().id, until))
    assert [problem in each.problem for each in refused.fields if each.field == "until"] == [True]


def test_where_several_sets_may_use_the_app_the_admin_says_which(queue: Queue) -> None:
    stage, request, writers = queue.stage, queue.user_request(), queue.stage.permission_set("Writers")
    stage.do(assign_access, AssignAccess(queue.own.app.id, writers.id))
    refused = stage.refused(reasons.FIELD_INVALID, approve_once, ApproveOnce(request.id))
    assert "Readers" in refused.fields[0].problem
    assert "Writers" in refused.fields[0].problem
    stage.refused(reasons.FIELD_INVALID, approve_once, ApproveOnce(request.id, stage.permission_set("Strangers").id))
    stage.do(approve_once, ApproveOnce(request.id, queue.readers.id))
    assert queue.held() is not None


def test_a_profile_that_may_use_the_app_is_nothing_to_give(queue: Queue) -> None:
    stage, app = queue.stage, queue.stage.app("Profiles_Only")
    stage.do(assign_access, AssignAccess(app.app.id, stage.user_of(stage.ada).profile_id))
    request = replace(queue, own=app).user_request()
    refused = stage.refused(reasons.STATE_CONFLICT, approve_once, ApproveOnce(request.id))
    assert "No permission set may use this app" in str(refused.detail)


def test_an_approval_never_shortens_what_the_user_holds(queue: Queue) -> None:
    stage, request = queue.stage, queue.user_request()
    stage.do(assign_permission_set, AssignPermissionSet(stage.sam.user_id or "", queue.readers.id))
    stage.do(approve_once, ApproveOnce(request.id))
    assert queue.held() == Assignment(queue.readers.id)


def test_X_AD_04_nobody_approves_the_own_request(queue: Queue) -> None:
    request = queue.user_request(queue.stage.ada)
    queue.stage.refused(reasons.OWN_ASSIGNMENT, approve_once, ApproveOnce(request.id))
    assert queue.now(request).state is RequestState.OPEN


def test_letting_a_user_in_needs_the_right_to_assign_permission_sets_too(queue: Queue) -> None:
    manager = replace(queue.stage.ada, permissions=frozenset({Permission.MANAGE_CONNECTED_APPS}))
    queue.stage.refused(reasons.PERMISSION_MISSING, approve_once, ApproveOnce(queue.user_request().id), manager)
    queue.stage.do(refuse_request, RefuseRequest(queue.user_request().id, WHY), manager)


def test_a_user_is_refused_with_a_reason_and_told_when_to_ask_again(queue: Queue) -> None:
    stage, request = queue.stage, queue.user_request()
    stage.refused(reasons.REASON_REQUIRED, refuse_request, RefuseRequest(request.id, " "))
    decided = stage.do(refuse_request, RefuseRequest(request.id, WHY))
    assert (decided.request.state, decided.request.reason) == (RequestState.REFUSED, WHY)
    (mail,) = mails(stage)
    assert f"> {WHY}" in mail["text"]
    assert "You can ask again from 2026-06-03" in mail["text"]


def test_a_user_is_refused_and_never_blocked(queue: Queue) -> None:
    queue.stage.refused(reasons.STATE_CONFLICT, block_request, BlockRequest(queue.user_request().id, WHY))


# --- Who, and once -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        (approve_request, ApproveRequest),
        (approve_once, ApproveOnce),
        (refuse_request, lambda id: RefuseRequest(id, WHY)),
        (block_request, lambda id: BlockRequest(id, WHY)),
    ],
)
def test_deciding_is_for_who_manages_apps_and_of_the_own_org(queue: Queue, verb, command) -> None:  # type: ignore[no-untyped-def]
    stage, request = queue.stage, queue.app_request()
    powerless = replace(stage.otto, permissions=EVERY_POWER - {Permission.MANAGE_CONNECTED_APPS})
    stage.refused(reasons.PERMISSION_MISSING, verb, command(request.id), powerless)
    stage.refused(reasons.RECORD_NOT_FOUND, verb, command(request.id), stage.ada)  # X-AD-01
    stage.do(verb, command(request.id), stage.otto)
    refused = stage.refused(reasons.STATE_CONFLICT, verb, command(request.id), stage.otto)
    assert "Otto has" in str(refused.detail)


def test_of_two_admins_who_decide_at_once_one_wins_and_the_other_is_told_who(queue: Queue) -> None:
    stage, request = queue.stage, queue.app_request()

    def decide(approve: bool) -> ListedRequest | Refused:
        try:
            if approve:
                return stage.do(approve_request, ApproveRequest(request.id), stage.otto)
            return stage.do(refuse_request, RefuseRequest(request.id, WHY), stage.otto)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(6) as admins:
        said = list(admins.map(decide, [True, False] * 3))
    won = [each for each in said if isinstance(each, ListedRequest)]
    lost = [each for each in said if isinstance(each, Refused)]
    assert len(won) == 1
    assert {each.reason for each in lost} == {reasons.STATE_CONFLICT}
    assert all(f"has {won[0].request.state} this request" in str(each.detail) for each in lost)
    installed = stage.read(lambda tx: installations.by_app(tx, stage.other.id, queue.foreign.app.id)) is not None
    assert installed == (won[0].request.state is RequestState.APPROVED)


def test_two_requests_for_one_app_approved_at_once_install_it_once(queue: Queue) -> None:
    stage = queue.stage
    both = [queue.app_request(), queue.app_request(stage.otto.user_id)]

    def approve(request: AccessRequest) -> str:
        try:
            stage.do(approve_request, ApproveRequest(request.id), stage.otto)
        except Refused as refused:
            return refused.reason.code
        return "approved"

    with ThreadPoolExecutor(2) as admins:
        assert sorted(admins.map(approve, both)) == ["approved", "state_conflict"]
    assert [line.event for line in stage.audit(stage.other)].count(Event.APP_INSTALLED) == 1
    assert {queue.now(each).state for each in both} == {RequestState.APPROVED}
