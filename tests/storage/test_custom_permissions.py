"""Custom permissions as they are kept, and what profiles and permission sets give of them."""

from dataclasses import replace

import pytest
from tests.records.seed import SmallOrg

from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import CustomPermission, PermissionSet, Profile
from gatebridge.storage import custom_permissions, people, permission_sets, profiles
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx


def a_right(tx: Tx, org: SmallOrg, api_name: str = "Approve_Invoices", **said: str) -> CustomPermission:
    values = {"label": api_name.replace("_", " "), "description": "Ünïcode\nand lines"} | said
    made = CustomPermission(tx.new_id(Prefix.CUSTOM_PERMISSION), org.id, api_name, values["label"], values["description"], tx.now)
    assert custom_permissions.insert(tx, made)
    return made


def page(tx: Tx, org: SmallOrg, **said: object) -> list[str]:
    return [each.api_name for each in custom_permissions.list_page(tx, org.id, **({"after": None, "limit": 10} | said))]  # type: ignore[arg-type]


def test_a_custom_permission_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        made = a_right(tx, acme)
        assert custom_permissions.by_id(tx, acme.id, made.id) == made
        edited = replace(made, api_name="Approve", label="Approve", description="")
        assert custom_permissions.update(tx, edited)
        assert custom_permissions.by_id(tx, acme.id, made.id) == replace(edited, version=2)


def test_X_AD_09_a_custom_permission_is_written_over_the_version_that_was_read_only(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        made = a_right(tx, acme)
        answers = [custom_permissions.update(tx, replace(made, label=label)) for label in ("first", "second")]
        assert answers == [True, False]
        found = custom_permissions.by_id(tx, acme.id, made.id)
        assert found is not None
        assert found.label == "first"


def test_an_api_name_is_unique_in_its_org_and_leaves_the_transaction_usable(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        first, second = a_right(tx, acme), a_right(tx, acme, "Export")
        assert not custom_permissions.insert(tx, replace(first, id=tx.new_id(Prefix.CUSTOM_PERMISSION)))
        with pytest.raises(people.NameTaken):
            custom_permissions.update(tx, replace(second, api_name=first.api_name))
        a_right(tx, other)
        assert page(tx, acme) == ["Approve_Invoices", "Export"]


def test_the_list_goes_on_after_the_last_id_and_searches_names_and_labels(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        first = a_right(tx, acme, "Approve_Invoices")
        a_right(tx, acme, "Export", label="All of 100% data")
        a_right(tx, acme, "Import")
        assert page(tx, acme, limit=2) == ["Approve_Invoices", "Export"]
        assert page(tx, acme, after=first.id) == ["Export", "Import"]
        assert [page(tx, acme, search=text) for text in ("PORT", "approve inv", "100%", "0%0", "_nvoices")] == [
            ["Export", "Import"],
            ["Approve_Invoices"],
            ["Export"],
            [],
            [],
        ]


def test_holders_are_given_a_right_once_and_lose_it_once(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        made = a_right(tx, acme)
        assert [custom_permissions.assign(tx, acme.id, made.id, "0PS000000000002") for _ in range(2)] == [True, False]
        assert custom_permissions.assign(tx, acme.id, made.id, "00e000000000001")
        assert custom_permissions.holders_of(tx, acme.id, made.id) == ["00e000000000001", "0PS000000000002"]
        assert [custom_permissions.unassign(tx, acme.id, made.id, "0PS000000000002") for _ in range(2)] == [True, False]
        assert custom_permissions.holders_of(tx, acme.id, made.id) == ["00e000000000001"]


def test_the_names_of_what_several_holders_give_are_sorted_and_each_told_once(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        profile, held, beside = "00e000000000001", "0PS000000000001", "0PS000000000002"
        for api_name, holders in (("Import", (profile,)), ("Export", (profile, held)), ("Approve", (held,)), ("Purge", (beside,))):
            made = a_right(tx, acme, api_name)
            for holder in holders:
                custom_permissions.assign(tx, acme.id, made.id, holder)
        assert custom_permissions.names_for(tx, acme.id, [profile, held]) == ("Approve", "Export", "Import")
        assert custom_permissions.names_for(tx, acme.id, [held]) == ("Approve", "Export")
        assert custom_permissions.names_for(tx, acme.id, []) == ()


def test_what_is_deleted_is_taken_from_everybody_who_holds_it(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        made, kept = a_right(tx, acme), a_right(tx, acme, "Export")
        for right in (made, kept):
            custom_permissions.assign(tx, acme.id, right.id, "0PS000000000001")
        assert [custom_permissions.delete(tx, acme.id, made.id) for _ in range(2)] == [True, False]
        assert custom_permissions.by_id(tx, acme.id, made.id) is None
        assert custom_permissions.names_for(tx, acme.id, ["0PS000000000001"]) == ("Export",)


def test_a_holder_that_goes_away_gives_nothing_any_more(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        made = a_right(tx, acme)
        profile = Profile(tx.new_id(Prefix.PROFILE), acme.id, "Sales", "", frozenset(), tx.now)
        held = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), acme.id, "Set", "Set", "", frozenset(), tx.now)
        kept = PermissionSet(tx.new_id(Prefix.PERMISSION_SET), acme.id, "Kept", "Kept", "", frozenset(), tx.now)
        assert profiles.insert(tx, profile)
        assert all(permission_sets.insert(tx, each) for each in (held, kept))
        for holder in (profile, held, kept):
            custom_permissions.assign(tx, acme.id, made.id, holder.id)
        profiles.delete(tx, acme.id, profile.id)
        permission_sets.delete(tx, acme.id, held.id)
        assert custom_permissions.holders_of(tx, acme.id, made.id) == [kept.id]


def test_X_AD_01_another_org_sees_gives_and_takes_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        made = a_right(tx, acme)
        custom_permissions.assign(tx, acme.id, made.id, "0PS000000000001")
        assert custom_permissions.by_id(tx, other.id, made.id) is None
        assert page(tx, other) == []
        assert not custom_permissions.update(tx, replace(made, org_id=other.id, label="theirs"))
        assert not custom_permissions.delete(tx, other.id, made.id)
        assert not custom_permissions.unassign(tx, other.id, made.id, "0PS000000000001")
        assert custom_permissions.take_from(tx, other.id, "0PS000000000001") == 0
        assert custom_permissions.holders_of(tx, other.id, made.id) == []
        assert custom_permissions.names_for(tx, other.id, ["0PS000000000001"]) == ()
        assert custom_permissions.by_id(tx, acme.id, made.id) == made
        assert custom_permissions.holders_of(tx, acme.id, made.id) == ["0PS000000000001"]
