"""Policy replay over people at browsers: what their users would be asked, what nobody can know, and how much is read for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.oauth.flows.portal import CALLBACK, FLOWS, SCOPES, VERIFIER
from tests.oauth.flows.visits import SIGN_IN, Asking, approve, chooser, deny, enrol, sign_in
from tests.oauth.tenants import Tenant
from tests.oauth.test_replay import ELSEWHERE, HIGH, IN_OFFICE, replayed

from gatebridge.monitoring.replay_answers import Unjudged
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.drafts import Draft
from gatebridge.rules.gates import Door
from gatebridge.rules.hours import parse_hours
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.rules.levels import NOTHING_REQUIRED, Level, LevelAction
from gatebridge.rules.people import Profile
from gatebridge.rules.replays import Kind
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.storage import facts_of_many, login_history
from gatebridge.storage.history_reading import page
from gatebridge.storage.people import users

CLOSED = parse_hours("sunday 08:00-09:00")


@pytest.fixture
def printer(acme: Tenant) -> Asking:
    """An app that Bob has signed in to and approved, and whose code was redeemed."""
    asking, bob = chooser(acme), enrol(acme, "bob")
    browser = asking.signed_in(bob)
    code = asking.arrived(approve(browser, browser.open(asking.url())))["code"]
    answer = asking.portal.redeem(code, redirect_uri=asking.callback, code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    return asking


def draft_of(printer: Asking, **changed: object) -> Draft:
    with printer.acme.standing.database.snapshot() as tx:
        facts = facts_of_many.of_apps(tx, printer.acme.org, [printer.portal.app.id])[printer.portal.app.id]
    assert facts.policies is not None
    return Draft(policies={printer.portal.app.id: replace(facts.policies, **changed)})  # type: ignore[arg-type]


def profile_of(acme: Tenant, **changed: object) -> Draft:
    drafted: Profile = replace(acme.profile, **changed)  # type: ignore[arg-type]
    return Draft(profiles={acme.profile.id: drafted})


def test_who_sits_at_a_browser_would_be_asked_for_another_factor(printer: Asking) -> None:
    answer = replayed(printer.acme, draft_of(printer, requirement=HIGH[LevelAction.RAISE]))
    assert [(each.kind, each.door, each.user) for each in answer.changes] == [(Kind.ASKED, Door.AUTHORIZE, "Bob Example")]
    assert answer.unjudged == {}


def test_where_it_would_block_the_code_tells_what_the_request_before_it_cannot(printer: Asking) -> None:
    answer = replayed(printer.acme, draft_of(printer, requirement=HIGH[LevelAction.BLOCK]))
    (code,) = answer.changes
    assert (code.kind, code.door, code.reason.code if code.reason else None) == (Kind.REFUSED, Door.CODE, "level_too_low")
    assert answer.unjudged == {Unjudged.SIGN_IN_UNKNOWN: 1}


def test_who_was_blocked_for_the_level_would_be_let_in_without_it(printer: Asking) -> None:
    printer.portal.policies(required_level=Level.HIGH, level_action=LevelAction.BLOCK, confirmed=True)
    blocked = enrol(printer.acme, "eve")
    browser = printer.signed_in(blocked)
    browser.open(printer.url())
    changes = replayed(printer.acme, draft_of(printer, requirement=NOTHING_REQUIRED)).changes
    told = [(each.kind, each.user, each.reason.code if each.reason else None) for each in changes if each.door is Door.AUTHORIZE]
    assert told == [(Kind.ADMITTED, "Eve Example", "level_blocked")]


def test_what_users_answered_is_not_guessed_at(printer: Asking) -> None:
    eve = enrol(printer.acme, "eve")
    browser = printer.signed_in(eve)
    printer.arrived(deny(browser, browser.open(printer.url())))
    answer = replayed(printer.acme, draft_of(printer, ip_ranges=IN_OFFICE))
    assert (answer.changes, answer.unjudged) == ((), {Unjudged.ANSWERED: 1})


def test_hours_close_the_sign_in_page_and_all_that_follows(printer: Asking) -> None:
    answer = replayed(printer.acme, profile_of(printer.acme, login_hours=CLOSED))
    assert {each.door for each in answer.changes} == {None, Door.AUTHORIZE, Door.CODE}
    assert {each.reason.code for each in answer.changes if each.reason} == {"outside_hours"}
    assert {each.app for each in answer.changes if each.door is None} == {""}


def test_the_hour_of_each_request_counts_and_not_that_of_the_replay(acme: Tenant) -> None:
    job = acme.app()
    moment = acme.standing.clock.now
    job.token()
    acme.standing.clock.advance(hours=6)
    job.token()
    weekday = moment.strftime("%a").lower()
    hours = parse_hours(f"{weekday} {moment:%H}:00-{moment + timedelta(hours=1):%H}:00")
    acme.standing.clock.advance(hours=1)
    (later,) = replayed(acme, profile_of(acme, login_hours=hours)).changes
    assert (later.kind, later.lines, later.first_at) == (Kind.REFUSED, 1, moment + timedelta(hours=6))


def test_nobody_is_signed_in_by_a_wrong_password(acme: Tenant) -> None:
    bob = enrol(acme, "bob")
    browser = chooser(acme).browser()
    sign_in(browser, browser.open(SIGN_IN), bob, "a guess")
    answer = replayed(acme, profile_of(acme, login_hours=CLOSED))
    assert (answer.changes, answer.unjudged) == ((), {Unjudged.NOT_PROVEN: 1})


def test_the_newest_lines_are_looked_at_first_and_it_says_when_there_were_more(acme: Tenant) -> None:
    job = acme.app()
    for _ in range(3):
        job.token()
    acme.standing.clock.advance(hours=1)
    job.token(address="203.0.113.9")
    answer = replayed(acme, profile_of(acme, login_ranges=IN_OFFICE), lines=2)
    assert (answer.complete, answer.lines, [each.address for each in answer.changes]) == (False, 2, ["203.0.113.9"])
    acme.standing.clock.advance(days=2)
    assert replayed(acme, Draft(), days=1).lines == 0


@contextmanager
def counted(acme: Tenant) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    engine = acme.standing.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_it_reads_the_same_statements_for_one_user_and_for_fifty(acme: Tenant) -> None:
    portal = acme.app(flows={Flow.CLIENT_CREDENTIALS, *FLOWS}, scopes=SCOPES, callbacks=(CALLBACK,))
    with acme.standing.database.transaction() as tx:
        assign_access(tx, acme.admin, AssignAccess(portal.id, acme.profile.id))
    portal.token()
    draft = profile_of(acme, login_ranges=ELSEWHERE)
    with counted(acme) as alone:
        assert replayed(acme, draft).judged == 1
    crowd(acme, 50)
    with counted(acme) as together:
        answer = replayed(acme, draft)
    assert (answer.judged, len(together)) == (51, len(alone))
    assert answer.decisions == 2  # all fifty are of one kind
    assert answer.sums[Kind.REFUSED].people == 51


def crowd(acme: Tenant, count: int) -> None:
    """So many users like the runner, each let in once from elsewhere, from an address of the own."""
    mint = IdMint(11)
    with acme.standing.database.transaction() as tx:
        like = tx.connection.execute(sa.select(users).where(users.c.id == acme.runner.id)).one()._asdict()
        (line,) = page(tx, acme.org.id, limit=1)
        ids = [tx.new_id(Prefix.USER) for _ in range(count)]
        tx.connection.execute(sa.insert(users), [like | {"id": each, "username": each} for each in ids])
        lines = [
            replace(
                line,
                id=mint.mint(Prefix.RECEIPT, tx.now),
                user_id=each,
                grant_id=None,
                flow="refresh_token",
                scopes_given="api refresh_token",
                address=f"203.0.113.{number}",
            )
            for number, each in enumerate(ids)
        ]
        login_history.insert_many(tx, lines)
