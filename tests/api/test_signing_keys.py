"""Signing keys over the API: which of them signs, and when a retired one can go."""

from datetime import datetime, timedelta
from typing import Any

from tests.ready_keys import ready_keys
from tests.web.world import World

from gatebridge.rules.signing_keys import JWKS_CACHE, LONGEST_TOKEN
from gatebridge.storage.signing_keys import signing_keys


def listed(acme: World) -> dict[str, dict[str, Any]]:
    return {each["kid"]: each for each in acme.ask("GET", "/signing-keys").json()}


def test_of_an_algorithm_the_newest_key_whose_time_has_come_signs(acme: World) -> None:
    before = {each["algorithm"]: each for each in listed(acme).values()}
    assert all(each["signs"] for each in before.values())
    with ready_keys():
        made = acme.ask("POST", "/signing-keys", body={"algorithm": "ES256"}).json()
    assert (made["signs"], made["removable_from"]) == (False, None)
    old = before["ES256"]
    assert listed(acme)[old["kid"]]["signs"]
    early = acme.ask("POST", f"/signing-keys/{old['kid']}/retire")
    assert (early.status_code, early.json()["reason"]) == (409, "state_conflict")

    come = signing_keys.update().where(signing_keys.c.id == made["kid"]).values(signs_from=acme.house.clock())
    acme.change(lambda tx: tx.connection.execute(come))
    signs = {kid: each["signs"] for kid, each in listed(acme).items()}
    assert signs == {made["kid"]: True, old["kid"]: False, before["RS256"]["kid"]: True}


def test_what_a_verb_answers_is_the_key_as_it_stands_then(acme: World) -> None:
    (old,) = (each for each in listed(acme).values() if each["algorithm"] == "ES256")
    made = acme.ask("POST", "/signing-keys", body={"algorithm": "ES256"}).json()
    come = signing_keys.update().where(signing_keys.c.id == made["kid"]).values(signs_from=acme.house.clock())
    acme.change(lambda tx: tx.connection.execute(come))
    retired = acme.ask("POST", f"/signing-keys/{old['kid']}/retire").json()
    at, free = (datetime.fromisoformat(retired[name]) for name in ("retired_at", "removable_from"))
    assert (retired["signs"], free - at) == (False, LONGEST_TOKEN + JWKS_CACHE)
    early = acme.ask("POST", f"/signing-keys/{old['kid']}/remove", body={})
    assert (early.status_code, early.json()["reason"]) == (409, "confirmation_required")
    past = signing_keys.update().where(signing_keys.c.id == old["kid"]).values(retired_at=at - timedelta(days=1))
    acme.change(lambda tx: tx.connection.execute(past))
    assert acme.ask("POST", f"/signing-keys/{old['kid']}/remove", body={}).json()["kid"] == old["kid"]
    assert old["kid"] not in listed(acme)
