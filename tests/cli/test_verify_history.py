"""`audit verify` holds the login history against its seals, part after part, here and over the server."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.cli.conftest import Terminal

from gatebridge.cli.verifying import MOST_BAD, whole
from gatebridge.records import history_seals
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.storage import names
from gatebridge.storage.login_history import HistoryLine, insert_many


def part(state: str, bad: int | None, go_on: int | None) -> dict[str, Any]:
    return {"state": state, "seals": 1, "lines": 2, "first_bad": bad, "words": f"{state} {bad}.", "go_on": go_on}


def saying(*parts: dict[str, Any]) -> Callable[[int | None], dict[str, Any]]:
    """Each part is told to whoever goes on where the one before it ended."""
    by_place = dict(zip((None, *(each["go_on"] for each in parts)), parts, strict=False))
    return lambda older: by_place[older]


@pytest.mark.parametrize(
    ("parts", "state", "bad", "words"),
    [
        pytest.param([part("intact", None, None)], "intact", [], "intact None.", id="one part"),
        pytest.param(
            [part("intact", None, 7), part("intact", None, None)],
            "intact",
            [],
            "4 lines of login history under 2 seals fit what was sealed.",
            id="two parts are summed up",
        ),
        pytest.param(
            [part("tampered", 9, 9), part("tampered", 8, 8), part("intact", None, None)],
            "tampered",
            [9, 8],
            "tampered 9. tampered 8.",
            id="every hour that does not fit is told",
        ),
        pytest.param(
            [part("intact", None, 7), part("could_not_check", 6, None)], "could_not_check", [6], "could_not_check 6.", id="a doubt"
        ),
        pytest.param(
            [part("tampered", 9, 9), part("could_not_check", 6, None)], "tampered", [9, 6], "tampered 9. could_not_check 6.", id="both"
        ),
    ],
)
def test_what_is_said_of_all_parts(parts: list[dict[str, Any]], state: str, bad: list[int], words: str) -> None:
    found = whole(saying(*parts))
    assert (found["state"], found["bad"], found["words"], found["lines"]) == (state, bad, words, 2 * len(parts))


def test_after_many_hours_that_do_not_fit_it_ends() -> None:
    assert len(whole(lambda older: part("tampered", older or 999, (older or 999) - 1))["bad"]) == MOST_BAD


def test_a_history_that_was_changed_with_the_database_in_hand_ends_with_2(terminal: Terminal) -> None:
    with terminal.installation.database() as database:
        with database.transaction() as tx:
            (org_id,) = names.of_orgs(tx)
            at = tx.now - timedelta(hours=3)
            receipt_id = IdMint(9).mint(Prefix.RECEIPT, at)
            insert_many(tx, [HistoryLine(org_id, receipt_id, at, "token", "success", 200, "192.0.2.1", "probe/1", {})])
            seal = history_seals.next_seal(tx, org_id)
            assert seal is not None
            assert history_seals.write(tx, org_id, seal)
        for address, code, state in (("192.0.2.1", 0, "intact"), ("192.0.2.2", 2, "tampered"), ("192.0.2.1", 0, "intact")):
            with database.transaction() as tx:
                tx.connection.execute(sa.text("UPDATE login_history SET address = :a WHERE id = :i"), {"a": address, "i": receipt_id})
            for where in ((), ("--local",)):
                found = terminal.type("audit", "verify", "--json", *where)
                (said,) = json.loads(found.out)
                assert (found.code, said["state"], said["history"]["state"]) == (code, "intact", state), said
        assert terminal.type("audit", "verify").out.splitlines()[1].endswith("1 line of login history under 1 seal fit what was sealed.")
    seals = [each["target"] for each in terminal.json("audit", "list", "--seals") if each["event"] == "house:login_history:sealed"]
    assert len(seals) == 1
    assert "house:login_history:sealed" not in {each["event"] for each in terminal.json("audit", "list")}
