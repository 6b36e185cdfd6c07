"""When: login hours in every flow, at the issue of a token and for those that live."""

from datetime import timedelta

import pytest
from tests.oauth.flows.places import FLOWS, SALESFORCE, client_credentials
from tests.oauth.tenants import Tenant, compared

from gatebridge.rules.hours import DAY, OpenHours

every_flow = pytest.mark.parametrize("flow", FLOWS)


def _another_day(acme: Tenant) -> tuple[OpenHours, ...]:
    """All of the week but today and the days around it, so that no time zone and no minute of the test matters."""
    today = acme.standing.clock.now.weekday()
    return tuple(OpenHours((today + days) % 7, 0, DAY) for days in (3, 4))


def _today(acme: Tenant) -> tuple[OpenHours, ...]:
    today = acme.standing.clock.now.weekday()
    return tuple(OpenHours((today + days) % 7, 0, DAY) for days in (0, 1))


@every_flow
def test_no_flow_gives_a_token_outside_the_login_hours(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    app.profile(login_hours=_today(acme))
    assert app.ask("192.0.2.10").status_code == 200
    app.profile(login_hours=_another_day(acme))
    answer = app.ask("192.0.2.10")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    told = "outside_hours" if flow == "client credentials" else "user_not_approved"
    assert answer.json()["error_uri"].rpartition("/")[2].startswith(told)
    line = acme.receipt(answer)
    assert line.reason == "outside_hours"
    assert compared(line)["time"]["sent"] == f"{acme.standing.clock.now:%A %H:%M} in UTC"


@every_flow
def test_live_tokens_die_at_the_end_of_the_hours_and_count_again_within_them(acme: Tenant, flow: str) -> None:
    app = FLOWS[flow](acme)
    token = app.token()
    app.profile(login_hours=_another_day(acme))
    assert app.guard.introspect(token).json() == {"active": False}
    assert acme.last_cause() == "outside_hours"
    app.profile(login_hours=_today(acme))
    assert app.guard.introspect(token).json()["active"] is True


def test_the_minute_at_which_the_hours_end_is_the_minute_at_which_a_token_ends(acme: Tenant) -> None:
    app, clock = client_credentials(acme), acme.standing.clock
    clock.advance(seconds=(timedelta(minutes=30) - timedelta(minutes=clock.now.minute % 30, seconds=clock.now.second)).total_seconds())
    token, minute = app.token(), clock.now.hour * 60 + clock.now.minute
    app.profile(login_hours=(OpenHours(clock.now.weekday(), minute, minute + 10),))
    clock.advance(minutes=9, seconds=59)
    assert app.guard.introspect(token).json()["active"] is True
    clock.advance(seconds=1)
    assert app.guard.introspect(token).json()["active"] is False


def test_the_hours_are_those_of_the_orgs_time_zone(acme: Tenant) -> None:
    app, clock = client_credentials(acme), acme.standing.clock
    # In Kiritimati it is always tomorrow for somebody in Niue: 25 hours lie between their clocks.
    there = clock.now + timedelta(hours=14)
    app.profile(login_hours=(OpenHours(there.weekday(), 0, DAY),))
    app.org(timezone="Pacific/Kiritimati")
    assert app.causes("192.0.2.10") == [None]
    app.org(timezone="Pacific/Niue")
    assert app.causes("192.0.2.10") == ["outside_hours"]


def test_salesforces_clients_read_their_own_text(acme: Tenant) -> None:
    app = client_credentials(acme, **SALESFORCE)
    app.profile(login_hours=_another_day(acme))
    said = app.ask("192.0.2.10").json()
    assert (said["error"], said["error_description"]) == ("invalid_grant", "invalid login hours")
