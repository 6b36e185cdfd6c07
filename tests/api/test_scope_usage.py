"""What an admin reads of the scopes that are used, and writes of what scopes and attributes tell."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.web.world import ACME, World

from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage.orgs import orgs


def read(acme: World, path: str) -> Any:
    answer = acme.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_X_CO_08_the_used_scopes_of_an_app_are_shown_by_grant_and_for_all(acme: World) -> None:
    watcher = acme.add_person("watcher", [Permission.VIEW_OAUTH_USAGE])
    app = acme.admin.app_id
    first = acme.ask("GET", f"/apps/{app}/usage/scopes", by=watcher).json()
    assert (first["scopes"], first["grants"], first["exact"]) == ([], 0, True)
    assert set(first["unused"]) == {"api", "setup_api"}
    read(acme, "/me")
    (grant,) = read(acme, f"/apps/{app}/usage/grants")["items"]
    (exercised,) = grant["exercised"]
    assert (grant["user_id"], grant["flow"], grant["scopes"]) == (long(acme.admin.user.id), "client_credentials", ["setup_api"])
    assert (exercised["scope"], exercised["first_at"][-1], grant["unused"]) == ("setup_api", "Z", [])
    found = read(acme, f"/apps/{app}/usage/scopes")
    assert ([(each["scope"], each["grants"]) for each in found["scopes"]], found["unused"]) == ([("setup_api", 1)], ["api"])


@pytest.fixture
def on_https(acme: World) -> World:
    """Plain http, as the orgs of these tests have it, is an issuer that no edit would save."""
    acme.change(lambda tx: tx.connection.execute(sa.update(orgs).values(issuer="https://" + orgs.c.host)))
    return acme


def edit(acme: World, path: str, **changes: Any) -> Any:
    tag = acme.ask("GET", path).headers["ETag"]
    return acme.ask("PATCH", path, body=changes, headers={"If-Match": tag})


def test_attributes_and_claims_are_saved_as_they_are_written_and_shown_in_the_audit_trail(on_https: World) -> None:
    claim = {"scope": "ledger_read", "claim": "cost_centre", "expression": "user.external_id"}
    scopes = [{"name": "ledger_read", "sentence": "Read your ledger"}]
    saved = edit(on_https, "/org", custom_scopes=scopes, scope_claims=[claim])
    assert (saved.status_code, saved.json()["scope_claims"]) == (200, [claim])
    attribute = {"name": "region", "expression": "if(user.country = 'DE', 'EMEA', 'other')"}
    saved = edit(on_https, f"/apps/{on_https.admin.app_id}/settings", custom_attributes=[attribute])
    assert (saved.status_code, saved.json()["custom_attributes"]) == (200, [attribute])
    told = [change["sentence"] for line in read(on_https, "/audit")["items"][:2] for change in line["changes"]]
    assert any("cost_centre" in sentence for sentence in told)
    assert any("EMEA" in sentence for sentence in told)


def test_what_is_wrong_with_one_is_told_with_its_place(on_https: World) -> None:
    refused = edit(on_https, "/org", scope_claims=[{"scope": "openid", "claim": "sub", "expression": "'x'"}])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "scope_claims.0")
    wrong = {"name": "region", "expression": "user.emial"}
    refused = edit(on_https, f"/apps/{on_https.admin.app_id}/settings", custom_attributes=[wrong])
    assert refused.status_code == 422, refused.text
    said = refused.json()["errors"][0]
    assert said["field"] == "custom_attributes.0"
    assert "At character 1: There is no field user.emial. Did you mean user.email?" in str(said)


def test_a_scope_that_makes_something_known_is_not_taken_away_under_it(on_https: World) -> None:
    claim = {"scope": "ledger_read", "claim": "cost_centre", "expression": "user.external_id"}
    edit(on_https, "/org", custom_scopes=[{"name": "ledger_read", "sentence": "Read your ledger"}], scope_claims=[claim])
    refused = edit(on_https, "/org", custom_scopes=[])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "scope_claims.0")
    assert edit(on_https, "/org", custom_scopes=[], scope_claims=[]).status_code == 200


def test_the_reports_need_the_right_to_see_usage(acme: World) -> None:
    nobody = acme.add_person("nobody", [])
    for report in ("grants", "scopes"):
        answer = acme.ask("GET", f"/apps/{acme.admin.app_id}/usage/{report}", by=nobody, host=ACME)
        assert (answer.status_code, answer.json()["reason"]) == (403, "permission_missing")
