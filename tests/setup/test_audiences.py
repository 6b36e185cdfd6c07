"""Who says which app is the API of an audience, and so sees the tokens of all who call it (decision 39)."""

from tests.setup.stage import Stage

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app

ORDERS = "https://orders.example"
JOB = frozenset({Flow.CLIENT_CREDENTIALS})
API = CreateApp(label="Orders API", api_name="Orders_API", contact_email="dan@acme.example", audience=ORDERS)


def test_std_IN_04_an_audience_that_nobody_has_is_its_developers_to_name(stage: Stage) -> None:
    made = stage.app("Orders_API", audience=ORDERS)
    stage.app("Caller", actor=stage.eve, audience=ORDERS, flows=JOB, scopes=("api",))
    # What the app is already can be saved again, whoever calls it by now.
    assert stage.do(edit_settings, EditSettings(made.app.id, id_token_minutes=3), stage.dan).audience == ORDERS


def test_std_IN_04_X_AD_03_the_audience_of_others_is_not_a_developers_to_take(stage: Stage) -> None:
    stage.app("Caller", actor=stage.eve, audience=ORDERS, flows=JOB, scopes=("api",))
    refused = stage.refused(reasons.PERMISSION_MISSING, create_app, API, stage.dan)
    assert refused.facts["audience"] == ORDERS
    client = stage.app("Other_Caller", audience=ORDERS, flows=JOB, scopes=("api",))
    for command in (EditSettings(client.app.id, flows=frozenset()), EditSettings(client.app.id, flows=frozenset(), scopes=("id",))):
        stage.refused(reasons.PERMISSION_MISSING, edit_settings, command, stage.dan)
    api = stage.app("Billing_API", audience="https://billing.example")
    stage.refused(reasons.PERMISSION_MISSING, edit_settings, EditSettings(api.app.id, audience=ORDERS), stage.dan)
    assert stage.do(create_app, API).settings.audience == ORDERS, "whoever manages apps decides"


def test_who_answers_for_every_app_of_an_audience_says_which_is_the_api(stage: Stage) -> None:
    caller = stage.app("Caller", audience=ORDERS, flows=JOB, scopes=("api",))
    stage.app("Backed_Up", actor=stage.eve, backup_owner_id=stage.dan.user_id, audience=ORDERS, flows=JOB, scopes=("api",))
    stage.do(create_app, API, stage.dan)
    theirs = stage.app("Theirs", actor=stage.eve, audience="https://billing.example", flows=JOB, scopes=("api",))
    command = EditSettings(caller.app.id, audience="https://billing.example", flows=frozenset())
    stage.refused(reasons.PERMISSION_MISSING, edit_settings, command, stage.dan)
    stage.do(delete_app, DeleteApp(theirs.app.id, theirs.app.api_name, "It is over."), stage.eve)
    stage.do(edit_settings, command, stage.dan)


def test_an_app_of_another_org_has_its_audience_where_it_is_installed(stage: Stage) -> None:
    foreign = stage.app("Foreign", actor=stage.otto, audience=ORDERS, flows=JOB, scopes=("api",))
    stage.do(install_app, InstallApp(foreign.app.consumer_key))
    stage.refused(reasons.PERMISSION_MISSING, create_app, API, stage.dan)
    stage.do(uninstall_app, UninstallApp(foreign.app.id, "not used any more"))
    assert stage.do(create_app, API, stage.dan).settings.audience == ORDERS
