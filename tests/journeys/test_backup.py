"""A backup that is put back brings back the records and nothing that was ended since: neither a revoked token nor a used one."""

import shutil
from pathlib import Path

from tests.databases import migrate
from tests.journeys.installation import Installation, json_of, new_installation
from tests.journeys.small_org import seed

from gatebridge.cli.exits import Exit


def put_back(installation: Installation, copy: Path) -> None:
    """What the guide tells an operator to do, while the server is stopped."""
    database = installation.var / "gatebridge.db"
    for leftover in ("gatebridge.db-wal", "gatebridge.db-shm"):
        (installation.var / leftover).unlink(missing_ok=True)
    shutil.copy(copy, database)


def test_X_RV_06_a_restored_backup_revives_nothing_and_the_trail_says_so(tmp_path: Path) -> None:
    installation = new_installation(tmp_path)
    copy = tmp_path / "kept" / "backup.db"
    installation.var.mkdir()
    migrate(f"sqlite:///{installation.var / 'gatebridge.db'}")
    org = seed(installation)
    with installation.serving() as server:
        revoked, kept = org.job.token(server.client), org.job.token(server.client)
        made = installation.run("db", "backup", str(copy))
        assert made.code == Exit.OK, made.err
        server.client.post("/services/oauth2/revoke", data={"token": revoked}, auth=org.job.auth)
        assert not org.is_active(server.client, revoked)
    put_back(installation, copy)
    told = installation.run("db", "restored", "--reason", "The disk of the first machine died; backup of this noon.")
    assert told.code == Exit.OK, told.err
    resealed = installation.run("db", "reseal")  # nothing changed its master key
    assert (resealed.code, resealed.out.strip()) == (Exit.OK, "Sealed anew: 0 signing keys and 0 authenticator apps.")
    with installation.serving() as server:
        assert not org.is_active(server.client, revoked)  # it was revoked after the backup was made
        assert not org.is_active(server.client, kept)  # and nobody can tell which others were
        fresh = org.job.token(server.client)
        assert org.is_active(server.client, fresh)
        bearer = {"Authorization": f"Bearer {org.robot.token(server.client, scope='setup_api')}"}
        lines = json_of(server.client.get("/api/v1/audit", headers=bearer))["items"]
        assert [line["event"] for line in lines].count("setup:backup:restored") == 1


def test_X_RL_08_a_standby_that_lost_the_tail_is_treated_like_a_restored_backup(tmp_path: Path) -> None:
    """A promoted standby may lack the last commits of its primary; the same act makes them harmless. The guide demands quorum commit."""
    guide = Path(__file__).parents[2] / "docs" / "guides" / "operate.md"
    said = guide.read_text()
    assert "synchronous_standby_names" in said
    assert "gatebridge db restored" in said


def test_a_backup_is_a_file_on_sqlite_and_on_postgresql_the_command_points_to_its_own_tools(
    installation: Installation, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    ended = installation.run("db", "backup", str(copy))
    if "postgresql" in installation.settings.get("GATEBRIDGE_DATABASE_URL", ""):
        assert (ended.code, copy.exists()) == (Exit.REFUSED, False)
        assert "pg_dump" in ended.err
    else:
        assert (ended.code, copy.exists()) == (Exit.OK, True)
    assert "Traceback" not in ended.err
