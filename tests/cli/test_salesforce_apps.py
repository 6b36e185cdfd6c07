"""Apps for Salesforce's clients at the command line: the one that every org knows, and those that are registered for a client."""

from pathlib import Path

import pytest
from tests.cli.conftest import Terminal

from gatebridge.cli.exits import Exit

NEW = ("apps", "create", "Mine", "--contact", "dev@example.com")


def test_the_salesforce_cli_is_known_by_its_name_and_is_installed_by_it_closed(terminal: Terminal) -> None:
    (known,) = terminal.json("apps", "list", "--state", "uninstalled", "--search", "PlatformCLI")
    assert (known["label"], known["dialect"], known["consumer_key"]) == ("Salesforce CLI", "salesforce", "PlatformCLI")
    assert terminal.json("apps", "install-link", "PlatformCLI")["link"].endswith("/setup/install?key=PlatformCLI")
    installed = terminal.type("apps", "install", "PlatformCLI")
    assert (installed.code, f"gatebridge access assign {known['id']} HOLDER" in installed.out) == (Exit.OK, True)
    assert terminal.json("apps", "show", known["id"])["state"] == "active"
    assert terminal.json("apps", "policies", known["id"])["permitted_users"] == "admin_approved"
    refused = terminal.type("apps", "settings", known["id"], "--callback", "https://evil.example/callback")
    assert (refused.code, "the same for every org of this server" in refused.err) == (Exit.REFUSED, True)


def test_an_app_for_a_client_is_registered_with_what_that_client_needs(terminal: Terminal, tmp_path: Path) -> None:
    callback, full = "https://app.example/callback", "It deploys metadata."
    words = ("--callback", callback, "--scope", "id", "--save-secret", str(tmp_path / "a"))
    app = terminal.json(*NEW, "--api-name", "for_jsforce", "--salesforce", "jsforce", *words)
    assert app["dialect"] == "salesforce"
    settings = terminal.json("apps", "settings", app["id"])
    assert (set(settings["scopes"]), settings["callbacks"]) == ({"api", "refresh_token", "id"}, [callback])
    assert (set(settings["flows"]), settings["pkce_required"]) == ({"web_server", "refresh_token"}, True)

    reasoned = ("--full-scope-reason", full, "--save-secret", str(tmp_path / "b"))
    app = terminal.json(*NEW, "--api-name", "for_cci", "--salesforce", "cumulusci", *reasoned)
    settings = terminal.json("apps", "settings", app["id"])
    assert (settings["callbacks"], settings["pkce_required"]) == (["http://localhost:8080/callback"], False)
    assert settings["full_scope_reason"] == full

    app = terminal.json(*NEW, "--api-name", "for_scripts", "--salesforce", "sf")
    assert app["secret"] is None
    settings = terminal.json("apps", "settings", app["id"])
    assert (settings["flows"], settings["auth_methods"]) == (["jwt_bearer"], ["private_key_jwt"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("postman",), "There is no client called postman"),
        (("jsforce:soap",), "jsforce does not sign in by soap; it does by web, jwt."),
        (("jsforce",), "jsforce comes back to an address of its own: say --callback."),
        (("cumulusci",), "Say why it may: --full-scope-reason"),
        (("sf", "--dialect", "standard", "--flow", "device"), "leave out --dialect, --flow, or say all of it yourself."),
        (("sf", "--resource-server"), "leave out --resource-server"),
    ],
)
def test_what_contradicts_itself_is_said_before_anything_is_registered(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    ended = terminal.type(*NEW, "--api-name", "nothing", "--salesforce", *words)
    assert (ended.code, said in " ".join(ended.err.split())) == (Exit.USAGE, True), ended.err
