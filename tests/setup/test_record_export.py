"""Taking a list out of the house is written down; keeping a view of one is not, and is one's own."""

from dataclasses import replace
from datetime import timedelta

from tests.setup.stage import Stage

from gatebridge.rules import saved_views as rules
from gatebridge.rules.events import Event
from gatebridge.rules.exported import Style
from gatebridge.rules.reasons import bearer, setup
from gatebridge.setup.record_export import RecordExport, record_export
from gatebridge.setup.saved_views import DeleteView, SaveView, delete_view, save_view

EXPORT = RecordExport("OAuth Usage", "/setup/usage?q=a", Style.CSV, ("Find: a",))
VIEW = SaveView("Lately", "/setup/audit?since=7d")


def test_it_is_written_with_the_list_or_with_the_app_that_it_is_about(stage: Stage) -> None:
    app = stage.app().app
    stage.do(record_export, EXPORT)
    stage.do(record_export, replace(EXPORT, app_id=app.id))
    of_app, of_list, *_ = stage.audit()
    assert {of_app.event, of_list.event} == {Event.RECORD_EXPORTED}
    assert [(line.target_kind, line.target_name) for line in (of_list, of_app)] == [("list", "OAuth Usage"), ("app", app.label)]


def test_who_may_do_nothing_and_who_signed_in_long_ago_export_nothing(stage: Stage) -> None:
    powerless = replace(stage.sam, permissions=frozenset())
    stage.refused(setup.PERMISSION_MISSING, record_export, EXPORT, powerless)
    stale = replace(stage.ada, authenticated_at=stage.clock.now - timedelta(days=1))
    stage.refused(bearer.REAUTHENTICATION_NEEDED, record_export, EXPORT, stale)


def test_of_another_orgs_app_nothing_is_exported(stage: Stage) -> None:
    app = stage.app().app
    stage.refused(setup.RECORD_NOT_FOUND, record_export, replace(EXPORT, app_id=app.id), stage.otto)


def test_a_view_is_saved_and_forgotten_without_a_line(stage: Stage) -> None:
    before = len(stage.audit())
    saved = stage.do(save_view, VIEW)
    stage.refused(setup.RECORD_NOT_FOUND, delete_view, DeleteView(saved.id), stage.dan)
    assert stage.do(delete_view, DeleteView(saved.id)) == saved
    assert len(stage.audit()) == before


def test_what_is_wrong_with_a_view_is_named(stage: Stage) -> None:
    stage.do(save_view, VIEW)
    assert stage.fields(stage.refused(setup.NAME_TAKEN, save_view, VIEW)) == {"name"}
    assert stage.fields(stage.refused(setup.FIELD_INVALID, save_view, SaveView("", "/me"))) == {"name", "view"}
    stage.refused(setup.PERMISSION_MISSING, save_view, VIEW, replace(stage.sam, permissions=frozenset()))


def test_there_is_room_for_so_many_views_of_a_list(stage: Stage) -> None:
    for number in range(rules.MOST):
        stage.do(save_view, SaveView(f"View {number}", VIEW.view))
    stage.refused(setup.LIMIT_REACHED, save_view, VIEW)
    assert stage.do(save_view, SaveView("Another list", "/setup/usage?q=a")).path == "/setup/usage"
