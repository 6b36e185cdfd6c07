"""What the consent page tells a user of the app that asks: who it is, what it would be able to do, for how long, and what comes next.

Only the name is the app's own choice. Everything else is what this server knows, which is why it is shown (X-CO-05, X-CO-06).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from gatebridge.oauth.authorization_steps import Asked
from gatebridge.oauth.trying import callback
from gatebridge.rules import lifetimes, lookalikes, refresh_families, scopes, warned
from gatebridge.rules.asks.proof import policies_in_force
from gatebridge.rules.asks.terms import access_token_lifetime
from gatebridge.rules.facts import Facts
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.orgs import Org
from gatebridge.rules.warned import Lack, Sign, Yes
from gatebridge.storage import grants, listed_apps, names, orgs
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.tx import Tx

_WEIGHTS = {1: "light", 2: "medium", 3: "heavy"}
WEIGHT_OF_CUSTOM = 2  # what an org's own scope gives away, only its admin knows; never less than data

_HOST = re.compile(r"(https?)://([^/?#]*)")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")


@dataclass(frozen=True, slots=True)
class Right:
    """One scope, as a sentence. `weight`: light, medium or heavy."""

    scope: str
    sentence: str
    weight: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the browser goes next. `kind`: web, loopback (a program on the user's machine) or scheme (an app on the user's device)."""

    kind: str
    scheme: str
    host: str  # the scheme once more, where there is no host

    @property
    def labels(self) -> list[str]:
        """The host in the pieces between which it may be broken, each with its dot."""
        return re.findall(r"[^.]*\.|[^.]+$", self.host)


@dataclass(frozen=True, slots=True)
class Known:
    """What this org knows of an app: who publishes it, since when it is here, and how many others use it.

    `verified`: an admin of this org installed it, or it is the org's own; if not, users who may do so use it on their own account.
    """

    label: str
    publisher: str
    of_this_org: bool
    since: datetime
    days: int
    colleagues: int
    of_every_org: bool = False  # it is the same app in all of them, and none's to change
    verified: bool = True

    @property
    def ago(self) -> str:
        return {0: "today", 1: "yesterday"}.get(self.days, f"{self.days:,} days ago")


@dataclass(frozen=True, slots=True)
class Consent:
    """The question, as it is put. `twin` is an app that was here before and has a name which looks the same."""

    app: Known
    rights: tuple[Right, ...]
    lasts: str
    until: datetime | None  # the day after which it is over however much it is used
    destination: Destination
    ends_another: int  # how many approvals of this app the user has, where one more ends the least used of them; else 0
    twin: Known | None
    signs: tuple[Sign, ...] = ()  # what the page warns of, so that a yes takes more than a click
    trial: bool = False  # Try it asks, and not the app: whoever tries sees what is approved, and all of it ends within ten minutes

    @property
    def spelling(self) -> list[tuple[str, bool]]:
        """The app's name in pieces, each with whether the twin's name differs there; an empty one where the twin has something more."""
        ours, theirs = self.app.label, self.twin.label if self.twin is not None else self.app.label
        same = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
        return [(ours[begin:end], what != "equal") for what, begin, end, _, _ in same]

    @property
    def warning(self) -> str:
        """Why the user should look twice: the first of the signs, `loopback`, `scheme`; empty: nothing unusual."""
        if self.signs:
            return self.signs[0]
        return "" if self.destination.kind == "web" else self.destination.kind

    def lack(self, yes: Yes) -> Lack:
        """What a yes to this question lacks."""
        return warned.lack(self.signs, yes, self.app.publisher)


def consent(tx: Tx, org: Org, asked: Asked, *, elsewhere: bool = False) -> Consent:
    """Everything that the page needs about this question. `elsewhere`: a device asks that is in another network than the user."""
    facts = asked.facts
    if facts.app is None or facts.installation is None or facts.session is None:
        raise ValueError("Somebody was to be asked about an app that nobody knows")
    user_id = facts.session.user_id
    app = _known(tx, org, ListedApp(facts.app, facts.installation), user_id)
    twin = _twin(tx, org, facts, user_id)
    until, lasts = _for_how_long(facts, asked.scopes)
    return Consent(
        app=app,
        rights=rights((*asked.scopes, *asked.claims), org),
        lasts=lasts,
        until=until,
        destination=destination_of(asked.callback),
        ends_another=_ends_another(tx, facts, user_id),
        twin=twin,
        signs=warned.signs(looks_alike=twin is not None, verified=app.verified, since=app.since, now=tx.now, elsewhere=elsewhere),
        trial=asked.callback == callback.address(org),
    )


def rights(asked: tuple[str, ...], org: Org) -> tuple[Right, ...]:
    """The scopes as sentences, those that give most away first. Two names of one scope are one sentence."""
    found: dict[str, tuple[int, Right]] = {}
    own = dict(org.settings.custom_scopes)
    for name in scopes.ordered(asked):
        built_in = scopes.CATALOGUE.get(name)
        weight = built_in.weight if built_in is not None else WEIGHT_OF_CUSTOM
        sentence = built_in.sentence if built_in is not None else own.get(name) or name
        found.setdefault(sentence, (weight, Right(name, sentence, _WEIGHTS[weight])))
    return tuple(right for _, right in sorted(found.values(), key=lambda each: -each[0]))


def destination_of(callback: str) -> Destination:
    """Where a proven redirect URI leads, for a person to read. The host is shown as it is spelled on the wire, in ASCII (X-RU-15)."""
    web = _HOST.match(callback)
    if web is not None:
        return Destination("loopback" if web[1] == "http" else "web", web[1], web[2])
    private = _SCHEME.match(callback)
    scheme = private[1] if private is not None else ""
    return Destination("scheme", scheme, scheme)


def _known(tx: Tx, org: Org, listed: ListedApp, user_id: str) -> Known:
    app, installation = listed.app, listed.installation
    if installation is None:
        raise ValueError("An app was to be shown as known where it never was installed")
    owner = org if app.org_id == org.id else orgs.by_id(tx, app.org_id)
    return Known(
        label=app.label,
        publisher=app.publisher(owner.name if owner is not None else None),
        of_this_org=app.org_id == org.id,
        of_every_org=app.fixed,
        verified=not installation.holders_only,
        since=installation.installed_at,
        days=(tx.now.date() - installation.installed_at.date()).days,
        colleagues=grants.users_of(tx, org.id, installation.id, but=user_id),
    )


def _twin(tx: Tx, org: Org, facts: Facts, user_id: str) -> Known | None:
    app = facts.app
    if app is None:
        return None
    # Of two that look the same, the one that was here first is the one that people mean.
    for app_id, label, owner in names.older_neighbours(tx, org.id, app.id):
        if lookalikes.mistakable(app.label, label, same_publisher=owner == app.org_id):
            listed = listed_apps.known(tx, org.id, app_id)
            if listed is not None:
                return _known(tx, org, listed, user_id)
    return None


def _ends_another(tx: Tx, facts: Facts, user_id: str) -> int:
    most = refresh_families.most_grants(facts)
    if most is None or facts.installation is None:
        return 0
    live = [grant for grant in grants.live_of_user(tx, facts.org.id, user_id, facts.installation.id) if grant.flow in grants.OF_USERS]
    return len(live) if len(live) >= most else 0


def _for_how_long(facts: Facts, asked: tuple[str, ...]) -> tuple[datetime | None, str]:
    """How long it lasts, as the end of "For how long"; and by when it is over in any case, if it ever is."""
    if not refresh_families.begins(facts, asked):
        token = access_token_lifetime(facts)
        minutes = token.seconds // 60 if token is not None else 0
        return None, f"{_span(minutes)}; then it has to send you here again"
    policies = policies_in_force(facts)
    idle, absolute = _shortest(policies, "idle", facts.now), _shortest(policies, "absolute", facts.now)
    if idle is not None and (absolute is None or idle[0] < absolute[0]):
        return absolute[0] if absolute is not None else None, f"Until it has been idle for {_amount(idle[1])}"
    return None, f"For {_amount(absolute[1])}" if absolute is not None else "Until you or an admin ends it"


def _shortest(policies: Iterable[RefreshPolicy], kind: str, now: datetime) -> tuple[datetime, RefreshPolicy] | None:
    """The end that comes first among those of this kind, and the policy that says so."""
    ends = ((lifetimes.expires_at(policy, now, None), policy) for policy in policies if policy.kind == kind)
    return min(((end, policy) for end, policy in ends if end is not None), key=lambda each: each[0], default=None)


def _amount(policy: RefreshPolicy) -> str:
    amount, unit = policy.amount or 0, policy.unit or "days"
    return f"{amount:,} {unit if amount != 1 else unit.removesuffix('s')}"


def _span(minutes: int) -> str:
    number, unit = (minutes // 60, "hour") if minutes >= 60 and minutes % 60 == 0 else (minutes, "minute")
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
