"""Exposures at the command line: the report, one app in words, an acceptance and its withdrawal."""

from datetime import UTC, datetime, timedelta

from tests.cli.conftest import Terminal


def test_exposures_are_listed_explained_accepted_and_taken_back(terminal: Terminal) -> None:
    app = terminal.json(
        "apps", "create", "Wide open", "--api-name", "wide_open", "--contact", "dev@example.com", "--flow", "web_server",
        "--scope", "api", "--callback", "https://wide.example/cb",
    )["id"]  # fmt: skip
    admins = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "System Administrator")
    terminal.json("access", "assign", app, admins)
    terminal.json("apps", "policies", app, "--ip-relaxation", "relax", "--permitted-users", "self_authorize")
    terminal.json("apps", "settings", app, "--no-pkce")

    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=100)
    shown = until.strftime("%Y-%m-%d %H:%M:%S")
    report = terminal.type("exposures")
    line = next(line for line in report.out.splitlines() if "Wide open" in line)
    assert "no_pkce" in line
    assert "ip_relaxed" in line
    assert terminal.json("exposures", "--exposure", "no_pkce")[0]["app"] == "Wide open"

    accepted = terminal.type("apps", "accept", app, "no_pkce", "--reason", "Its vendor ships PKCE in March.", "--until", until.isoformat())
    assert accepted.out.strip() == f"no_pkce is accepted until {shown}.", accepted.err
    told = terminal.type("exposures", app)
    assert "Wide open: grade" in told.out
    assert "■■■□□ no_pkce  The web server flow works without PKCE." in told.out
    assert "→ Require PKCE, which every current client library does by itself." in told.out
    assert f"gatebridge apps settings {app} --pkce" in told.out
    assert f"until {shown}: Its vendor ships PKCE in March." in told.out
    assert "no_pkce*" in terminal.type("exposures").out

    assert terminal.type("apps", "withdraw", app, "no_pkce").code == 0
    again = terminal.type("apps", "withdraw", app, "no_pkce")
    assert (again.code, "Nobody has accepted no_pkce" in again.err) == (1, True)

    for each in terminal.json("exposures", app)["exposures"]:
        if each["smaller"]["by_itself"]:
            program, *words = each["smaller"]["command"].split()
            assert program == "gatebridge"
            assert terminal.type(*words).code == 0, each["smaller"]["command"]
    left = terminal.json("exposures", app)
    assert all(not each["smaller"]["by_itself"] for each in left["exposures"])
