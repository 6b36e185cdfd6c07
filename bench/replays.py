"""Thirty days of an org's decisions, as the history keeps them, and a policy replay over them."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bench.seed import APPS, Seeded
from gatebridge.monitoring import replay
from gatebridge.monitoring.replay import Wanted
from gatebridge.monitoring.replay_answers import Answer
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.drafts import Draft
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.rules.network import Relaxation, parse_range
from gatebridge.storage import facts_of_many, grants, login_history, orgs
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import HistoryLine

DAYS = 30
CHUNK = 5_000
PLACES = 5  # from which one user comes
JOBS = 0.4  # of the lines are of jobs, the others of people

# As large as the receipt of a success is.
RECEIPT = {
    "findings": [{"gate": f"gate{number}", "state": "passed", "words": "as it should be " * 4} for number in range(10)],
    "request": {},
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """One replay: what it answered, and what it took."""

    answer: Answer
    seconds: float
    processor_seconds: float


def add_history(database: Database, seeded: Seeded, count: int) -> None:
    """So many successes of the last thirty days, of the org's three jobs and of 500 people at three apps, each from a few places."""
    drawn, mint = random.Random(20), IdMint(7)
    with database.transaction() as tx:
        families = {
            (user.id, name): Grant(
                *(tx.new_id(Prefix.GRANT), seeded.org_id, app.id, app.installation_id, user.id),
                *(Flow.JWT_BEARER if name == "bearer" else Flow.WEB_SERVER, 0, tx.now),
                scopes=("api", "refresh_token"),
            )
            for user in seeded.people.users
            for name, app in seeded.people.apps.items()
        }
        for family in families.values():
            grants.insert_if_first(tx, family)
        org = orgs.by_id(tx, seeded.org_id)
        if org is None:
            raise RuntimeError("The org is gone")
        jobs = facts_of_many.of_apps(tx, org, [seeded.apps[name].id for name in APPS])
        run_as = {app_id: facts.policies.run_as_user_id for app_id, facts in jobs.items() if facts.policies is not None}
        began, step = tx.now - timedelta(days=DAYS), timedelta(days=DAYS) / count
    lines = _lines(seeded, run_as, families, drawn)
    for start in range(0, count, CHUNK):
        with database.transaction() as tx:
            moments = [began + step * number for number in range(start, min(start + CHUNK, count))]
            made = [replace(next(lines), id=mint.mint(Prefix.RECEIPT, moment), at=moment) for moment in moments]
            login_history.insert_many(tx, made)


def _lines(
    seeded: Seeded, run_as: dict[str, str | None], families: dict[tuple[str, str], Grant], drawn: random.Random
) -> Iterator[HistoryLine]:
    jobs, people = list(run_as.items()), list(families.items())
    while True:
        if drawn.random() < JOBS:
            app_id, runner = drawn.choice(jobs)
            yield _line(seeded, app_id, runner, "client_credentials", f"192.0.2.{drawn.randrange(PLACES)}")
            continue
        (user_id, name), family = drawn.choice(people)
        flow = "jwt_bearer" if name == "bearer" else drawn.choice(("web_server", "refresh_token", "refresh_token"))
        address = f"10.{int(user_id[-2:], 36) % 200}.{int(user_id[-4:-2], 36) % 200}.{drawn.randrange(PLACES)}"
        yield replace(_line(seeded, family.app_id, user_id, flow, address), grant_id=family.id)


def _line(seeded: Seeded, app_id: str, user_id: str | None, flow: str, address: str) -> HistoryLine:
    return HistoryLine(
        org_id=seeded.org_id,
        id="",
        at=datetime.min,  # noqa: DTZ901 - said when it is written
        event="token",
        outcome="success",
        status=200,
        address=address,
        user_agent="bench/1",
        receipt=RECEIPT,
        app_id=app_id,
        user_id=user_id,
        flow=flow,
        scopes_given="api",
        auth_method="client_secret_post",
    )


def replay_once(database: Database, seeded: Seeded) -> Replayed:
    """Hold a draft against all of it that tightens every app: its own ranges let in some of the places and not the others."""
    app_ids = [*(app.id for app in seeded.apps.values()), *(app.id for app in seeded.people.apps.values())]
    some = tuple(found for text in ("192.0.2.0/31", "10.0.0.0/9") if (found := parse_range(text)) is not None)
    with database.snapshot() as tx:
        org = orgs.by_id(tx, seeded.org_id)
        if org is None:
            raise RuntimeError("The org is gone")
        recorded = facts_of_many.of_apps(tx, org, app_ids)
        policies = {
            app_id: replace(facts.policies, ip_ranges=some, ip_relaxation=Relaxation.ENFORCE)
            for app_id, facts in recorded.items()
            if facts.policies is not None
        }
        began, processor = time.perf_counter(), time.process_time()
        *_, answer = replay.run(tx, seeded.actor, org, Draft(policies=policies), Wanted(days=DAYS + 1))
        seconds, processor_seconds = time.perf_counter() - began, time.process_time() - processor
    if not isinstance(answer, Answer):
        raise TypeError("A replay ended without an answer")
    return Replayed(answer, seconds, processor_seconds)
