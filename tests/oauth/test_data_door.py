"""The door of the resource surface on either database: what is read is of one moment, and what is written is written beside it."""

from tests.oauth.tenants import Tenant
from tests.salesforce.surface import refused, rights, surface

from gatebridge.rules.permissions import Permission
from gatebridge.storage import exercised_scopes


def test_a_user_reads_page_by_page_until_the_token_ends_and_the_use_and_the_refusal_are_written(acme: Tenant) -> None:
    sf = surface(acme)
    rights(acme, Permission.API_ENABLED, Permission.MANAGE_USERS, Permission.MONITOR_LOGIN_HISTORY)
    names = sf.query("SELECT Username FROM User WHERE Username LIKE '%EXAMPLE' ORDER BY Username DESC")["records"]
    assert [each["Username"] for each in names] == [acme.runner.username, f"ada@{acme.org.id}.example"]
    assert sf.told(f"/sobjects/User/{acme.runner.id}?fields=Username")["Username"] == acme.runner.username
    assert sf.query("SELECT COUNT() FROM LoginHistory WHERE LoginTime = TODAY AND Status = 'Success'")["totalSize"] == 1
    grant_id = acme.history()[-1].grant_id
    with acme.standing.database.snapshot() as tx:
        assert [each.scope for each in exercised_scopes.of_grants(tx, acme.org.id, [grant_id])[grant_id]] == ["api"]
    sf.portal.app.revoke(sf.token)
    answer = sf.get("/query?q=SELECT+Id+FROM+User")
    refused(answer, 401, "INVALID_SESSION_ID", "Session expired or invalid")
    line = acme.receipt(answer)
    assert (line.event, line.reason, line.grant_id) == ("data", "token_revoked", grant_id)
