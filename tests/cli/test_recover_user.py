"""`gatebridge recover-user`: the way back for whoever lost every second factor, where no admin is left who could open it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from tests.journeys.installation import Ended, Installation, new_installation
from tests.setup.stage import add_org

from gatebridge.cli.exits import Exit
from gatebridge.cli.main import main
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.crypto.secrets import Secret
from gatebridge.rules import lockouts
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.factors import Step
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.people import UserState
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.setup.first_admin import FirstAdmin, FirstAdminCreated, create_first_admin, operator
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.setup.my_factors import ConfirmApp, begin_app, confirm_app, new_recovery_codes
from gatebridge.signin import factors as signin_factors
from gatebridge.signin import password, second_step
from gatebridge.signin.outcomes import Begun
from gatebridge.signin.password import Attempt, Pending
from gatebridge.storage import audit_trail, factors, limited_acts, orgs, outbox, people, profiles, sessions
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

PASSWORD = "a river of slow glass"
WHY = "Her only phone fell into the sea."
BROWSER = b"b" * 32


@dataclass(frozen=True)
class Org:
    """An org whose only admin, Ada, signs in with a password and an authenticator app; and the terminal of the machine it runs on."""

    installation: Installation
    database: Database
    made: FirstAdminCreated
    hasher: PasswordHasher
    secret: str
    type: Callable[..., Ended]

    def recover(self, *more: str, username: str = "ada", code: Exit = Exit.OK) -> Ended:
        ended = self.type("recover-user", username, "--reason", WHY, *more)
        assert ended.code == code, f"{ended.code}: {ended.err}{ended.out}"
        return ended

    def refuses(self, *more: str, username: str = "ada", code: Exit = Exit.REFUSED) -> str:
        """What is said where it is refused; nothing may have been changed then."""
        before = self.now()
        said = self.recover(*more, "--yes", username=username, code=code).err
        assert self.now() == before
        return said

    def now(self) -> tuple[Any, ...]:
        """The user, her factors and sessions, and how many lines the trail has."""

        def all_of(tx: Tx) -> tuple[Any, ...]:
            org_id, user_id = self.made.org.id, self.made.user.id
            lines = len(audit_trail.page(tx, org_id, limit=100))
            live = len(sessions.live_of_user(tx, org_id, user_id))
            return people.by_id(tx, org_id, user_id), [each.id for each in factors.of_user(tx, org_id, user_id)], live, lines

        found: tuple[Any, ...] = self.read(all_of)
        return found

    def read(self, query: Callable[[Tx], Any]) -> Any:
        with self.database.snapshot() as tx:
            return query(tx)

    def do(self, verb: Callable[[Tx, Actor, Any], object], command: object) -> None:
        with self.database.transaction() as tx:
            verb(tx, operator(self.made.org.id), command)

    def signs_in(self) -> Begun | Pending | Reason:
        org = self.read(lambda tx: orgs.by_id(tx, self.made.org.id))
        attempt = Attempt("ada", Secret(PASSWORD), "192.0.2.1", "Browser/1", "", BROWSER)
        return password.sign_in(self.database, self.hasher, org, attempt)

    def shows_code(self, pending: Pending) -> Begun | Reason:
        """The code that her app shows now, in the sign-in that waits for one."""
        code = pyotp.TOTP(self.secret)
        with self.database.transaction() as tx:
            shown = signin_factors.Code(Secret(code.at(int(tx.now.timestamp()) + 30)))  # the one of now was taken to set it up
            return second_step.answer(
                tx, self.made.org, pending.name, shown, Attempt("ada", Secret(""), "192.0.2.1", "", "", BROWSER).place
            )


@pytest.fixture
def org(database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Org:
    installation = new_installation(tmp_path, database_url)
    for name, value in installation.environ.items():
        monkeypatch.setenv(name, value)
    hasher = PasswordHasher(parallel=1, random=os.urandom)
    host = urlsplit(installation.base_url).netloc
    with database.transaction() as tx:
        said = FirstAdmin("Acme", host, installation.base_url, "ada", "ada@acme.example", "Ada", "Byron", hasher.hash(PASSWORD))
        made = create_first_admin(tx, said)
        ada = Actor(ActorKind.USER, made.org.id, "Ada Byron", frozenset(), user_id=made.user.id)
        begun = begin_app(tx, ada)
        confirm_app(tx, ada, ConfirmApp(pyotp.TOTP(begun.secret).at(int(tx.now.timestamp())), "Phone"))
        new_recovery_codes(tx, ada)

    def type_(*words: str) -> Ended:
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return Org(installation, database, made, hasher, begun.secret, type_)


def test_who_lost_every_factor_signs_in_with_the_password_again(org: Org) -> None:
    """What waited for the factor is over, the factor is no more, and so are the recovery codes."""
    waits = org.signs_in()
    assert isinstance(waits, Pending)
    assert isinstance(org.shows_code(waits), Begun)
    waits = org.signs_in()
    assert isinstance(waits, Pending)
    assert org.now()[2] == 1
    said = org.recover("--yes").out
    assert org.shows_code(waits) is reasons.INTERACTION_UNKNOWN
    _, left, live, _ = org.now()
    assert (left, live) == ([], 0)
    assert org.read(lambda tx: factors.recovery_codes_left(tx, org.made.org.id, org.made.user.id)) == 0
    assert isinstance(org.signs_in(), Begun)
    for words in ("Phone", "signed out", f"{org.installation.base_url}/signin", "the password is all that is left", "by mail"):
        assert words in said


def test_the_trail_names_the_operator_and_the_reason_and_a_mail_tells_the_user(org: Org) -> None:
    org.recover("--yes")
    [line] = [each for each in org.read(lambda tx: audit_trail.page(tx, org.made.org.id, limit=5)) if each.event == Event.FACTOR_REMOVED]
    assert (line.actor_kind, line.actor_name, line.actor_id) == ("operator", "the operator of this machine", None)
    assert (line.reason, line.target_name) == (WHY, "Phone")
    waiting = org.read(lambda tx: [entry.payload for entry in outbox.due(tx, limit=100) if entry.kind == "mail"])
    assert (waiting[-1]["to"], waiting[-1]["subject"]) == ("ada@acme.example", "A second factor was removed at Acme")
    assert "was removed by the operator of the server" in waiting[-1]["text"]


def test_a_program_is_told_what_was_taken_and_what_comes_next(org: Org) -> None:
    held = org.now()[1]
    said = json.loads(org.recover("--yes", "--json").out)
    assert said["removed"] == [{"id": long(held[0]), "kind": "totp", "name": "Phone"}]
    assert (said["org"], said["user_id"], said["username"]) == (org.made.org.host, long(org.made.user.id), "ada")
    assert (said["raised"], len(said["words"])) == ([], 3)


def test_where_a_policy_wants_a_factor_the_next_sign_in_sets_one_up_after_a_mailed_code(org: Org) -> None:
    """The mail is what keeps whoever merely knows the password from setting one up; without a mail server it is a file that is named."""
    org.do(edit_org, EditOrg(required_level=Level.HIGH))
    said = org.recover("--yes").out
    waits = org.signs_in()
    assert isinstance(waits, Pending)
    with org.database.snapshot() as tx:
        waiting = second_step.find(tx, org.read(lambda other: orgs.by_id(other, org.made.org.id)), waits.name, BROWSER)
    assert not isinstance(waiting, Reason)
    assert waiting.step is Step.MAIL
    for words in ("a code that goes to ada@acme.example", str(org.installation.var / "mail"), "required by the org"):
        assert words in said


@pytest.mark.parametrize("of_profile", [False, True], ids=["the org", "the profile"])
def test_where_a_policy_blocks_who_has_none_it_is_raised_only_when_that_is_said(org: Org, of_profile: bool) -> None:
    """Else the factor would be gone, and the password alone refused as before."""
    blocking: dict[str, Any] = {"required_level": Level.HIGH, "level_action": LevelAction.BLOCK}
    profile_id = org.made.user.profile_id
    org.do(edit_profile, EditProfile(profile_id, **blocking)) if of_profile else org.do(edit_org, EditOrg(**blocking))
    assert "--raise" in org.refuses()
    said = org.recover("--yes", "--raise").out
    assert isinstance(org.signs_in(), Pending)
    back = f"profiles edit {long(profile_id)} --level-action block" if of_profile else "org edit --level-action block"
    assert back in said
    line = org.read(lambda tx: audit_trail.page(tx, org.made.org.id, limit=1))[0]
    assert (line.event, line.actor_kind) == (Event.PROFILE_EDITED if of_profile else Event.ORG_EDITED, "operator")
    assert [change["after"] for change in line.changes] == ["raise"]


def test_no_policy_is_changed_that_blocks_nobody(org: Org) -> None:
    before = org.read(lambda tx: (orgs.by_id(tx, org.made.org.id), profiles.by_id(tx, org.made.org.id, org.made.user.profile_id)))
    org.recover("--yes", "--raise")
    after = org.read(lambda tx: (orgs.by_id(tx, org.made.org.id), profiles.by_id(tx, org.made.org.id, org.made.user.profile_id)))
    assert after == before


def test_nothing_is_done_unless_somebody_says_yes(org: Org) -> None:
    before = org.now()
    said = org.recover(code=Exit.STOPPED).err
    assert org.now() == before
    for words in ("Ada Byron (ada)", "Acme", org.made.org.host, "Phone (an authenticator app)"):
        assert words in said


@pytest.mark.parametrize("reason", [(), ("--reason", " ")], ids=["none", "a blank"])
def test_a_reason_is_written(org: Org, reason: tuple[str, ...]) -> None:
    before = org.now()
    ended = org.type("recover-user", "ada", "--yes", *reason)
    assert (ended.code, "reason" in ended.err) == (Exit.REFUSED if reason else Exit.USAGE, True), ended.err
    assert org.now() == before


@pytest.mark.parametrize(
    ("username", "said"),
    [
        pytest.param("ADA", "one of these, perhaps: ada", id="in other letters"),
        pytest.param("ada@acme.example", "one of these, perhaps: ada", id="the address in place of the name"),
        pytest.param("eve", "what the user types to sign in", id="nobody of that kind"),
    ],
)
def test_whoever_is_not_there_is_not_guessed(org: Org, username: str, said: str) -> None:
    words = org.refuses(username=username)
    assert f"Nobody of Acme at {org.made.org.host} has the username {username}." in words
    assert said in words


def test_a_user_without_a_factor_is_shut_out_by_something_else(org: Org) -> None:
    org.recover("--yes")
    assert "has no second factor, so none keeps the user out" in org.refuses()


@pytest.mark.parametrize(
    ("state", "frozen", "words", "mends"),
    [
        pytest.param(UserState.ACTIVE, True, "is frozen", "users unfreeze", id="frozen"),
        pytest.param(UserState.DEACTIVATED, False, "is deactivated", "users activate", id="deactivated"),
        pytest.param(UserState.DEACTIVATED, True, "is frozen", "users unfreeze", id="both"),
        pytest.param(UserState.INVITED, False, "has not accepted the invitation yet", "users invite-again", id="invited"),
    ],
)
def test_who_was_stopped_stays_stopped_and_keeps_the_factors(org: Org, state: UserState, frozen: bool, words: str, mends: str) -> None:
    with org.database.transaction() as tx:
        people.change_state(tx, org.made.org.id, org.made.user.id, (UserState.ACTIVE,), state)
        people.change_frozen(tx, org.made.org.id, org.made.user.id, frozen)
    said = org.refuses()
    assert words in said
    assert f"gatebridge {mends} {long(org.made.user.id)}" in said


def test_a_lock_is_told_and_left_alone(org: Org) -> None:
    """It is over in a quarter of an hour, and keeps out whoever tries passwords meanwhile."""
    lock = timedelta(minutes=15)
    with org.database.transaction() as tx:
        for _ in range(lockouts.MOST_FOR_USER):
            limited_acts.count(tx, org.made.org.id, "user", "ada", window=lock, most=lockouts.MOST_FOR_USER, lock=lock)
    until = org.read(lambda tx: limited_acts.of(tx, org.made.org.id, "user", "ada")).locked_until
    assert f"locked until {until:%Y-%m-%d %H:%M} UTC" in org.recover("--yes").out
    assert org.signs_in() is reasons.USER_LOCKED


def test_of_several_orgs_one_is_named(org: Org) -> None:
    with org.database.transaction() as tx:
        add_org(tx, "Branch")
    said = org.refuses(code=Exit.USAGE)
    assert "--org HOST" in said
    assert f"{org.made.org.host}, branch.localhost" in said
    assert "No org of this installation answers at nowhere.example" in org.refuses("--org", "nowhere.example")
    assert "Nobody of Branch" in org.refuses("--org", "branch.localhost")
    org.recover("--yes", "--org", org.made.org.host)
    assert org.now()[1] == []


def test_before_there_is_an_org_there_is_nobody_to_recover(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installation = new_installation(tmp_path, empty_database_url)
    for name, value in installation.environ.items():
        monkeypatch.setenv(name, value)
    assert main(["db", "upgrade"]) == 0
    assert main(["recover-user", "ada", "--reason", WHY]) == Exit.REFUSED
    assert "first-admin" in capsys.readouterr().err
