"""What is no run, and how runs end: by their time, by whoever may, and with all that was still on its way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.api.tries.trial import BEARER, Trial, trial
from tests.web.world import World

from gatebridge.oauth.trying.answers import Answered
from gatebridge.oauth.trying.running import DoStep, Sending, begin_step, finish_step
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.end_try import end_overdue
from gatebridge.storage import tries


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"flow": "web_server"}, "flow"),
        ({"flow": "client_credentials", "user": "ada"}, "user"),
        ({"flow": "client_credentials", "wrong": "secret"}, "wrong"),
        ({"flow": "client_credentials", "expect": "refusal", "wrong": "verifier"}, "wrong"),
        ({"flow": "client_credentials", "expect": "refusal", "wrong": "key"}, "wrong"),
        ({"flow": "client_credentials", "scopes": ["a b", '"']}, "scopes"),
        ({"flow": "password"}, "flow"),
    ],
)
def test_what_cannot_be_tried_is_told_at_its_field(job: Trial, said: dict[str, Any], field: str) -> None:
    answer = job.world.ask("POST", f"/apps/{job.app['id']}/tries", body=said)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])


def test_a_user_who_does_not_exist_is_told_at_its_field(acme: World, name: str) -> None:
    bearer = trial(acme, name, **BEARER)
    answer = acme.ask("POST", f"/apps/{bearer.app['id']}/tries", body={"flow": "jwt_bearer", "user": "nobody@example.com"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "user")


def test_no_more_than_five_runs_of_an_app_are_under_way(job: Trial) -> None:
    runs = [job.begin("client_credentials") for _ in range(5)]
    sixth = job.world.ask("POST", f"/apps/{job.app['id']}/tries", body={"flow": "client_credentials"})
    assert (sixth.status_code, sixth.json()["reason"]) == (409, "limit_reached")
    job.run = runs[0]
    job.end()
    job.begin("client_credentials")


def test_a_run_that_is_over_does_nothing_more(job: Trial) -> None:
    job.begin("client_credentials")
    job.steps()
    assert job.ask_step().json()["reason"] == "try_over", "every step is done"
    job.begin("client_credentials")
    job.end()
    over = job.ask_step()
    assert (over.status_code, over.json()["reason"]) == (409, "try_over")
    job.begin("client_credentials")
    job.age(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert job.ask_step().json()["reason"] == "try_over"


def test_a_run_whose_time_is_over_is_ended_by_the_house_with_all_that_it_has_got(job: Trial) -> None:
    acme = job.world
    before = job.alive()
    job.begin("client_credentials")
    job.step()
    job.age(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert acme.change(lambda tx: end_overdue(tx, acme.org.id, 100)) >= 1
    assert job.alive() == before
    assert acme.ask("GET", f"/tries/{job.run['id']}").json()["state"] == "ended"
    events = [each["event"] for each in acme.ask("GET", "/audit", target_id=job.run["id"]).json()["items"]]
    assert events == ["setup:try:ended", "setup:try:started"]
    assert acme.change(lambda tx: end_overdue(tx, acme.org.id, 100)) == 0


def test_the_credential_of_a_run_is_forgotten_a_day_later_and_its_outcome_stays(job: Trial) -> None:
    acme = job.world
    job.tried("client_credentials", expect="refusal")
    path = f"/apps/{job.app['id']}/secrets"
    tomorrow = datetime.now(UTC) + timedelta(seconds=1)
    assert acme.change(lambda tx: tries.forget_credentials(tx, acme.org.id, tomorrow - timedelta(days=1), 100)) == 0
    assert acme.change(lambda tx: tries.forget_credentials(tx, acme.org.id, tomorrow, 100)) >= 1
    assert [each["name"] for each in acme.ask("GET", path).json()] == ["First secret"]
    assert job.validation()["flows"][0]["refusal"] is not None


def test_another_persons_run_is_not_there_and_an_admin_may_end_it(acme: World) -> None:
    rights = [Permission.REGISTER_CONNECTED_APPS, Permission.ROTATE_CONSUMER_CREDENTIALS]
    dan, eve = acme.add_person("dan", rights), acme.add_person("eve", rights)
    dans = Trial(acme, {"id": dan.app_id, "consumer_key": dan.consumer_key, "secret": dan.secret}, by=dan)
    dans.begin("client_credentials")
    told = dans.step()
    assert told["receipt"]["narrowed"] is True, "a developer without Monitor Login History sees no user and no address"
    for method, path in (("GET", ""), ("POST", "/step"), ("DELETE", "")):
        answer = acme.ask(method, f"/tries/{dans.run['id']}{path}", by=eve, body={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["reason"]) == (404, "record_not_found"), method
    foreign = acme.ask("POST", f"/apps/{dan.app_id}/tries", by=eve, body={"flow": "client_credentials"})
    assert (foreign.status_code, foreign.json()["reason"]) == (403, "permission_missing")
    assert acme.ask("POST", f"/tries/{dans.run['id']}/step", body={}).status_code == 404, "nobody else does a step of it"
    assert acme.ask("DELETE", f"/tries/{dans.run['id']}").json()["tokens"] == 1


def test_of_two_who_ask_for_the_same_step_one_does_it(job: Trial) -> None:
    job.begin("client_credentials")
    found = job.world.change(lambda tx: tries.by_id(tx, job.world.org.id, job.run["id"][:15]))
    assert found is not None
    run, kept = found
    job.world.change(lambda tx: tries.save(tx, run, replace(kept, under_way=tx.now)))
    busy = job.ask_step()
    assert (busy.status_code, busy.json()["reason"]) == (409, "try_busy")
    job.world.change(lambda tx: tries.save(tx, replace(run, version=2), replace(kept, under_way=tx.now - timedelta(minutes=1))))
    assert job.step()["outcome"] == "success", "a step whose answer was lost is done again"


def under_way(job: Trial) -> tuple[Actor, Sending]:
    """A step whose request is on its way."""
    acme = job.world
    actor = Actor(ActorKind.USER, acme.org.id, "ada", EVERY_POWER, user_id=acme.admin.user.id)
    sending = acme.change(lambda tx: begin_step(tx, actor, DoStep(job.run["id"][:15])))
    assert isinstance(sending, Sending)
    return actor, sending


def sent(job: Trial, sending: Sending) -> Answered:
    call = sending.call
    headers = {"Authorization": call.authorization or "", "Content-Type": "application/x-www-form-urlencoded"}
    answer = job.world.client.request(call.method, call.url, content=call.body, headers=headers)
    assert answer.status_code == 200, answer.text
    return Answered(answer.status_code, dict(answer.headers), answer.content)


def test_what_was_on_its_way_when_its_run_was_ended_is_ended_too_and_told_to_nobody(job: Trial) -> None:
    before = job.alive()
    job.begin("client_credentials")
    actor, sending = under_way(job)
    answered = sent(job, sending)
    assert (job.end()["tokens"], job.alive()) == (1, before), "the history knows of it by the credential"
    job.begin("client_credentials")
    actor, sending = under_way(job)
    job.age(ended_at=datetime.now(UTC), kept=b"")
    answered = sent(job, sending)
    assert len(job.alive()) == len(before) + 1
    told = job.world.change(lambda tx: finish_step(tx, actor, sending, answered))
    assert (told.outcome, told.tokens, told.receipt) == ("refused", (), None)
    assert job.alive() == before


def test_a_step_that_was_done_again_meanwhile_gives_away_nothing_of_the_first(job: Trial) -> None:
    before = job.alive()
    job.begin("client_credentials")
    actor, sending = under_way(job)
    answered = sent(job, sending)
    job.age(version=9)
    told = job.world.change(lambda tx: finish_step(tx, actor, sending, answered))
    assert told.words.startswith("The run has ended or gone on")
    assert told.answer == {}
    assert job.alive() == before


def test_a_run_whose_seal_is_broken_is_ended_all_the_same(job: Trial) -> None:
    before = job.alive()
    job.begin("client_credentials")
    job.step()
    job.age(kept=b"\x01" + bytes(40), expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert job.world.change(lambda tx: end_overdue(tx, job.world.org.id, 100)) >= 1
    assert job.alive() == before
    secrets = job.world.ask("GET", f"/apps/{job.app['id']}/secrets").json()
    assert all(each["retired_at"] for each in secrets if each["try_id"])
