"""Browser sessions: how they begin, how long they live, and that only the server decides."""

from dataclasses import replace

import pytest
from tests.oauth.door import OFFICE
from tests.oauth.tenants import Tenant
from tests.signin.people import ELSEWHERE, Person, make_person, new_browser, statements

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level
from gatebridge.rules.sessions import USED_ELSEWHERE, Session
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.setup.manage_users import SetPassword, set_password
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.signin import sessions
from gatebridge.signin.password import Begun
from gatebridge.storage import facts, orgs
from gatebridge.storage import sessions as stored
from gatebridge.storage.orgs import raise_epoch


def begun(person: Person) -> Begun:
    found = person.signs_in()
    assert isinstance(found, Begun)
    return found


def lives(person: Person, value: str | None) -> bool:
    with person.database.snapshot() as tx:
        org = orgs.by_id(tx, person.tenant.org.id)
        assert org is not None
        return sessions.current(tx, org, value) is not None


def stored_session(person: Person, session_id: str) -> Session:
    with person.database.snapshot() as tx:
        found = stored.by_id(tx, person.tenant.org.id, session_id)
    assert found is not None
    return found


def test_a_session_says_how_sure_a_password_makes_us(dana: Person) -> None:
    session = stored_session(dana, begun(dana).session.id)
    assert (session.level, session.methods, session.level.acr) == (Level.STANDARD, ("pwd",), "urn:gatebridge:level:standard")


def test_X_SE_01_a_value_that_nobody_handed_out_is_nobody_and_is_not_adopted(dana: Person) -> None:
    planted = secrets.new(Kind.SESSION, dana.database.random)
    assert not lives(dana, planted)
    made = dana.signs_in(former=planted)
    assert isinstance(made, Begun)
    assert made.value != planted
    assert not lives(dana, planted)


@pytest.mark.parametrize("value", [None, "", "gbn_", "x" * 53, "0Ak000000000001"])
def test_what_is_no_session_is_nobody_and_asks_the_database_nothing(dana: Person, value: str | None) -> None:
    with dana.database.snapshot() as tx, statements(dana.database) as seen:
        assert sessions.current(tx, dana.tenant.org, value) is None
    assert seen == []


def test_a_session_of_another_org_is_nobody_here(dana: Person, rival: Tenant) -> None:
    value = begun(dana).value
    with dana.database.snapshot() as tx:
        assert sessions.current(tx, rival.org, value) is None


def test_a_session_rests_for_two_hours_at_most(dana: Person) -> None:
    value = begun(dana).value
    dana.tenant.standing.clock.advance(minutes=119, seconds=59)
    assert lives(dana, value)
    dana.tenant.standing.clock.advance(seconds=1)
    assert not lives(dana, value)


def test_a_busy_session_lives_for_a_day_and_no_longer(dana: Person) -> None:
    value, clock = begun(dana).value, dana.tenant.standing.clock
    for _ in range(23):
        clock.advance(hours=1)
        with dana.database.transaction() as tx:
            assert sessions.current(tx, dana.tenant.org, value, touch=True) is not None
    clock.advance(minutes=59, seconds=59)
    assert lives(dana, value)
    clock.advance(seconds=1)
    assert not lives(dana, value)


def test_looking_at_a_session_does_not_renew_it(dana: Person) -> None:
    value, clock = begun(dana).value, dana.tenant.standing.clock
    clock.advance(minutes=90)
    assert lives(dana, value)
    clock.advance(minutes=31)
    assert not lives(dana, value)


def test_the_last_use_is_written_once_a_minute_at_most(dana: Person) -> None:
    made, clock = begun(dana), dana.tenant.standing.clock
    clock.advance(seconds=59)
    with dana.database.transaction() as tx:
        sessions.current(tx, dana.tenant.org, made.value, touch=True)
    assert stored_session(dana, made.session.id).last_seen_at == made.session.last_seen_at
    clock.advance(seconds=1)
    with dana.database.transaction() as tx:
        signed_in = sessions.current(tx, dana.tenant.org, made.value, touch=True)
    assert signed_in is not None
    assert stored_session(dana, made.session.id).last_seen_at == clock.now == signed_in.session.last_seen_at


def test_X_SE_04_freezing_ends_every_session(dana: Person) -> None:
    values = [begun(dana).value, begun(dana).value]
    with dana.database.transaction() as tx:
        freeze_user(tx, dana.tenant.admin, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    assert not any(lives(dana, value) for value in values)
    assert dana.live_sessions() == 0


def test_X_SE_04_deactivating_ends_every_session(dana: Person) -> None:
    value = begun(dana).value
    with dana.database.transaction() as tx:
        deactivate_user(tx, dana.tenant.admin, DeactivateUser(dana.user.id, "Left the company."))
    assert not lives(dana, value)
    assert dana.live_sessions() == 0


@pytest.mark.parametrize("end_grants", [True, False])
def test_X_SE_04_a_new_password_ends_every_session(dana: Person, end_grants: bool) -> None:
    value = begun(dana).value
    with dana.database.transaction() as tx:
        hashed = dana.tenant.standing.house.hasher.hash("another river of glass")
        set_password(tx, dana.tenant.admin, SetPassword(dana.user.id, hashed, end_grants))
    assert not lives(dana, value)
    assert dana.live_sessions() == 0


def test_X_SE_04_a_session_that_was_decided_before_a_freeze_and_written_after_it_is_dead_at_birth(dana: Person) -> None:
    with dana.database.snapshot() as tx:
        standing = facts.standing(tx, dana.tenant.org.id, dana.user.id)
    assert standing is not None
    with dana.database.transaction() as tx:
        freeze_user(tx, dana.tenant.admin, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    with dana.database.transaction() as tx:
        _, value = sessions.begin(tx, dana.tenant.org, standing, methods=("pwd",), address="", user_agent="", browser=new_browser(dana))
    assert not lives(dana, value)


def test_what_the_whole_org_had_ends_with_its_epoch(dana: Person) -> None:
    value = begun(dana).value
    with dana.database.transaction() as tx:
        raise_epoch(tx, dana.tenant.org.id)
    assert not lives(dana, value)


def test_the_value_of_a_session_is_stored_nowhere(dana: Person) -> None:
    made = begun(dana)
    assert made.value not in repr(made)
    with dana.database.snapshot() as tx:
        rows = tx.connection.execute(stored.sessions.select()).all()
    assert made.value not in str(rows)


def test_X_SE_06_everybody_is_served_as_themselves(acme: Tenant) -> None:
    people = [make_person(acme, f"person{number}") for number in range(8)]
    values = {person.user.id: begun(person).value for person in people}
    with acme.standing.database.snapshot() as tx:
        for user_id, value in values.items():
            signed_in = sessions.current(tx, acme.org, value)
            assert signed_in is not None
            assert signed_in.standing.user.id == user_id


def limited(dana: Person, most: int) -> None:
    with dana.database.transaction() as tx:
        edit_org(tx, dana.tenant.admin, EditOrg(max_sessions_per_user=most))


def in_fresh_org(dana: Person) -> Begun:
    """A sign-in under the settings of this moment."""
    with dana.database.snapshot() as tx:
        org = orgs.by_id(tx, dana.tenant.org.id)
    assert org is not None
    found = replace(dana, tenant=replace(dana.tenant, org=org)).signs_in()
    assert isinstance(found, Begun)
    return found


def test_one_session_more_than_the_org_allows_ends_the_least_recently_used_and_the_history_tells(dana: Person, acme: Tenant) -> None:
    limited(dana, 2)
    clock = dana.tenant.standing.clock
    first = in_fresh_org(dana)
    clock.advance(minutes=5)
    second = in_fresh_org(dana)
    clock.advance(minutes=5)
    with dana.database.transaction() as tx:
        assert sessions.current(tx, dana.tenant.org, first.value, touch=True) is not None
    other = make_person(acme, "eve")
    theirs = begun(other)
    third = in_fresh_org(dana)
    assert [lives(dana, each.value) for each in (first, second, third)] == [True, False, True]
    assert lives(other, theirs.value)
    assert stored_session(dana, second.session.id).ended_because == sessions.MADE_ROOM
    [line] = [line for line in acme.history() if line.event == sessions.ENDED_EVENT]
    assert (line.user_id, line.outcome) == (dana.user.id, "success")
    assert long(second.session.id) in str(line.receipt)


def test_what_is_over_by_itself_takes_no_place(dana: Person, acme: Tenant) -> None:
    limited(dana, 1)
    in_fresh_org(dana)
    dana.tenant.standing.clock.advance(hours=3)
    in_fresh_org(dana)
    assert [line for line in acme.history() if line.event == sessions.ENDED_EVENT] == []


def test_X_SE_01_a_raised_session_has_a_new_value_and_the_one_before_is_dead(dana: Person) -> None:
    made = begun(dana)
    with dana.database.transaction() as tx:
        raised = sessions.raise_level(tx, made.session, methods=("pwd", "otp"))
    assert raised is not None
    session, value = raised
    assert not lives(dana, made.value)
    assert lives(dana, value)
    kept = stored_session(dana, session.id)
    assert (kept.id, kept.level, kept.methods, kept.activated) == (made.session.id, Level.HIGH, ("pwd", "otp"), True)
    assert kept.authenticated_at == made.session.authenticated_at


def test_X_SE_05_a_session_that_was_ended_meanwhile_is_not_raised(dana: Person) -> None:
    made = begun(dana)
    with dana.database.transaction() as tx:
        assert sessions.end(tx, dana.tenant.org.id, made.session.id, "a test")
        assert sessions.raise_level(tx, made.session, methods=("pwd", "otp")) is None
    assert not lives(dana, made.value)


def test_a_session_locked_to_its_address_ends_where_it_turns_up_elsewhere(dana: Person) -> None:
    made = begun(dana)
    with dana.database.transaction() as tx:
        org = edit_org(tx, dana.tenant.admin, EditOrg(lock_sessions_to_address=True))
        assert sessions.current(tx, org, made.value, address=OFFICE, touch=True) is not None
        assert sessions.current(tx, org, made.value, address=ELSEWHERE) is None
        assert sessions.current(tx, org, made.value, address=OFFICE) is not None, "who only looks ends nothing"
        assert sessions.current(tx, org, made.value, address=ELSEWHERE, touch=True) is None
        assert sessions.current(tx, org, made.value, address=OFFICE) is None
    assert stored_session(dana, made.session.id).ended_because == USED_ELSEWHERE


def test_outside_the_login_hours_a_session_opens_no_page(dana: Person) -> None:
    made, now = begun(dana), dana.tenant.standing.clock.now
    closed = OpenHours((now.weekday() + 3) % 7, 0, 60)
    with dana.database.transaction() as tx:
        edit_profile(tx, dana.tenant.admin, EditProfile(dana.tenant.profile.id, login_hours=(closed,)))
    assert not lives(dana, made.value)
