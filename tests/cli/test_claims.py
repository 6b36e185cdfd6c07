"""What apps are told, at the command line: custom permissions, attributes, claims of scopes, and which scopes were used."""

from tests.cli.conftest import Terminal


def test_custom_permissions_are_named_given_and_removed(terminal: Terminal) -> None:
    made = terminal.json("custom-permissions", "create", "Give refunds", "--api-name", "Refund")["id"]
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "Standard User")
    given = terminal.type("custom-permissions", "assign", made, profile)
    assert given.out.strip() == "Whoever holds Standard User holds it.", given.err
    holders = terminal.type("custom-permissions", "holders", made)
    assert "Standard User" in holders.out
    stays = terminal.type("custom-permissions", "delete", made)
    assert (stays.code, "Take it from them first" in stays.err) == (1, True)
    assert terminal.type("custom-permissions", "unassign", made, profile).code == 0
    assert terminal.type("custom-permissions", "delete", made).out.strip() == "It is gone."


def test_attributes_and_claims_are_written_and_what_is_wrong_is_shown_where(terminal: Terminal) -> None:
    app = terminal.json(
        "apps", "create", "Told things", "--api-name", "told_things", "--contact", "dev@example.com", "--flow", "web_server",
        "--scope", "openid", "--callback", "https://told.example/cb",
    )["id"]  # fmt: skip
    expression = "if(user.country = 'DE', 'EMEA', 'other')"
    saved = terminal.type("apps", "settings", app, "--attribute", f"region={expression}")
    assert f"region = {expression}" in saved.out, saved.err
    org = terminal.json("org", "edit", "--scope-claim", "profile:cost_centre=user.external_id")
    assert org["scope_claims"] == [{"scope": "profile", "claim": "cost_centre", "expression": "user.external_id"}]
    wrong = terminal.type("org", "edit", "--scope-claim", "profile:cost_centre=user.extrenal_id")
    assert wrong.code == 1
    assert "At character 1: There is no field user.extrenal_id. Did you mean user.external_id?" in wrong.err
    assert terminal.json("org", "edit", "--scope-claim", "")["scope_claims"] == []


def test_X_CO_08_usage_shows_which_scopes_are_used(terminal: Terminal) -> None:
    me = terminal.json("me")
    by_scope = terminal.type("usage", "show", me["app_id"], "--by-scope")
    assert "setup_api" in by_scope.out, by_scope.err
    by_grant = terminal.type("usage", "show", me["app_id"], "--by-grant")
    assert "setup_api (20" in by_grant.out, by_grant.err
    both = terminal.type("usage", "show", me["app_id"], "--by-scope", "--by-grant")
    assert (both.code, "one of --by-credential, --by-grant and --by-scope" in both.err) == (2, True)
