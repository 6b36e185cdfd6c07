"""Second factors over the API: my own, and a user's for an admin. No secret, seed or key is in any answer."""

import os
from dataclasses import replace
from typing import Any

import pytest
from tests.web.world import ACME, OTHER, Person, World, id18

from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.signin import sessions
from gatebridge.storage import factors, facts, outbox, verifications
from gatebridge.storage.tx import Tx
from gatebridge.storage.verifications import ActivatedBrowser

FIELDS = {"id", "kind", "name", "created_at", "last_used_at"}


@pytest.fixture
def bob(acme_on_both: World) -> Person:
    return acme_on_both.add_person("bob", [])


def has(acme: World, person: Person, kind: FactorKind = FactorKind.PASSKEY, name: str = "Blue key") -> str:
    """The person has a factor, and ten recovery codes."""

    def add(tx: Tx) -> str:
        factor = Factor(tx.new_id(Prefix.FACTOR), acme.org.id, person.user.id, kind, name, tx.now, tx.now)
        said: dict[str, Any] = {"credential_id": os.urandom(16)} if kind is FactorKind.PASSKEY else {"sealed_seed": b"sealed seed"}
        assert factors.insert(tx, replace(factor, **said))
        factors.replace_recovery_codes(tx, acme.org.id, person.user.id, [os.urandom(32) for _ in range(10)])
        return factor.id

    return str(acme.change(add))


def live_sessions(acme: World, person: Person) -> int:
    def count(tx: Tx) -> int:
        standing = facts.standing(tx, acme.org.id, person.user.id)
        assert standing is not None
        return len(sessions.live(tx, acme.org, standing))

    return int(acme.change(count))


def sits_at_a_browser(acme: World, person: Person) -> None:
    def begin(tx: Tx) -> None:
        standing = facts.standing(tx, acme.org.id, person.user.id)
        assert standing is not None
        sessions.begin(tx, acme.org, standing, methods=("pwd",), address="198.51.100.7", user_agent="")
        verifications.activate(tx, acme.org.id, person.user.id, ActivatedBrowser(os.urandom(32), "totp", "", "", tx.now))

    acme.change(begin)


def mails(acme: World, person: Person) -> list[str]:
    entries = acme.change(lambda tx: outbox.due(tx, limit=1000))
    return [entry.payload["subject"] for entry in entries if entry.kind == "mail" and entry.payload["to"] == person.user.email]


def test_my_factors_are_listed_without_what_they_prove_themselves_with(acme_on_both: World, bob: Person) -> None:
    has(acme_on_both, bob, FactorKind.TOTP, "Phone")
    has(acme_on_both, bob)
    answer = acme_on_both.ask("GET", "/me/factors", by=bob)
    assert answer.status_code == 200
    assert answer.json()["recovery_codes_left"] == 10
    assert [(each["kind"], each["name"]) for each in answer.json()["factors"]] == [("totp", "Phone"), ("passkey", "Blue key")]
    assert all(set(each) == FIELDS for each in answer.json()["factors"])


def test_I_remove_my_own_and_nobody_elses(acme_on_both: World, bob: Person) -> None:
    mine, theirs = has(acme_on_both, bob), has(acme_on_both, acme_on_both.admin)
    sits_at_a_browser(acme_on_both, bob)
    assert acme_on_both.ask("DELETE", f"/me/factors/{theirs}", by=bob).status_code == 404
    left = acme_on_both.ask("DELETE", f"/me/factors/{id18(mine)}", by=bob)
    assert (left.status_code, left.json()) == (200, {"factors": [], "recovery_codes_left": 0})
    assert live_sessions(acme_on_both, bob) == 0
    assert mails(acme_on_both, bob) == ["A second factor was removed at Acme"]
    assert len(acme_on_both.ask("GET", "/me/factors").json()["factors"]) == 1


def test_an_admin_sees_and_removes_one_or_all_which_is_audited_and_told(acme_on_both: World, bob: Person) -> None:
    first, _ = has(acme_on_both, bob), has(acme_on_both, bob, FactorKind.TOTP, "Phone")
    sits_at_a_browser(acme_on_both, bob)
    path = f"/users/{bob.user.id}/factors"
    assert len(acme_on_both.ask("GET", path).json()["factors"]) == 2
    left = acme_on_both.ask("DELETE", f"{path}/{first}", reason="The key was stolen.")
    assert [each["name"] for each in left.json()["factors"]] == ["Phone"]
    assert left.json()["recovery_codes_left"] == 10
    assert acme_on_both.ask("DELETE", f"{path}/{first}").status_code == 404
    assert acme_on_both.ask("DELETE", path, reason="Nothing is left to show.").json() == {"factors": [], "recovery_codes_left": 0}
    assert live_sessions(acme_on_both, bob) == 0
    assert acme_on_both.change(lambda tx: verifications.browsers_of(tx, acme_on_both.org.id, bob.user.id)) == []
    assert mails(acme_on_both, bob) == ["A second factor was removed at Acme"] * 2
    lines = [line for line in acme_on_both.ask("GET", "/audit").json()["items"] if line["event"] == "setup:factor:removed"]
    assert [line["reason"] for line in lines] == ["Nothing is left to show.", "The key was stolen."]


def test_it_needs_manage_users_and_every_right_of_the_user(acme_on_both: World, bob: Person) -> None:
    has(acme_on_both, bob)
    has(acme_on_both, acme_on_both.admin)
    viewer = acme_on_both.add_person("viewer", [Permission.VIEW_SETUP])
    clerk = acme_on_both.add_person("clerk", [Permission.MANAGE_USERS])
    for method in ("GET", "DELETE"):
        assert acme_on_both.ask(method, f"/users/{bob.user.id}/factors", by=viewer).status_code == 403
    assert acme_on_both.ask("GET", f"/users/{acme_on_both.admin.user.id}/factors", by=clerk).status_code == 200
    # X-AD-04: taking away what guards an account leads into it.
    assert acme_on_both.ask("DELETE", f"/users/{acme_on_both.admin.user.id}/factors", by=clerk).status_code == 403
    assert acme_on_both.ask("DELETE", f"/users/{bob.user.id}/factors", by=clerk).status_code == 200


def test_X_AD_01_users_of_another_org_do_not_exist(acme_on_both: World) -> None:
    theirs = acme_on_both.admins[OTHER].user.id
    for method in ("GET", "DELETE"):
        assert acme_on_both.ask(method, f"/users/{theirs}/factors", host=ACME).status_code == 404
