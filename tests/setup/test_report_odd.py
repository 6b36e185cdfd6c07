"""A user reports something odd: a line in the audit trail, and a mail to who can stop the app."""

from dataclasses import replace

import pytest
from tests.setup.mail import mails
from tests.setup.stage import Stage

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.ids import long
from gatebridge.rules.lockouts import REPORTS, WINDOW
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.report_odd import ReportOdd, report_odd

WORDS = "Somebody on the phone wants me to approve this."


def test_whoever_manages_apps_is_told_of_the_app_and_how_it_is_stopped(stage: Stage) -> None:
    made = stage.app()
    stage.do(report_odd, ReportOdd(f" {WORDS}\n", made.app.id), replace(stage.sam, address="192.0.2.10"))
    line = stage.audit()[0]
    assert (line.event, line.target_kind, line.target_id, line.reason) == (Event.ODD_THING_REPORTED, "app", made.app.id, WORDS)
    (mail,) = mails(stage)
    assert mail["to"] == "ada@acme.example"
    for each in (f"> {WORDS}", "about the app Nightly Job", "192.0.2.10", f"gatebridge apps block {long(made.app.id)}", "/setup/audit"):
        assert each in mail["text"], each


def test_a_report_about_no_app_is_about_who_reports_and_tells_nobody_what_that_one_did(stage: Stage) -> None:
    stage.do(report_odd, ReportOdd(WORDS))
    line = stage.audit()[0]
    assert (line.target_kind, line.target_id) == ("user", stage.ada.user_id)
    assert mails(stage) == []  # Ada alone manages apps here
    stage.do(report_odd, ReportOdd(WORDS), stage.sam)
    assert "gatebridge apps block" not in mails(stage)[0]["text"]


@pytest.mark.parametrize("words", ["", "  ", "?!", "x" * 513, "bell \a"])
def test_words_that_say_nothing_are_refused(stage: Stage, words: str) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, report_odd, ReportOdd(words), stage.sam)
    assert stage.fields(refused) == {"words"}


def test_a_device_that_was_refused_needs_no_words(stage: Stage) -> None:
    made = stage.app()
    stage.do(report_odd, ReportOdd("", made.app.id, "198.51.100.83"), stage.sam)
    assert "a device at 198.51.100.83" in mails(stage)[0]["text"]
    assert {str(each["field"]): each["after"] for each in stage.audit()[0].changes}["device_address"] == "198.51.100.83"


def test_X_AD_01_an_app_of_another_org_is_as_if_it_were_not_there(stage: Stage) -> None:
    theirs = stage.app("Their_Job", stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, report_odd, ReportOdd(WORDS, theirs.app.id), stage.sam)


def test_nobody_fills_the_trail_and_nobody_but_a_user_reports(stage: Stage) -> None:
    for _ in range(REPORTS.most):
        stage.do(report_odd, ReportOdd(WORDS), stage.sam)
    stage.refused(reasons.STATE_CONFLICT, report_odd, ReportOdd(WORDS), stage.sam)
    stage.do(report_odd, ReportOdd(WORDS), stage.eve)
    stage.clock.now += 2 * WINDOW
    stage.do(report_odd, ReportOdd(WORDS), stage.sam)
    operator = Actor(ActorKind.OPERATOR, stage.org.id, "operator", stage.ada.permissions)
    stage.refused(reasons.PERMISSION_MISSING, report_odd, ReportOdd(WORDS), operator)
