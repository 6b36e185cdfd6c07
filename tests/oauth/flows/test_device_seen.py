"""The device flow as admins and operators see it: explanations, drafts, receipts, and a master key that is changed."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.databases import MASTER_KEYS
from tests.oauth.flows.devices import HERE, Panel, allow, decide, make_panel, member, type_code
from tests.oauth.flows.visits import enrol
from tests.oauth.tenants import Tenant

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.monitoring import explain, receipts
from gatebridge.monitoring.explain import Question
from gatebridge.monitoring.explained import ExplainedDoor
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.oauth import device_authorization
from gatebridge.rules import device_codes as rules
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import approvals


@pytest.fixture
def ada(acme: Tenant) -> User:
    return member(acme)


@pytest.fixture
def panel(acme: Tenant) -> Panel:
    return make_panel(acme)


def explained(panel: Panel, user: User | None) -> dict[str, str]:
    """What an explanation says would come of each step of the flow."""
    question = Question(panel.app.id, Situation(Flow.DEVICE, address=ip_address(HERE)), user.username if user is not None else None)
    with panel.acme.standing.database.snapshot() as tx:
        return {str(door.door): str(door.outcome) for door in explain.explain(tx, panel.acme.admin, question).doors}


def test_an_explanation_names_every_step_of_the_flow_before_anybody_has_taken_it(acme: Tenant, panel: Panel, ada: User) -> None:
    assert explained(panel, ada) == {"device_start": "granted", "connect": "asked", "device": "granted", "introspect": "granted"}
    stranger = explained(panel, enrol(acme, "mallory"))
    assert stranger == {"device_start": "granted", "connect": "refused", "device": "refused", "introspect": "refused"}
    allow(acme, on=False)
    assert set(explained(panel, ada).values()) == {"refused"}


def test_a_receipt_of_the_flow_is_held_against_what_would_be_found_now(acme: Tenant, panel: Panel, ada: User) -> None:
    answer = panel.poll(panel.approved(ada))
    line = acme.receipt(answer)
    with acme.standing.database.snapshot() as tx:
        found = explain.from_receipt(tx, acme.admin, line.id)
    assert isinstance(found.now, ExplainedDoor)
    assert (str(found.now.door), str(found.now.outcome)) == ("device", "granted")


def test_a_draft_that_would_shut_a_device_out_is_told_beforehand(acme: Tenant, panel: Panel, ada: User) -> None:
    assert panel.said(panel.approved(ada)) == "yes"
    elsewhere = EditPolicies(panel.app.id, ip_ranges=(TypedRange("203.0.113.0/24"),))
    with pytest.raises(Refused) as refused, acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, elsewhere)
    assert refused.value.reason.code == "locks_out"


def test_a_code_is_found_after_the_master_key_was_changed(acme: Tenant, panel: Panel) -> None:
    typed = rules.typed(panel.begin()["user_code"]) or ""
    changed = MasterKeys(MasterKey(b"n" * 32), (MASTER_KEYS.current,))
    with acme.standing.database.snapshot() as tx:
        found = device_authorization.of_user_code(replace(tx, keys=changed), acme.org, typed)
        lost = device_authorization.of_user_code(replace(tx, keys=MasterKeys(MasterKey(b"n" * 32))), acme.org, typed)
    assert found is not None
    assert found.app_id == panel.app.id
    assert lost is None


def test_X_CO_07_the_user_sees_the_device_among_the_own_apps_and_ends_it(acme: Tenant, panel: Panel, ada: User) -> None:
    token, waiting = panel.poll(panel.approved(ada)).json()["access_token"], panel.approved(ada)
    browser = panel.browser(ada)
    page = browser.open("/me")
    assert "Wall Panel" in page.text
    assert "Connected on a device" in page.text
    assert panel.portal.live(token)
    (form,) = [form for form in page.forms.values() if form.action.endswith("/end")]
    browser.post(form.action, form.fields)
    assert not panel.portal.live(token)
    # What was approved and not fetched yet is ended with the rest.
    assert panel.said(waiting) == "invalid_grant"


def test_X_CO_04_a_yes_to_one_device_is_no_yes_to_another_nor_to_the_app_in_a_browser(acme: Tenant, panel: Panel, ada: User) -> None:
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(panel.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
    browser = panel.browser(ada)
    for _ in range(2):
        begun = panel.begin()
        page = type_code(browser, begun["user_code"])
        assert 'id="approve"' in page.text
        assert 'data-said="approved"' in decide(browser, page).text
    with acme.standing.database.snapshot() as tx:
        assert approvals.of_user(tx, acme.org.id, panel.app.installation_id, ada.id) is None


def test_of_many_devices_that_begin_in_one_network_some_leave_a_line_and_the_others_are_counted(acme: Tenant, panel: Panel) -> None:
    answers = [panel.ask() for _ in range(22)]
    lines = [line for line in acme.history() if line.event == "device_started"]
    assert len(lines) == 20
    counted = parse(answers[-1].headers["X-Gatebridge-Receipt"], Prefix.RECEIPT)
    assert counted is not None
    with acme.standing.database.snapshot() as tx:
        receipt = receipts.by_id(tx, acme.admin, counted)
    assert (receipt.event, receipt.outcome, receipt.reason) == ("device_started", "success", None)
    assert receipt.folded is not None
    assert receipt.folded.count == 22
