"""Locks: how many wrong passwords, of whom and from where, and who may still come in."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.oauth.door import OFFICE
from tests.oauth.tenants import Tenant
from tests.signin.people import PASSWORD, Person, make_person, new_browser

from gatebridge.rules.people import UserState
from gatebridge.rules.reasons import sign_in
from gatebridge.setup.manage_users import SetPassword, set_password
from gatebridge.signin.password import Begun

AWAY = "198.51.100.9"


def test_std_G_10_ten_wrong_passwords_lock_the_user_for_a_quarter_of_an_hour(dana: Person) -> None:
    dana.wrong(10)
    assert dana.signs_in() is sign_in.USER_LOCKED
    dana.tenant.standing.clock.advance(minutes=14, seconds=59)
    assert dana.signs_in() is sign_in.USER_LOCKED
    dana.tenant.standing.clock.advance(seconds=1)
    assert isinstance(dana.signs_in(), Begun)


def test_nine_wrong_passwords_lock_nobody_and_the_right_one_forgives_them(dana: Person) -> None:
    dana.wrong(9)
    assert isinstance(dana.signs_in(), Begun)
    dana.wrong(9)
    assert isinstance(dana.signs_in(), Begun)


def test_wrong_passwords_are_forgotten_after_a_quarter_of_an_hour(dana: Person) -> None:
    dana.wrong(9)
    dana.tenant.standing.clock.advance(minutes=15, seconds=1)
    dana.wrong(9)
    assert isinstance(dana.signs_in(), Begun)


def test_trying_on_during_a_lock_makes_it_no_longer(dana: Person) -> None:
    dana.wrong(10)
    for _ in range(10):
        dana.tenant.standing.clock.advance(seconds=80)
        dana.wrong(1)
    dana.tenant.standing.clock.advance(seconds=100)
    assert isinstance(dana.signs_in(), Begun)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "case": lambda name: name.upper(),
    "blanks around": lambda name: f"  {name}\t",
    "blanks within": lambda name: name.replace("@", " @ "),
    "zero width": lambda name: name.replace("a", "a\u200b"),
    "full width": lambda name: "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in name),
    "control": lambda name: name + "\x7f",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_X_BF_04_no_spelling_of_a_name_gets_tries_of_its_own(dana: Person, spelling: str) -> None:
    spelled = SPELLINGS[spelling](dana.username)
    assert spelled != dana.username
    for _ in range(10):
        assert dana.signs_in("not the password", username=spelled) is sign_in.USERNAME_UNKNOWN
    assert dana.signs_in() is sign_in.USER_LOCKED


def test_X_BF_04_a_name_that_nobody_has_is_counted_too(dana: Person) -> None:
    nobody = replace(dana, user=replace(dana.user, username="nobody@acme.example"))
    nobody.wrong(10)
    assert nobody.signs_in() is sign_in.USER_LOCKED
    assert isinstance(dana.signs_in(), Begun)


def test_X_BF_04_a_name_of_any_length_is_counted(dana: Person) -> None:
    for _ in range(10):
        assert dana.signs_in(username="x" * 50_000) is sign_in.USERNAME_UNKNOWN
    assert dana.signs_in(username="x" * 50_000) is sign_in.USER_LOCKED


def test_std_G_10_a_hundred_wrong_passwords_lock_the_network_that_they_come_from(acme: Tenant) -> None:
    dana = make_person(acme)
    for number in range(100):
        wrong = dana.signs_in(username=f"nobody{number}@acme.example", address=f"198.51.100.{number + 1}")
        assert wrong is sign_in.USERNAME_UNKNOWN
    assert dana.signs_in(address="198.51.100.200") is sign_in.ADDRESS_LOCKED
    assert isinstance(dana.signs_in(address=OFFICE), Begun)
    acme.standing.clock.advance(minutes=15)
    assert isinstance(dana.signs_in(address="198.51.100.200"), Begun)


def test_one_good_account_does_not_free_a_network(acme: Tenant) -> None:
    dana = make_person(acme)
    for number in range(99):
        dana.signs_in(username=f"nobody{number}@acme.example", address=AWAY)
    assert isinstance(dana.signs_in(address=AWAY), Begun)
    dana.signs_in(username="one.more@acme.example", address=AWAY)
    assert dana.signs_in(address=AWAY) is sign_in.ADDRESS_LOCKED


def test_an_ipv6_network_is_counted_as_one(dana: Person) -> None:
    for number in range(100):
        dana.signs_in(username=f"nobody{number}@acme.example", address=f"2001:db8:7:{number:x}::1")
    assert dana.signs_in(address="2001:db8:7:ffff::2") is sign_in.ADDRESS_LOCKED
    assert isinstance(dana.signs_in(address="2001:db8:8::2"), Begun)


def test_X_BF_06_strangers_cannot_lock_a_user_out_of_a_browser_that_the_user_signed_in_from_before(dana: Person) -> None:
    home = new_browser(dana)
    assert isinstance(dana.signs_in(browser=home), Begun)
    dana.wrong(10, address=AWAY)
    assert dana.signs_in() is sign_in.USER_LOCKED
    assert isinstance(dana.signs_in(browser=home), Begun)
    assert dana.signs_in() is sign_in.USER_LOCKED  # the lock stands for everybody else


def test_X_BF_06_a_browser_is_known_for_its_own_user_only(acme: Tenant) -> None:
    dana, sam = make_person(acme, "dana"), make_person(acme, "sam")
    home = new_browser(sam)
    assert isinstance(sam.signs_in(browser=home), Begun)
    dana.wrong(10, address=AWAY)
    assert dana.signs_in(browser=home) is sign_in.USER_LOCKED


def test_X_BF_06_a_known_browser_gets_no_more_tries_than_strangers(dana: Person) -> None:
    home = new_browser(dana)
    assert isinstance(dana.signs_in(browser=home), Begun)
    dana.wrong(10, browser=home)
    assert dana.signs_in(browser=home) is sign_in.USER_LOCKED
    assert isinstance(dana.signs_in(), Begun)  # and it locks nobody out elsewhere


def test_X_BF_06_an_admin_lifts_the_lock_with_a_new_password(dana: Person) -> None:
    dana.wrong(10)
    with dana.database.transaction() as tx:
        set_password(tx, dana.tenant.admin, SetPassword(dana.user.id, dana.tenant.standing.house.hasher.hash(PASSWORD)))
    assert isinstance(dana.signs_in(), Begun)


def test_a_lock_is_of_one_org_only(dana: Person, rival: Tenant) -> None:
    elsewhere = make_person(rival, username=dana.username)
    dana.wrong(10)
    assert isinstance(elsewhere.signs_in(), Begun)


def test_whoever_is_refused_for_the_state_is_counted_like_everybody_else(acme: Tenant) -> None:
    left = make_person(acme, state=UserState.DEACTIVATED)
    for _ in range(10):
        assert left.signs_in() is sign_in.SIGN_IN_INACTIVE
    assert left.signs_in() is sign_in.USER_LOCKED
