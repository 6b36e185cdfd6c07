"""The guard of whatever tightens access: nobody locks out people and jobs without knowing whom (X-AD-12).

A verb asks before it saves. What is looked at are the roll-up of usage, the live grants and the newest lines of the history, in a few
bounded statements; the policy replay is what looks at everything. Judged is by the same decision as at every door.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatebridge.monitoring import replay
from gatebridge.monitoring.replay_answers import JOBS
from gatebridge.monitoring.replay_facts import ReplayFacts
from gatebridge.rules import replays
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.drafts import Draft
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.grants import Grant
from gatebridge.rules.levels import Level
from gatebridge.rules.network import Relaxation, parse_address
from gatebridge.rules.people import Assignment
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.replays import Kind, Use
from gatebridge.storage import installations, names, orgs, recent_uses, recorded_uses
from gatebridge.storage.recent_uses import Among
from gatebridge.storage.recorded_uses import Lines
from gatebridge.storage.tx import Tx

LATELY = timedelta(days=30)
NEWEST = 2_000  # lines of the history, for the addresses from which an app is used now
MOST = 5_000  # users and grants
NAMED = 10

# What of policies, profiles and the org decides whether a request goes through; the rest says for how long, and what is only recorded.
_OF_POLICIES = ("permitted_users", "ip_relaxation", "run_as_user_id", "may_administer", "ip_ranges", "refresh_ranges", "requirement")
_OF_PROFILES = ("permissions", "login_ranges", "login_hours", "requirement")
_OF_SETS = ("permissions",)
_OF_ORG = ("trusted_ranges", "trusted_ranges_only_waive", "timezone", "requirement", "device_flow", "user_agent_flow", "custom_scopes")
_DOORS = {
    Flow.CLIENT_CREDENTIALS: Door.TOKEN,
    Flow.WEB_SERVER: Door.CODE,
    Flow.USER_AGENT: Door.AUTHORIZE,
    Flow.REFRESH_TOKEN: Door.REFRESH,
    Flow.JWT_BEARER: Door.ASSERTION,
    Flow.DEVICE: Door.DEVICE,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A user of an app who would newly be refused there, or a job that acts as that user."""

    app_id: str
    user_id: str
    job: bool
    last_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Seen:
    app_id: str
    user_id: str
    last_at: datetime
    use: Use | None  # None: only that there was one is known


def refuse_unconfirmed(tx: Tx, actor: Actor, app_id: str | None, before: Draft, after: Draft, confirmed: bool) -> dict[str, object]:
    """Refuse what would leave nobody, or refuse anybody who was let through in the last 30 days, unless it is confirmed.

    `before` is what is recorded of what the verb is about to save, and `after` what it will be; it is saved after this. `app_id`: the
    one app that it is about; None: whichever apps the users of a drafted profile or permission set use, or all of the org. Returns
    what the audit line is to say: nothing where nobody is locked out. Raises Refused (`locks_out`).
    """
    if not _touches_access(before, after):
        return {}
    deserted = app_id is not None and _deserts(tx, actor.org_id, app_id, before, after)
    hits = hit_by(tx, actor.org_id, app_id, after)
    if not deserted and not hits:
        return {}
    told = _told(tx, actor.org_id, hits)
    if not confirmed:
        people = [f"{each['name']} ({each['app']}, last used {each['last_at']})" for each in told]
        raise Refused(setup_reasons.LOCKS_OUT, detail=_detail(hits, people, deserted), facts=_facts(hits, told, deserted))
    locked_out = {"number": _number(hits), "names": [f"{each['name']} ({each['app']})" for each in told]}
    return {"locked_out": locked_out} | ({"nobody_left": True} if deserted else {})


def hit_by(tx: Tx, org_id: str, app_id: str | None, after: Draft) -> list[Hit]:
    """Whom the draft would newly refuse, of those who used an app in the last 30 days; the latest use first, one hit per user and app."""
    org = orgs.by_id(tx, org_id)
    if org is None:
        return []
    facts = ReplayFacts(tx, org, after)
    gone = org.custom_scopes - {name for name, _ in after.org.custom_scopes} if after.org is not None else frozenset[str]()
    hits: dict[tuple[str, str], Hit] = {}
    for seen in _seen(tx, org_id, app_id, after, facts):
        key = (seen.app_id, seen.user_id)
        found = None if key in hits else _refusal(facts, seen, gone)
        if found is not None:
            hits[key] = Hit(*key, found[0], seen.last_at, found[1])
    return sorted(hits.values(), key=lambda hit: (hit.last_at, hit.user_id), reverse=True)


def _touches_access(before: Draft, after: Draft) -> bool:
    """Whether the change decides about requests at all; a new name, or another life of tokens, does not."""
    if (before.permits, before.sets, before.profile_of) != (after.permits, after.sets, after.profile_of):
        return True
    if after.org is not None and _deciding(before.org, after.org, _OF_ORG):
        return True
    return any(
        _deciding(recorded.get(id_), each, fields)
        for recorded, drafted, fields in (
            (before.policies, after.policies, _OF_POLICIES),
            (before.profiles, after.profiles, _OF_PROFILES),
            (before.permission_sets, after.permission_sets, _OF_SETS),
        )
        for id_, each in drafted.items()
    )


def _deciding(before: object, after: object, fields: tuple[str, ...]) -> bool:
    return any(getattr(before, name, None) != getattr(after, name) for name in fields)


def _deserts(tx: Tx, org_id: str, app_id: str, before: Draft, after: Draft) -> bool:
    """Whether somebody may use the app now, and nobody may afterwards."""
    here = installations.by_app(tx, org_id, app_id)
    if here is None:
        return False
    policies, permits = installations.policies_of(tx, org_id, here.id), tuple(installations.permits_of(tx, org_id, here.id))
    now = (before.policies.get(app_id, policies), before.permits.get(app_id, permits))
    then = (after.policies.get(app_id, policies), after.permits.get(app_id, permits))
    return now != then and not _open_to_anybody(tx, org_id, *then) and _open_to_anybody(tx, org_id, *now)


def _open_to_anybody(tx: Tx, org_id: str, policies: AppPolicies | None, permits: tuple[Assignment, ...]) -> bool:
    if policies is None or policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        return policies is not None
    return recent_uses.anybody(tx, org_id, [permit.holder_id for permit in permits if permit.holds(tx.now)])


def _seen(tx: Tx, org_id: str, app_id: str | None, after: Draft, facts: ReplayFacts) -> list[_Seen]:
    """Who used what lately, and how, as far as it is known: from the newest lines, the live grants, and the roll-up, in this order."""
    since = tx.now - LATELY
    among = _among(tx, org_id, app_id, after)
    lines = Lines(("token",), since, among.app_id, among.user_id)
    newest = next(recorded_uses.chunks(tx, org_id, lines, NEWEST, NEWEST), [])
    seen = [
        _Seen(line.app_id, line.user_id, moment, replay.use_of(line))
        for moment, line in newest
        if line.outcome == "success" and line.user_id is not None
    ]
    rolled_up = recent_uses.rolled_up(tx, org_id, since, among, MOST)
    last = {(each.app_id, each.user_id): each.last_at for each in rolled_up}
    for each in reversed(seen):  # the newest of all is what counts
        last[each.app_id, each.user_id] = each.last_at
    for grant in recent_uses.live_grants(tx, org_id, since, among, MOST):
        at = last.get((grant.app_id, grant.user_id), grant.last_used_at or grant.created_at)
        if at >= since:
            seen.append(_Seen(grant.app_id, grant.user_id, at, _of_grant(grant)))
    seen += [_Seen(each.app_id, each.user_id, last[each.app_id, each.user_id], None) for each in rolled_up]
    distinct = list({(each.app_id, each.user_id, each.use): each for each in reversed(seen)}.values())
    facts.expect(
        {each.app_id for each in distinct},
        {each.user_id for each in distinct},
        {(each.app_id, each.user_id) for each in distinct},
    )
    return distinct


def _among(tx: Tx, org_id: str, app_id: str | None, after: Draft) -> Among:
    if app_id is not None:
        here = installations.by_app(tx, org_id, app_id)
        return Among(app_id=app_id, installation_id=here.id if here is not None else None)
    about = [
        *(Among(profile_id=id_) for id_ in after.profiles),
        *(Among(set_id=id_) for id_ in after.permission_sets),
        *(Among(user_id=id_) for id_ in {*after.sets, *after.profile_of}),
    ]
    return about[0] if after.org is None and len(about) == 1 else Among()


def _of_grant(grant: Grant) -> Use:
    """How a live grant is used: by its refresh token, or where it has none by asking again from where it was asked for first."""
    asks_again = grant.flow in (Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER, Flow.USER_AGENT)
    flow = grant.flow if asks_again else Flow.REFRESH_TOKEN
    return Use(
        door=_DOORS[flow],
        flow=flow,
        address=parse_address(grant.address),
        scopes_held=grant.scopes,
        level=grant.level,
        activated=grant.activated,
        began=grant.flow,
    )


def _refusal(facts: ReplayFacts, seen: _Seen, gone: frozenset[str]) -> tuple[bool, Reason] | None:
    """Why a use would newly be refused, and whether it is a job's. Who would lose a scope that is `gone` is refused where it is needed."""
    for use in [seen.use] if seen.use is not None else _guessed(facts, seen):
        pair = facts.of(seen.app_id, seen.user_id, use.door)
        if pair is None or pair[0] is pair[1]:
            continue
        today, drafted = pair if seen.use is not None else (_anywhere(pair[0]), _anywhere(pair[1]))
        found = replays.difference(today, drafted, use)
        if found is not None and found.kind is Kind.REFUSED and found.reason is not None:
            return use.flow in JOBS, found.reason
        if found is not None and not gone.isdisjoint(found.scopes_lost):
            return use.flow in JOBS, bearer_reasons.SCOPE_INSUFFICIENT
    return None


def _guessed(facts: ReplayFacts, seen: _Seen) -> Iterator[Use]:
    """Every way in which the app may be used, for somebody of whom only that is known; nothing is held against how they signed in.

    Where the draft switches off one of several flows, nobody is guessed to have used that one.
    """
    pair = facts.of(seen.app_id, seen.user_id, Door.CODE)
    settings = pair[0].settings if pair is not None else None
    flows = sorted(settings.flows if settings is not None else ())
    left = [flow for flow in flows if pair is not None and not pair[1].org.switched_off(flow)]
    for flow in left if set(left) - {Flow.REFRESH_TOKEN} else flows:
        run_as = pair[0].policies.run_as_user_id if pair is not None and pair[0].policies is not None else None
        if flow in _DOORS and (flow is not Flow.CLIENT_CREDENTIALS or run_as == seen.user_id):
            yield Use(_DOORS[flow], flow, level=Level.HIGH, activated=True)


def _anywhere(facts: Facts) -> Facts:
    """The facts without what they say about addresses, where the address is not known."""
    if facts.policies is None:
        return facts
    open_to_all = replace(facts.policies, ip_ranges=(), refresh_ranges=(), ip_relaxation=Relaxation.RELAX)
    return replace(facts, policies=open_to_all)


def _number(hits: Iterable[Hit]) -> int:
    return len({hit.user_id for hit in hits})


def _told(tx: Tx, org_id: str, hits: list[Hit]) -> list[dict[str, object]]:
    first = hits[:NAMED]
    users = names.of_users(tx, org_id, {hit.user_id for hit in first})
    apps = names.of_apps(tx, org_id, {hit.app_id for hit in first})
    return [
        {
            "name": users.get(hit.user_id, hit.user_id),
            "app": apps[hit.app_id].label if hit.app_id in apps else hit.app_id,
            "job": hit.job,
            "last_at": hit.last_at.isoformat().replace("+00:00", "Z"),
            "reason": hit.reason.code,
        }
        for hit in first
    ]


def _detail(hits: list[Hit], people: list[str], deserted: bool) -> str:
    said = ["Nobody would be left who may use the app."] if deserted else []
    if hits:
        number = _number(hits)
        who = "1 user or job was" if number == 1 else f"{number} users or jobs were"
        more = f" and {len(hits) - len(people)} more" if len(hits) > len(people) else ""
        said.append(f"{who} let through in the last 30 days and would be refused: {', '.join(people)}{more}.")
    return " ".join(said)


def _facts(hits: list[Hit], told: list[dict[str, object]], deserted: bool) -> dict[str, object]:
    return {"number": _number(hits), "nobody_left": deserted, "first": told}
