"""Policy replay agrees with what really happens: requests are made, a draft is replayed over them, saved, and they are made once more.

The org has a nightly job, which runs in the office and elsewhere, a person at a browser with a refresh token, and a service that signs
assertions. What the replay foretells of each of them must come true, reason and scopes included, and nothing else must change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.oauth.door import OFFICE
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Client, Tenant

from gatebridge.monitoring import replay
from gatebridge.monitoring.replay import Wanted
from gatebridge.monitoring.replay_answers import Answer, Progress
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.drafts import Draft
from gatebridge.rules.hours import parse_hours
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.network import Range, Relaxation, parse_range
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Assignment
from gatebridge.rules.replays import Kind
from gatebridge.storage import apps, facts_of_many, installations, orgs, permission_sets, profiles
from gatebridge.storage.tx import Tx

AWAY = "203.0.113.9"
HIGH = {action: Requirement(Level.HIGH, action) for action in LevelAction}


def ranges(*texts: str) -> tuple[Range, ...]:
    found = tuple(parse_range(text) for text in texts)
    assert None not in found
    return found  # type: ignore[return-value]


IN_OFFICE, ELSEWHERE = ranges(f"{OFFICE}/32"), ranges("198.51.100.0/24")


@dataclass(frozen=True)
class Uses:
    """Everything that is used in the org, and how to use it once more."""

    acme: Tenant
    job: Client
    portal: Portal
    signer: Job
    refresh_token: str

    def again(self, code: str | None = None) -> dict[str, httpx.Response]:
        """Each use once more, by its name; the code was perhaps given out before."""
        return {
            "job in the office": self.job.token(),
            "job away": self.job.token(address=AWAY),
            "code": self.portal.redeem(code or self.portal.code()),
            "refresh token": self.portal.refresh(self.refresh_token),
            "assertion": self.signer.ask(),
        }


NAMES = {
    ("client_credentials", OFFICE): "job in the office",
    ("client_credentials", AWAY): "job away",
    ("web_server", OFFICE): "code",
    ("refresh_token", OFFICE): "refresh token",
    ("jwt_bearer", OFFICE): "assertion",
}


@pytest.fixture
def uses(acme: Tenant) -> Uses:
    portal = make_portal(acme)
    made = Uses(acme, acme.app(), portal, Job(acme), portal.signed_in()["refresh_token"])
    assert {name: answer.status_code for name, answer in made.again().items()} == dict.fromkeys(NAMES.values(), 200)
    return made


def replayed(acme: Tenant, draft: Draft, **wanted: Any) -> Answer:
    with acme.standing.database.snapshot() as tx:
        org = orgs.by_id(tx, acme.org.id)
        assert org is not None
        *progress, answer = replay.run(tx, acme.admin, org, draft, Wanted(**wanted))
    assert all(isinstance(step, Progress) for step in progress)
    assert isinstance(answer, Answer)
    return answer


def foretold(answer: Answer) -> dict[str, tuple[Kind, str | None]]:
    return {NAMES[str(each.flow), each.address]: (each.kind, each.reason.code if each.reason else None) for each in answer.changes}


class Drafting:
    """The records as they are, for drafts that differ from them."""

    def __init__(self, tx: Tx, uses: Uses) -> None:
        acme, clients = uses.acme, (uses.job, uses.portal.app, uses.signer.app)
        self.tx, self.uses, self.ids = tx, uses, [client.id for client in clients]
        self.apps = facts_of_many.of_apps(tx, acme.org, self.ids)
        self.standing = facts_of_many.of_users(tx, acme.org.id, [acme.runner.id])[acme.runner.id]

    def policies(self, **changed: Any) -> Draft:
        return Draft(policies={app_id: replace(self.apps[app_id].policies, **changed) for app_id in self.ids})  # type: ignore[type-var, misc, dict-item, unused-ignore]

    def settings(self, **changed: Any) -> Draft:
        return Draft(settings={app_id: replace(self.apps[app_id].settings, **changed) for app_id in self.ids})  # type: ignore[type-var, misc, dict-item, unused-ignore]

    def profile(self, **changed: Any) -> Draft:
        return Draft(profiles={self.standing.profile.id: replace(self.standing.profile, **changed)})

    def permits(self, *permits: Assignment) -> Draft:
        return Draft(permits=dict.fromkeys(self.ids, permits))

    def sets(self, *held: Any) -> Draft:
        return Draft(sets={self.standing.user.id: held})

    def narrowed(self) -> Draft:
        """The job without one of its scopes, whatever the others have."""
        job = self.ids[0]
        return Draft(settings={job: replace(self.apps[job].settings, scopes=("id",))})  # type: ignore[type-var, misc, dict-item, unused-ignore]


def save(tx: Tx, acme: Tenant, draft: Draft) -> None:
    """Let the draft be what is recorded."""
    for granted in draft.policies.values():
        assert installations.update_policies(tx, acme.org.id, granted)
    for settings in draft.settings.values():
        assert apps.update_settings(tx, acme.org.id, settings)
    for profile in draft.profiles.values():
        assert profiles.update(tx, profile)
    if draft.org is not None:
        org = orgs.by_id(tx, acme.org.id)
        assert org is not None
        assert orgs.update(tx, replace(org, settings=draft.org))
    for app_id, permits in draft.permits.items():
        installation = installations.by_app(tx, acme.org.id, app_id)
        assert installation is not None
        installations.remove_permits(tx, acme.org.id, installation.id)
        for permit in permits:
            installations.put_permit(tx, acme.org.id, installation.id, permit)
    for user_id, sets in draft.sets.items():
        for held, _ in permission_sets.of_user(tx, acme.org.id, user_id):
            assert permission_sets.unassign(tx, acme.org.id, user_id, held.id)
        for held, assignment in sets:
            permission_sets.assign(tx, acme.org.id, user_id, held.id, assignment.expires_at)


DRAFTS: Mapping[str, Callable[[Drafting], Draft]] = {
    "nothing": lambda _: Draft(),
    "what is recorded already": lambda now: now.policies(),
    "another end of a permit that still holds": lambda now: now.permits(
        Assignment(now.uses.acme.approved.id, now.tx.now + timedelta(days=1))
    ),
    "profile ranges": lambda now: now.profile(login_ranges=IN_OFFICE),
    "profile ranges elsewhere": lambda now: now.profile(login_ranges=ELSEWHERE),
    "app ranges": lambda now: now.policies(ip_ranges=IN_OFFICE),
    "app ranges, relaxed": lambda now: now.policies(ip_ranges=ELSEWHERE, ip_relaxation=Relaxation.RELAX),
    "app ranges, relaxed for activated devices": lambda now: now.policies(ip_ranges=IN_OFFICE, ip_relaxation=Relaxation.RELAX_ACTIVATED),
    "app ranges, relaxed for refreshing": lambda now: now.policies(ip_ranges=ELSEWHERE, ip_relaxation=Relaxation.RELAX_REFRESH),
    "refresh ranges": lambda now: now.policies(refresh_ranges=ELSEWHERE),
    "trusted ranges": lambda _: Draft(org=OrgSettings(trusted_ranges=IN_OFFICE)),
    "trusted ranges that only waive": lambda _: Draft(org=OrgSettings(trusted_ranges=IN_OFFICE, trusted_ranges_only_waive=True)),
    "no permits": lambda now: now.permits(),
    "permits that have run out": lambda now: now.permits(Assignment(now.uses.acme.approved.id, now.tx.now)),
    "a permit through the profile": lambda now: now.permits(Assignment(now.standing.profile.id)),
    "no permission sets": lambda now: now.sets(),
    "a permission set that has run out": lambda now: now.sets((now.uses.acme.approved, Assignment(now.uses.acme.approved.id, now.tx.now))),
    "no API": lambda now: now.profile(permissions=frozenset()),
    "everybody may authorize": lambda now: now.policies(permitted_users=PermittedUsers.SELF_AUTHORIZE),
    "nobody to run as": lambda now: now.policies(run_as_user_id=None),
    "somebody else to run as": lambda now: now.policies(run_as_user_id=now.uses.acme.admin.user_id),
    "no flow": lambda now: now.settings(flows=frozenset()),
    "only the flow of refresh tokens": lambda now: now.settings(flows=frozenset({Flow.REFRESH_TOKEN})),
    "other scopes": lambda now: now.settings(scopes=("visualforce",)),
    "fewer scopes": lambda now: now.narrowed(),
    "closed hours": lambda now: now.profile(login_hours=parse_hours("sunday 08:00-09:00")),
    "open hours": lambda now: now.profile(login_hours=parse_hours("mon-sun 00:00-24:00")),
    "another factor by the app": lambda now: now.policies(requirement=HIGH[LevelAction.BLOCK]),
    "another factor by the profile": lambda now: now.profile(requirement=HIGH[LevelAction.BLOCK]),
    "another factor by the org": lambda _: Draft(org=OrgSettings(requirement=HIGH[LevelAction.BLOCK])),
}


@pytest.mark.parametrize("drafted", DRAFTS)
def test_what_is_foretold_comes_true_and_nothing_else_changes(uses: Uses, drafted: str) -> None:
    acme = uses.acme
    with acme.standing.database.snapshot() as tx:
        draft = DRAFTS[drafted](Drafting(tx, uses))
    answer = replayed(acme, draft)
    told = foretold(answer)
    before = {name: sorted(found.json()["scope"].split()) for name, found in uses.again().items()}
    code = uses.portal.code()
    with acme.standing.database.transaction() as tx:
        save(tx, acme, draft)
    happened: dict[str, tuple[Kind, str | None]] = {}
    for name, found in uses.again(code).items():
        if found.status_code != 200:
            happened[name] = (Kind.REFUSED, acme.true_cause(found))
        elif set(before[name]) - set(found.json()["scope"].split()):
            happened[name] = (Kind.NARROWED, None)
    assert told == happened
    assert answer.unjudged == {}
