"""Guides for the clients of Salesforce over the API: what each reader is told, and nothing of an app that is not the reader's to see."""

from typing import Any

import pytest
from tests.web.world import ACME, OTHER, Person, World, id18, operator

from gatebridge.rules.permissions import Permission
from gatebridge.setup.platform_cli import seed_platform_cli


@pytest.fixture
def furnished(acme: World) -> World:
    """The world with the app of the Salesforce CLI, which its first org keeps and no org has installed."""
    assert acme.change(lambda tx: seed_platform_cli(tx, operator(acme.orgs[ACME]), acme.admins[ACME].user)) is not None
    return acme


def ask(acme: World, status: int = 200, by: Person | None = None, host: str = ACME, **query: Any) -> Any:
    answer = acme.ask("GET", "/connect", by=by, host=host, **query)
    assert answer.status_code == status, answer.text
    return answer.json()


def way_in(found: Any, name: str) -> Any:
    return next(way for way in found["ways"] if way["name"] == name)


def test_the_salesforce_cli_comes_as_an_app_of_its_own_which_every_org_knows(furnished: World) -> None:
    for host in (ACME, OTHER):
        found = ask(furnished, host=host)
        assert (found["client"], found["called"], found["app"]["consumer_key"]) == ("sf", "Salesforce CLI", "PlatformCLI")
        assert found["issuer"] == f"http://{host}"
        (gap,) = way_in(found, "web")["gaps"]
        assert (gap["reason"], gap["page"]) == ("app_not_installed", "/help/reasons/app_not_installed")
        assert gap["setting"]["request"] == "POST /api/v1/apps/install"
    assert ask(furnished, app="PlatformCLI") == ask(furnished)


def test_without_the_app_the_guide_says_how_one_is_registered(acme: World) -> None:
    found = ask(acme)
    assert found["app"] is None
    assert "gatebridge apps create" in way_in(found, "web")["registration"]["code"]


def test_who_may_not_see_apps_has_the_guide_and_not_what_is_wrong_with_the_app(furnished: World) -> None:
    nobody = furnished.add_person("nobody", [])
    web = way_in(ask(furnished, by=nobody), "web")
    assert (web["ready"], web["gaps"]) == (None, [])
    assert web["steps"] == way_in(ask(furnished), "web")["steps"]
    assert ask(furnished, by=nobody, client="jsforce")["app"] is None
    for app in (furnished.admin.app_id, furnished.admin.consumer_key, "gbk_nobody"):
        assert ask(furnished, 403, by=nobody, client="jsforce", app=app)["reason"] == "permission_missing"


def test_an_owner_sees_what_is_wrong_with_the_own_app_and_no_other(furnished: World) -> None:
    owner = furnished.add_person("owner", [Permission.REGISTER_CONNECTED_APPS])
    found = ask(furnished, by=owner, client="simple-salesforce", app=owner.app_id)
    session = way_in(found, "session")
    assert [gap["words"][:20] for gap in session["gaps"]] == ["The client speaks ht", "Its clients match on"]
    assert session["ready"] is False
    assert ask(furnished, 404, by=owner, client="jsforce", app=furnished.admin.app_id)["reason"] == "record_not_found"


def test_another_orgs_app_is_as_if_it_did_not_exist(furnished: World) -> None:
    theirs = furnished.admins[OTHER]
    for app in (theirs.app_id, theirs.consumer_key):
        foreign = ask(furnished, 404, client="jsforce", app=app)
        missing = ask(furnished, 404, client="jsforce", app="gbk_nobody")
        del foreign["operation_id"], missing["operation_id"]
        assert foreign == missing


def test_what_the_gates_would_say_is_told_to_who_may_have_it_explained(furnished: World) -> None:
    viewer = furnished.add_person("viewer", [Permission.VIEW_SETUP])
    app = furnished.admin.app_id
    ways = {way["name"]: way for way in ask(furnished, by=viewer, client="simple-salesforce", app=app)["ways"]}
    assert ways["client-credentials"]["ready"] is None, "whether another's run-as user gets in is not for everybody"
    assert ways["jwt"]["ready"] is False, "everybody may ask about oneself"
    about_another = ask(furnished, 403, by=viewer, client="jsforce", app=app, user=furnished.admin.user.username)
    assert about_another["reason"] == "permission_missing"
    found = ask(furnished, user=viewer.user.username)
    assert found["user"] == viewer.user.username
    assert ask(furnished, user=id18(viewer.user.id))["user"] == viewer.user.username, "clients are told usernames"
    nobody = furnished.add_person("nobody", [])
    assert ask(furnished, by=nobody, user=id18(viewer.user.id))["user"] == id18(viewer.user.id), "who may not look users up learns no name"
    login = way_in(found, "jwt")["steps"][0]["code"]
    assert (viewer.user.username in login, "--client-id CONSUMER_KEY" in login) == (True, True), "a public app signs nothing"


@pytest.mark.parametrize(("query", "status"), [({"client": "heroku"}, 422), ({"user": "nobody"}, 422), ({"app": "x" * 257}, 422)])
def test_what_is_no_question_is_refused(furnished: World, query: dict[str, Any], status: int) -> None:
    ask(furnished, status, **query)


def test_a_guide_is_read_and_leaves_no_line(furnished: World) -> None:
    ask(furnished)
    before = [line["id"] for line in furnished.ask("GET", "/login-history").json()["items"]]
    ask(furnished)
    ask(furnished, client="jsforce", app=furnished.admin.app_id)
    assert [line["id"] for line in furnished.ask("GET", "/login-history").json()["items"]] == before
