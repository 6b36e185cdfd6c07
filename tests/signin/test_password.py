"""Username and password: who is let in, what is the same for all who are not, and what the history keeps."""

import os
import threading
from dataclasses import replace

import pytest
from tests.databases import MASTER_KEYS
from tests.oauth.tenants import Tenant
from tests.signin.people import AGENT, PASSWORD, CountingHasher, Person, make_person, new_browser, statements

from gatebridge.crypto.passwords import HasherBusy, PasswordHasher
from gatebridge.crypto.secrets import Secret
from gatebridge.rules.people import UserState
from gatebridge.rules.reasons import Reason, sign_in
from gatebridge.setup.manage_users import SetPassword, set_password
from gatebridge.signin import password as room
from gatebridge.signin import sessions
from gatebridge.signin.password import Begun
from gatebridge.storage import people
from gatebridge.storage.database import open_database

KINDS = ("no such user", "wrong", "locked, wrong", "locked, right", "no password", "invited", "deactivated", "frozen")


def one_who_is_refused(acme: Tenant, kind: str) -> tuple[Person, str, Reason]:
    """Somebody who is not let in: the person, what is typed, and the true reason."""
    match kind:
        case "no such user":
            known = make_person(acme)
            return replace(known, user=replace(known.user, username="nobody@acme.example")), PASSWORD, sign_in.USERNAME_UNKNOWN
        case "wrong":
            return make_person(acme), "not the password", sign_in.PASSWORD_WRONG
        case "locked, wrong" | "locked, right":
            locked = make_person(acme)
            locked.wrong(10, address="198.51.100.9")
            return locked, PASSWORD if kind.endswith("right") else "not the password", sign_in.USER_LOCKED
        case "no password":
            return make_person(acme, typed=None), PASSWORD, sign_in.PASSWORD_NOT_SET
        case "invited":
            return make_person(acme, typed=None, state=UserState.INVITED), PASSWORD, sign_in.PASSWORD_NOT_SET
        case "deactivated":
            return make_person(acme, state=UserState.DEACTIVATED), PASSWORD, sign_in.SIGN_IN_INACTIVE
        case _:
            return make_person(acme, frozen=True), PASSWORD, sign_in.SIGN_IN_FROZEN


def test_the_right_password_begins_a_session(dana: Person) -> None:
    begun = dana.signs_in()
    assert isinstance(begun, Begun)
    assert (begun.session.user_id, begun.session.methods, begun.session.user_agent) == (dana.user.id, ("pwd",), AGENT)
    with dana.database.snapshot() as tx:
        signed_in = sessions.current(tx, dana.tenant.org, begun.value)
    assert signed_in is not None
    assert signed_in.standing.user.id == dana.user.id


def test_a_success_is_one_line_in_the_login_history(dana: Person) -> None:
    dana.signs_in()
    [line] = dana.tenant.history()
    assert (line.event, line.outcome, line.user_id, line.auth_method) == ("sign_in", "success", dana.user.id, "password")
    assert dana.username in str(line.receipt)


@pytest.mark.parametrize("kind", KINDS)
def test_the_history_keeps_the_true_reason(acme: Tenant, kind: str) -> None:
    person, typed, reason = one_who_is_refused(acme, kind)
    assert person.signs_in(typed) is reason
    line = acme.history()[-1]
    assert (line.event, line.outcome, line.reason) == ("sign_in", "refused", reason.code)
    assert line.user_id == (None if kind == "no such user" else person.user.id)


def test_X_BF_02_every_refusal_is_the_same_work(acme: Tenant) -> None:
    """As many hashes and the same statements, in the same order: what is not done cannot be missed by a clock."""
    work = {}
    for kind in KINDS:
        person, typed, _ = one_who_is_refused(acme, kind)
        hasher = CountingHasher(acme.standing.house.hasher)
        with statements(person.database) as seen:
            assert isinstance(person.signs_in(typed, hasher=hasher), Reason)
        work[kind] = (hasher.verified, hasher.hashed, tuple(seen))
    assert {(verified, hashed) for verified, hashed, _ in work.values()} == {(1, 0)}
    assert len({said for _, _, said in work.values()}) == 1


def test_X_BF_02_a_name_that_nobody_has_is_checked_against_a_hash_of_the_same_cost(acme: Tenant) -> None:
    person, _, _ = one_who_is_refused(acme, "no such user")
    asked: list[str | None] = []

    class Watched(CountingHasher):
        def verify(self, stored: str | None, password: str) -> bool:
            asked.append(stored)
            return super().verify(stored, password)

    person.signs_in(hasher=Watched(acme.standing.house.hasher))
    assert asked == [None]  # for which the hasher works as hard, says tests/crypto/test_passwords.py


def test_X_BF_04_a_username_counts_letter_by_letter(dana: Person) -> None:
    assert dana.signs_in(username=dana.username.upper()) is sign_in.USERNAME_UNKNOWN


def test_the_user_of_another_org_is_unknown_here(dana: Person, rival: Tenant) -> None:
    elsewhere = replace(dana, tenant=rival)
    assert elsewhere.signs_in() is sign_in.USERNAME_UNKNOWN


def test_what_is_no_username_is_not_kept_since_it_may_be_a_password(acme: Tenant) -> None:
    person, _, _ = one_who_is_refused(acme, "no such user")
    for typed in ("my secret passphrase", "hunter2"):
        person.signs_in(username=typed)
        assert typed not in str(acme.history()[-1].receipt)
    person.signs_in(username="somebody@acme.example")
    assert "somebody@acme.example" in str(acme.history()[-1].receipt)


def test_refusals_are_folded_like_those_of_strangers(dana: Person) -> None:
    dana.wrong(9)
    nobody = replace(dana, user=replace(dana.user, username="nobody@acme.example"))
    for number in range(25):
        replace(nobody, user=replace(nobody.user, username=f"nobody{number}@acme.example")).signs_in()
    lines = [line for line in dana.tenant.history() if line.reason == "username_unknown"]
    assert len(lines) == 20  # the others are counted


def test_a_hash_of_older_cost_is_replaced_while_the_password_is_at_hand(dana: Person) -> None:
    with dana.database.snapshot() as tx:
        before = people.password_hash(tx, dana.tenant.org.id, dana.user.id)
    dearer = PasswordHasher(1, random=os.urandom, memory_kib=16, passes=2)
    assert isinstance(dana.signs_in(hasher=dearer), Begun)
    with dana.database.snapshot() as tx:
        after = people.password_hash(tx, dana.tenant.org.id, dana.user.id)
    assert before != after
    assert not dearer.needs_rehash(after or "")
    assert dearer.verify(after, PASSWORD)
    assert dana.now().password_changed_at == dana.user.password_changed_at  # it is the same password


def test_a_wrong_password_replaces_nothing(dana: Person) -> None:
    dearer = CountingHasher(PasswordHasher(1, random=os.urandom, memory_kib=16, passes=2))
    dana.signs_in("not the password", hasher=dearer)
    assert dearer.hashed == 0


def test_a_password_that_is_changed_during_the_check_opens_nothing(dana: Person) -> None:
    class Slow(CountingHasher):
        def verify(self, stored: str | None, password: str) -> bool:
            with dana.database.transaction() as tx:
                set_password(tx, dana.tenant.admin, SetPassword(dana.user.id, dana.tenant.standing.house.hasher.hash("another one")))
            return super().verify(stored, password)

    assert dana.signs_in(hasher=Slow(dana.tenant.standing.house.hasher)) is sign_in.PASSWORD_WRONG
    assert dana.live_sessions() == 0


def test_X_BF_07_a_password_of_more_than_1024_bytes_is_refused_before_any_work(dana: Person) -> None:
    hasher = CountingHasher(dana.tenant.standing.house.hasher)
    assert dana.signs_in("x" * 1025, hasher=hasher) is sign_in.PASSWORD_WRONG
    assert dana.signs_in("x" * 1025, hasher=hasher, username="nobody@acme.example") is sign_in.USERNAME_UNKNOWN
    assert hasher.hashed == 0


def test_X_BF_07_a_hasher_without_a_free_turn_checks_nothing_and_counts_nothing(dana: Person) -> None:
    class Busy(CountingHasher):
        def verify(self, stored: str | None, password: str) -> bool:
            raise HasherBusy

    with pytest.raises(HasherBusy):
        dana.signs_in(hasher=Busy(dana.tenant.standing.house.hasher))
    assert dana.tenant.history() == []


def test_X_BF_08_passwords_that_differ_at_the_80th_byte_are_different(acme: Tenant) -> None:
    person = make_person(acme, typed="x" * 79 + "a")
    assert person.signs_in("x" * 79 + "b") is sign_in.PASSWORD_WRONG
    assert isinstance(person.signs_in("x" * 79 + "a"), Begun)


def test_X_SE_01_signing_in_ends_the_session_that_the_browser_held(acme: Tenant) -> None:
    dana, sam = make_person(acme, "dana"), make_person(acme, "sam")
    browser = new_browser(dana)
    first = dana.signs_in(browser=browser)
    assert isinstance(first, Begun)
    second = sam.signs_in(browser=browser, former=first.value)
    assert isinstance(second, Begun)
    assert first.value != second.value
    with dana.database.snapshot() as tx:
        assert sessions.current(tx, acme.org, first.value) is None
        assert sessions.current(tx, acme.org, second.value) is not None


def test_X_BF_05_X_SE_10_asking_once_more_goes_by_the_same_limiter(dana: Person) -> None:
    """The own password, asked of somebody who is signed in, is checked, counted and locked like any other."""
    house, browser = dana.tenant.standing.house, new_browser(dana)

    def confirms(typed: str) -> Reason | None:
        attempt = dana.attempt(typed, browser=browser)
        return room.confirm(house.database, house.hasher, dana.tenant.org, dana.user, attempt)

    assert confirms(PASSWORD) is None
    for _ in range(10):
        assert confirms("not the password") is sign_in.PASSWORD_WRONG
    assert confirms(PASSWORD) is sign_in.USER_LOCKED
    assert dana.signs_in() is sign_in.USER_LOCKED
    assert dana.live_sessions() == 0


def test_X_BF_05_many_guesses_at_once_are_no_more_than_the_limit(dana: Person) -> None:
    """Whoever asks in parallel gets as many tries as whoever asks in a row: the lock is looked up where the answer is written."""
    refused: list[object] = []
    threads = [threading.Thread(target=lambda: refused.append(dana.signs_in("not the password"))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 24
    assert dana.signs_in() is sign_in.USER_LOCKED


def test_another_node_knows_of_the_lock(dana: Person) -> None:
    dana.wrong(10)
    database = open_database(dana.tenant.standing.url, MASTER_KEYS, clock=dana.tenant.standing.clock)
    try:
        house = dana.tenant.standing.house
        assert room.sign_in(database, house.hasher, dana.tenant.org, dana.attempt()) is sign_in.USER_LOCKED
    finally:
        database.close()


def test_a_password_is_a_secret_on_its_way_through_the_house(dana: Person) -> None:
    attempt = dana.attempt()
    assert isinstance(attempt.password, Secret)
    assert PASSWORD not in repr(attempt)
