"""The guide for one of Salesforce's clients: its ways to sign in, with this org's values, and what is not yet right for each of them.

Settings are held against what the client needs (`rules/client_gaps`); whether the gates would let its user in is asked of the one
decision, by way of an explanation. It is read and never recorded.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatebridge.monitoring import explain
from gatebridge.monitoring.explain import Question
from gatebridge.monitoring.explained import Explanation, Outcome
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.rules import app_checks, client_gaps, client_guides, client_steps, ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import App
from gatebridge.rules.client_gaps import Gap
from gatebridge.rules.client_guides import WAYS, GuidedClient, Way
from gatebridge.rules.client_values import NO_CALLBACK, NO_KEY, NO_USER, Step, Values
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.verdict import State
from gatebridge.storage import people
from gatebridge.storage.facts import ClientRecord, FactsReader
from gatebridge.storage.tx import Tx

# What these gates ask does not hang on the client. What the others ask is held against the client itself, before it has sent anything.
_OF_WHOEVER_COMES = frozenset({Gate.APP, Gate.INSTALLED, Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK})
# Where a person sits at a browser, these ask, and the person answers.
_OF_NOBODY_THERE = _OF_WHOEVER_COMES | {Gate.SESSION, Gate.CONSENT}
_NO_ALIAS = "gatebridge"


@dataclass(frozen=True, slots=True)
class GuidedWay:
    """One way with its steps. `gaps`: what is not yet right; None where that is not for this reader to know.

    `registration` is how an app for it is made, where none was named or none of its kind can serve.
    """

    way: Way
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...] | None
    registration: Step | None

    @property
    def ready(self) -> bool | None:
        """Whether it would work now; None: not for this reader to know."""
        return None if self.gaps is None else not self.gaps and self.registration is None


@dataclass(frozen=True, slots=True)
class ClientGuide:
    """What to do with one client in one org. `app` None: none was named, and the client brings none of its own."""

    client: GuidedClient
    org: Org
    app: App | None
    user: str  # for whom it was looked whether the gates are open; empty: for nobody
    ways: tuple[GuidedWay, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a guide is made from."""

    tx: Tx
    actor: Actor
    org: Org
    client: GuidedClient
    record: ClientRecord | None  # of the app, where there is one
    user: str | None  # whom it names, where it is not whoever asks
    seen: bool

    @property
    def named(self) -> str:
        return self.user or (self.actor.name if self.actor.user_id is not None else "")


def guide(tx: Tx, actor: Actor, org: Org, client: GuidedClient, app: App | None, *, user: str | None, seen: bool) -> ClientGuide:
    """The guide, read in a snapshot. `user`: id or username, else whoever asks. `seen`: the reader may see the app. Raises Refused."""
    record = FactsReader(tx).client(org, app.consumer_key) if app is not None else None
    asked = _Asked(tx, actor, org, client, record, _username(tx, actor, user), seen)
    return ClientGuide(client, org, app, asked.named, tuple(_guided(asked, way) for way in WAYS[client]))


def _username(tx: Tx, actor: Actor, text: str | None) -> str | None:
    """The username of the user who is named by id, which is what clients are told; who may not look users up keeps what was typed."""
    user_id = ids.parse(text, Prefix.USER) if text is not None and Permission.VIEW_SETUP in actor.permissions else None
    found = people.by_id(tx, actor.org_id, user_id) if user_id is not None else None
    return found.username if found is not None else text


def _guided(asked: _Asked, way: Way) -> GuidedWay:
    facts = asked.record.facts if asked.record is not None else FactsReader(asked.tx).bare_facts(asked.org)
    steps = client_steps.steps(asked.client, way, _values(asked, way))
    registration = client_steps.registration(asked.client, way)
    if asked.record is None or facts.app is None or facts.settings is None:
        return GuidedWay(way, steps, client_gaps.gaps(facts, way, ()), registration)
    unfit = not client_guides.can_serve(facts.settings, way)
    gaps = client_gaps.gaps(facts, way, asked.record.certificates) if asked.seen else None
    if gaps is not None and not unfit:
        of_gates = _of_gates(asked, facts.app, way)
        gaps = (*of_gates, *gaps) if of_gates is not None else None
    return GuidedWay(way, steps, gaps, registration if unfit else None)


def _values(asked: _Asked, way: Way) -> Values:
    app = asked.record.facts.app if asked.record is not None else None
    settings = asked.record.facts.settings if asked.record is not None else None
    if settings is not None and not client_guides.can_serve(settings, way):
        app, settings = None, None  # it is another one that will stand here
    callback = client_guides.callback_of(settings, way) if settings is not None else way.callback
    return Values(
        issuer=asked.org.issuer,
        consumer_key=app.consumer_key if app is not None else NO_KEY,
        username=asked.named or NO_USER,
        callback=callback or NO_CALLBACK,
        alias=_alias(asked.org.name),
        secret=settings is None or app_checks.takes_secrets(settings),
        certified=app is None or asked.record is None or client_gaps.can_sign(asked.record.facts, asked.record.certificates),
    )


def _alias(name: str) -> str:
    """What the org may be called in a terminal: small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:20] or _NO_ALIAS


def _of_gates(asked: _Asked, app: App, way: Way) -> tuple[Gap, ...] | None:
    """What the gates would say to who comes this way, each cause once. None where the reader may not ask."""
    subject = (asked.user or asked.actor.user_id) if way.names_a_user else None
    if way.names_a_user and subject is None:
        return None
    situation = Situation(way.flow, address=parse_address(asked.actor.address))
    try:
        found = explain.explain(asked.tx, asked.actor, Question(app.id, situation, subject))
    except Refused as refused:
        if asked.user is not None or refused.reason is not setup_reasons.PERMISSION_MISSING:
            raise
        return None
    gates = _OF_WHOEVER_COMES if way.flow is Flow.WEB_SERVER else _OF_NOBODY_THERE
    return tuple(_each_once(_refusals(found, gates)))


def _refusals(found: Explanation, gates: frozenset[Gate]) -> Iterator[Gap]:
    for door in found.doors:
        if door.outcome is Outcome.REFUSED:
            for each in door.findings:
                if each.state is State.REFUSED and each.gate in gates and each.reason is not None:
                    yield Gap(each.reason.sentence, each.setting, each.reason)


def _each_once(gaps: Iterable[Gap]) -> Iterator[Gap]:
    told = set()
    for gap in gaps:
        if gap.reason not in told:
            told.add(gap.reason)
            yield gap
