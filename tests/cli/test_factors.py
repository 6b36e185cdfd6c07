"""Second factors at the command line: listed, removed after a question, and nothing shown that proves anything."""

from tests.cli.conftest import Terminal

from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix, parse
from gatebridge.storage import factors


def test_an_admin_lists_and_removes_the_factors_of_a_user(terminal: Terminal) -> None:
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "Standard User")
    user = terminal.json("users", "create", "kim@example.com", "--email", "kim@example.com", "--last-name", "Kim", "--profile", profile)
    user_id = parse(user["id"], Prefix.USER)
    assert user_id is not None
    with terminal.installation.database() as database, database.transaction() as tx:
        org_id = tx.connection.exec_driver_sql("SELECT id FROM orgs").scalar_one()
        for name in ("Phone", "Tablet"):
            factor = Factor(tx.new_id(Prefix.FACTOR), org_id, user_id, FactorKind.TOTP, name, tx.now, tx.now, sealed_seed=b"a sealed seed")
            assert factors.insert(tx, factor)
    table = terminal.type("users", "factors", "list", user["id"])
    assert "authenticator app" in table.out
    assert "0 recovery codes are unused" in table.out
    listed = terminal.json("users", "factors", "list", user["id"])
    assert [each["name"] for each in listed["factors"]] == ["Phone", "Tablet"]
    assert "sealed" not in str(listed)
    phone = listed["factors"][0]["id"]
    assert terminal.type("users", "factors", "remove", user["id"], phone).code == 5  # nobody answered the question
    left = terminal.json("users", "factors", "remove", user["id"], phone, "--reason", "It was stolen.", "--yes")
    assert [each["name"] for each in left["factors"]] == ["Tablet"]
    assert terminal.json("users", "factors", "remove-all", user["id"], "--yes")["factors"] == []
    assert terminal.json("users", "factors", "list", "me") == {"factors": [], "recovery_codes_left": 0}
