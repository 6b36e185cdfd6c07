"""Validated: what runs and the app's own tokens have shown of each flow since the settings were changed."""

from datetime import UTC, datetime, timedelta

from tests.api.tries.trial import JOB, Trial, trial
from tests.web.world import World

from gatebridge.setup.end_try import end_overdue
from gatebridge.storage import tries


def test_an_app_is_validated_by_a_success_and_an_intended_refusal_of_every_flow(job: Trial) -> None:
    found = job.validation()
    assert (found["validated"], found["missing"]) == (False, {"flow": "client_credentials", "expect": "success"})
    job.tried("client_credentials")
    assert job.validation()["missing"] == {"flow": "client_credentials", "expect": "refusal"}
    (refused,) = job.tried("client_credentials", expect="refusal")
    found = job.validation()
    assert (found["validated"], found["missing"]) == (True, None)
    assert found["flows"][0]["refusal"]["receipt_id"] == refused["receipt"]["id"]
    job.edit("policies", access_token_minutes=60)
    assert job.validation()["validated"] is True, "policies are not settings"
    job.edit("settings", scopes=["api", "id"])
    found = job.validation()
    assert (found["validated"], found["flows"][0]) == (False, {"flow": "client_credentials", "success": None, "refusal": None})


def test_a_token_that_the_app_got_itself_counts_and_a_refusal_that_nobody_meant_does_not(job: Trial) -> None:
    assert job.token().status_code == 200
    assert job.token(scope="bogus").status_code == 400
    (flow,) = job.validation()["flows"]
    assert (flow["success"] is not None, flow["refusal"]) == (True, None)


def test_every_flow_is_asked_for_and_an_app_without_one_has_shown_nothing(acme: World, name: str) -> None:
    two = trial(acme, name, flows=["client_credentials", "jwt_bearer"])
    two.tried("client_credentials")
    two.tried("client_credentials", expect="refusal")
    found = two.validation()
    assert ([each["flow"] for each in found["flows"]], found["validated"]) == (["client_credentials", "jwt_bearer"], False)
    assert found["missing"] == {"flow": "jwt_bearer", "expect": "success"}
    none = trial(acme, f"none_{name[-60:]}")
    assert (none.validation()["validated"], none.validation()["missing"]) == (False, None)


def test_a_run_that_went_otherwise_shows_nothing(job: Trial) -> None:
    job.edit("policies", permitted_users="admin_approved", confirmed=True)
    job.tried("client_credentials")
    (flow,) = job.validation()["flows"]
    assert (flow["success"], flow["refusal"]) == (None, None)


def test_it_is_the_same_on_both_databases(acme_on_both: World, name: str) -> None:
    found = trial(acme_on_both, name, **JOB)
    found.tried("client_credentials")
    assert found.validation()["missing"] == {"flow": "client_credentials", "expect": "refusal"}
    found.tried("client_credentials", expect="refusal")
    assert found.validation()["validated"] is True
    found.begin("client_credentials")
    found.step()
    found.age(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert acme_on_both.change(lambda tx: end_overdue(tx, acme_on_both.org.id, 10)) == 1
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert acme_on_both.change(lambda tx: tries.forget_credentials(tx, acme_on_both.org.id, later, 10)) == 3
    assert found.alive() == []
