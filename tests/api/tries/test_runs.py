"""Try it over the API, where nobody is needed: request, answer, token, receipt and code of each step, and refusals on purpose."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.api.tries.trial import BEARER, JOB, Trial, trial
from tests.web.world import ACME, World


def test_client_credentials_show_request_answer_receipt_and_code_of_each_step(job: Trial) -> None:
    run = job.begin("client_credentials")
    assert (run["state"], [each["step"] for each in run["steps"]]) == ("running", ["token", "introspection"])
    token, introspection = job.steps()
    assert (token["request"]["method"], token["request"]["url"]) == ("POST", f"http://{ACME}/services/oauth2/token")
    assert token["request"]["body"] == {"grant_type": "client_credentials"}
    assert (token["outcome"], token["answer"]["status"], token["answer"]["body"]["token_type"]) == ("success", 200, "Bearer")
    assert token["answer"]["headers"]["cache-control"] == "no-store"
    assert (token["receipt"]["outcome"], token["receipt"]["flow"]) == ("success", "client_credentials")
    assert token["receipt"]["credential"] == "Try it"
    assert [(each["name"], each["format"], each["verified"]) for each in token["tokens"]] == [("access_token", "opaque", False)]
    assert introspection["answer"]["body"]["active"] is True
    assert introspection["receipt"] is None, "a good introspection writes nothing"
    assert (job.run["state"], job.run["outcome"], job.run["as_expected"]) == ("done", "success", True)


def test_a_request_goes_in_at_the_front_door_from_the_callers_address(job: Trial) -> None:
    job.begin("client_credentials")
    receipt = job.step()["receipt"]
    assert (receipt["address"], receipt["user_agent"]) == ("127.0.0.1", "Gatebridge Try it")


def test_nothing_that_anybody_could_use_is_in_any_answer(job: Trial) -> None:
    said = json.dumps([job.begin("client_credentials"), *job.steps(), job.end()])
    for known in ("gbs_", "gba_"):
        assert all(part.startswith("…") for part in said.encode().decode("unicode_escape", "replace").split(known)[1:] if part), known


def test_what_a_run_has_got_ends_with_it_and_what_the_app_had_lives_on(job: Trial) -> None:
    assert job.token().status_code == 200
    before = job.alive()
    job.begin("client_credentials")
    job.step()
    assert len(job.alive()) == len(before) + 1
    ended = job.end()
    assert (ended["tokens"], ended["grants"], ended["credentials"]) == (1, 0, 1)
    assert job.alive() == before
    assert job.token().status_code == 200, "the grant that a service shares with the run goes on"
    assert (ended["run"]["state"], ended["run"]["ended_at"] is not None) == ("ended", True)
    again = job.end()
    assert (again["tokens"], again["grants"], again["credentials"]) == (0, 0, 0), "ending it again does nothing"


def test_a_secret_of_a_run_is_shown_as_such_and_is_no_part_of_the_limit(job: Trial) -> None:
    path = f"/apps/{job.app['id']}/secrets"
    job.begin("client_credentials")
    listed = job.world.ask("GET", path).json()
    assert [(each["name"], each["try_id"]) for each in listed] == [("Try it", job.run["id"]), ("First secret", None)]
    ends = datetime.fromisoformat(listed[0]["expires_at"]) - datetime.fromisoformat(listed[0]["created_at"])
    assert ends == timedelta(minutes=10)
    assert job.world.ask("POST", path, body={"name": "Second"}).status_code == 201, "it was not counted"
    ending = job.world.ask("POST", f"{path}/rotate", body={"overlap_hours": 0}).json()["ending"]
    assert {each["name"] for each in ending} == {"First secret", "Second"}, "it was not rotated"
    assert job.step()["outcome"] == "success"
    job.end()
    assert next(each for each in job.world.ask("GET", path).json() if each["try_id"])["retired_at"] is not None


def test_an_app_that_sends_its_secret_in_the_body_and_gets_jwts_has_them_verified(acme: World, name: str) -> None:
    signed = trial(acme, name, **JOB, auth_methods=["client_secret_post"], access_token_format="jwt")
    (token, introspection) = signed.tried("client_credentials", scopes=["api"])
    assert token["request"]["body"]["client_id"] == signed.app["consumer_key"]
    assert token["request"]["body"]["client_secret"].startswith("gbs_…")
    assert token["request"]["body"]["scope"] == "api"
    (decoded,) = token["tokens"]
    assert (decoded["format"], decoded["header"]["typ"], decoded["verified"]) == ("jwt", "at+jwt", True)
    assert decoded["claims"]["client_id"] == signed.app["consumer_key"]
    assert introspection["outcome"] == "success"


def test_an_app_that_signs_is_tried_with_a_key_of_the_run(acme: World, name: str) -> None:
    keyed = trial(acme, name, **JOB, auth_methods=["private_key_jwt"])
    keyed.begin("client_credentials")
    token, introspection = keyed.steps()
    assert token["request"]["body"]["client_assertion"].startswith("…")
    assert '"aud": "http://acme.test"' in token["code"]["python"]
    assert introspection["outcome"] == "success"
    path = f"/apps/{keyed.app['id']}/certificates"
    (certificate,) = keyed.world.ask("GET", path).json()
    assert (certificate["name"], certificate["try_id"]) == ("Try it", keyed.run["id"])
    keyed.end()
    assert keyed.world.ask("GET", path).json()[0]["retired_at"] is not None
    exposed = keyed.world.ask("GET", "/exposures", app_id=keyed.app["id"]).json()
    assert "certificate_expiring" not in json.dumps(exposed), "a key that ends by itself exposes nothing"


def test_jwt_bearer_signs_for_whoever_tries_it_or_for_the_user_that_is_named(acme: World, name: str) -> None:
    bearer = trial(acme, name, **BEARER)
    bearer.edit("policies", permitted_users="admin_approved", confirmed=True)
    assigned = acme.ask("PUT", f"/apps/{bearer.app['id']}/access/{acme.admin.user.profile_id}", body={})
    assert assigned.status_code < 300, assigned.text
    (token,) = bearer.tried("jwt_bearer")
    assert token["outcome"] == "success", token["answer"]
    assert token["receipt"]["user_id"].startswith(acme.admin.user.id)
    assert f'"sub": "{acme.admin.user.username}"' in token["code"]["curl"]
    eve = acme.add_person("eve_of_bearer", [])
    (refused,) = bearer.tried("jwt_bearer", user=eve.user.username)
    assert (refused["outcome"], refused["receipt"]["reason"]) == ("refused", "user_not_approved")
    assert (bearer.run["outcome"], bearer.run["as_expected"]) == ("refused", False)


# --- As code ---------------------------------------------------------------------------------------------------------------


def test_the_python_of_a_step_does_what_the_step_has_done(job: Trial, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (token, introspection) = job.tried("client_credentials")
    monkeypatch.setenv("CLIENT_SECRET", job.app["secret"])
    monkeypatch.setattr(httpx, "post", job.world.client.post)
    exec(token["code"]["python"], {})
    status, _, body = capsys.readouterr().out.partition(" ")
    assert status == "200"
    monkeypatch.setenv("ACCESS_TOKEN", json.loads(body)["access_token"])
    exec(introspection["code"]["python"], {})
    assert '"active":true' in capsys.readouterr().out


# --- Refusals that are meant -----------------------------------------------------------------------------------------------

SIGNED = {"auth_methods": ["private_key_jwt"]}


@pytest.mark.parametrize(
    ("said", "flow", "wrong", "reason"),
    [
        pytest.param(JOB, "client_credentials", None, "secret_wrong", id="a secret by itself"),
        pytest.param(JOB, "client_credentials", "scope", "scope_unknown", id="a scope"),
        pytest.param(JOB | {"dialect": "salesforce"}, "client_credentials", None, "secret_wrong", id="in Salesforce's dialect too"),
        pytest.param(JOB | SIGNED, "client_credentials", None, "assertion_signature_wrong", id="a key by itself"),
        pytest.param(BEARER, "jwt_bearer", None, "grant_signature_wrong", id="the key of an assertion"),
        pytest.param(BEARER, "jwt_bearer", "scope", "scope_unknown", id="the scope of an assertion"),
    ],
)
def test_what_is_sent_wrongly_is_refused_for_it(
    acme: World, name: str, said: dict[str, Any], flow: str, wrong: str | None, reason: str
) -> None:
    found = trial(acme, name, **said)
    (step,) = found.tried(flow, expect="refusal", wrong=wrong)
    assert (step["outcome"], step["receipt"]["reason"]) == ("refused", reason)
    assert (found.run["outcome"], found.run["as_expected"]) == ("refused", True)


def test_a_refusal_for_another_cause_is_not_the_one_that_was_meant(job: Trial) -> None:
    job.edit("policies", permitted_users="admin_approved", confirmed=True)
    (step,) = job.tried("client_credentials", expect="refusal", wrong="scope")
    assert step["receipt"]["reason"] == "scope_unknown", "the first gate that refuses is told"
    job.world.ask("POST", f"/apps/{job.app['id']}/block", body={"reason": "A drill of the block."})
    (step,) = job.tried("client_credentials", expect="refusal", wrong="scope")
    assert step["receipt"]["reason"] == "app_blocked"
    assert job.run["as_expected"] is False
