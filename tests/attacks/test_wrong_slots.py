"""Every kind of value that the product hands out, offered at every place that takes one (X-AC-05, X-MX-05)."""

import pytest
from tests.attacks.hoard import Hoard, make_hoard
from tests.attacks.slots import SLOTS
from tests.oauth.tenants import Tenant


@pytest.fixture
def held(acme: Tenant) -> Hoard:
    return make_hoard(acme)


AT_THE_TOKEN_ENDPOINT = (
    "code",
    "refresh_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "client_id",
    "code_verifier",
    "device_code",
)
WHERE_TOKENS_ARE_SHOWN = tuple(name for name in SLOTS if name.startswith(("bearer at", "token to")))
AT_A_BROWSER = tuple(name for name in SLOTS if name not in (*AT_THE_TOKEN_ENDPOINT, *WHERE_TOKENS_ARE_SHOWN))


@pytest.mark.parametrize("names", [AT_THE_TOKEN_ENDPOINT, WHERE_TOKENS_ARE_SHOWN, AT_A_BROWSER], ids=["token endpoint", "shown", "browser"])
def test_X_AC_05_X_MX_05_a_slot_takes_its_own_kind_and_no_other_and_harms_none(held: Hoard, names: tuple[str, ...]) -> None:
    taken = [
        f"{kind} at {name}"
        for name in names
        for kind, value in held.values.items()
        if kind not in SLOTS[name].right and SLOTS[name].taken(held, value)
    ]
    assert taken == []
    # Whatever was offered at the wrong place is as good at its own as before; what ends something comes last.
    broken = [f"{kind} at {name}" for name, each in SLOTS.items() for kind in each.right if not each.taken(held, held.values[kind])]
    assert broken == []


def test_X_AC_05_in_a_parameter_that_is_not_its_own_no_value_is_looked_at(held: Hoard) -> None:
    """The right value under another parameter's name is not found by chance: names count, and not what a value looks like."""
    names = ("code", "refresh_token", "assertion", "device_code", "token", "access_token", "id_token_hint", "subject_token", "username")
    for kind, value in held.values.items():
        for name in names:
            answer = held.portal.app.ask({"grant_type": "authorization_code", name: value} | dict(held.portal.credentials))
            allowed = kind == "authorization code" and name == "code"
            assert answer.status_code == 400 or allowed, f"{kind} as {name}"
            if allowed:
                continue
            assert answer.json()["error"] in ("invalid_request", "invalid_grant"), f"{kind} as {name}"


def test_X_AC_05_values_of_another_org_are_nothing_here(held: Hoard, rival: Tenant) -> None:
    theirs = make_hoard(rival)
    told = [
        f"{kind} at {name}"
        for name, slot in SLOTS.items()
        for kind in slot.right
        if kind not in ("verifier", "consumer key", "browser cookie") and slot.taken(held, theirs.values[kind])
    ]
    assert told == []
    assert [f"{kind} at {name}" for name, slot in SLOTS.items() for kind in slot.right if not slot.taken(theirs, theirs.values[kind])] == []
