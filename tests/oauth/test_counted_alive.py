"""What pages count as alive is what the doors take for alive: the count in SQL, and the decision in `rules/access`, never drift apart."""

import pytest
from tests.oauth.closures import CLOSURES
from tests.oauth.tenants import Tenant
from tests.oauth.test_gate_matrix import LIVE, REFUSED, closed

from gatebridge.rules.apps import Dialect
from gatebridge.storage import live_tokens

# What ends tokens for good. All else lets them rest: when the gate opens again, they are as good as before.
ENDS = {
    *("app blocked", "app contained", "app deleted", "app uninstalled", "app revoked"),
    *("user frozen", "user deactivated", "user revoked", "consent withdrawn"),
    *("grants ended", "org epoch raised"),
}


def test_what_is_ended_for_good_is_refused_and_what_only_rests_is_not_called_ended() -> None:
    for closure, row in REFUSED.items():
        reasons = [row.get(holder) for holder in LIVE]
        assert all(reasons) if closure in ENDS else "token_ended" not in reasons, closure


@pytest.mark.parametrize("closure", CLOSURES)
def test_the_count_of_live_tokens_falls_by_what_ends_them_and_by_nothing_else(acme: Tenant, closure: str) -> None:
    held = closed(acme, closure, Dialect.STANDARD)
    with acme.standing.database.snapshot() as tx:
        counted = live_tokens.count(tx, acme.org.id, app_id=held.app_id)
    assert (counted.tokens, counted.exact) == (0 if closure in ENDS else 2, True)
