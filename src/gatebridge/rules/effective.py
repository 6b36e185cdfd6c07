"""What is in force in the end: the network rule, the timeouts and the level that hold for the users of each profile, and who says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebridge.rules import levels, lifetimes
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.levels import LevelAction
from gatebridge.rules.lifetimes import AccessTokenFormat, Source
from gatebridge.rules.network import OWNERS, NetworkPolicy, Relaxation, Rule
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Profile
from gatebridge.rules.sessions import DEFAULT_ABSOLUTE_HOURS, DEFAULT_IDLE_MINUTES, DEFAULT_REAUTHENTICATE_MINUTES

_NO_APP = AppPolicies(installation_id="")


@dataclass(frozen=True, slots=True)
class NetworkEffect:
    """Which network rule holds, in words for an admin. `monitored`: which one would, with the monitored ranges in force; or empty."""

    rule: Rule
    words: str
    monitored: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One place where a number may be set, and what is set there; None: nothing."""

    source: Source
    value: int | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A number that the nearest setting decides, and the places that were asked for it, the nearest first."""

    value: int
    source: Source
    chain: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class LevelEffect:
    """The level that is required in the end, by whom, and what is done where it is not reached; None where nothing is required."""

    level: levels.Level
    action: LevelAction | None
    required_by: str


@dataclass(frozen=True, slots=True)
class ForProfiles:
    """What holds where users of these profiles use one app."""

    profiles: tuple[str, ...]  # by name
    network: NetworkEffect
    access_token_minutes: Chosen
    jwt_access_token_minutes: Chosen
    level: LevelEffect


def of_app(org: Org, policies: AppPolicies, profiles: Iterable[Profile]) -> tuple[ForProfiles, ...]:
    """What holds for the users of an app; profiles for which the same holds stand together, in the order of the first of them."""
    names: dict[tuple[NetworkEffect, Chosen, Chosen, LevelEffect], list[str]] = {}
    for profile in profiles:
        same = (
            network(network_policy(org, profile, policies)),
            access_token("opaque", policies.access_token_minutes, profile.session_minutes, org.settings.session_minutes),
            access_token("jwt", policies.jwt_access_token_minutes),
            level(org, profile, policies),
        )
        names.setdefault(same, []).append(profile.name)
    return tuple(ForProfiles(tuple(named), *same) for same, named in names.items())


def network_policy(org: Org, profile: Profile, policies: AppPolicies | None = None) -> NetworkPolicy:
    """Every range and relaxation that has a say where a user of the profile uses an app; without policies, those of the user alone."""
    settings, own = org.settings, policies or _NO_APP
    return NetworkPolicy(
        relaxation=own.ip_relaxation,
        app=own.ip_ranges,
        refresh=own.refresh_ranges,
        profile=profile.login_ranges,
        org=settings.trusted_ranges,
        trusted_only_waive=settings.trusted_ranges_only_waive,
        monitored_app=own.monitored_ranges,
        monitored_profile=profile.monitored_ranges,
        monitored_org=settings.monitored_ranges,
    )


def network(policy: NetworkPolicy) -> NetworkEffect:
    """The rule that holds. A mode that has no effect, because nobody has set a range, says so (X-IP-04)."""
    rule, words = _network(policy)
    tried = policy.tried_out()
    return NetworkEffect(rule, words, _network(tried)[1] if tried is not None else "")


def _network(policy: NetworkPolicy) -> tuple[Rule, str]:
    users, _ = policy.of_the_user()
    held = [OWNERS[rule] for rule, counts in ((Rule.APP_RANGES, bool(policy.app)), (users, users is not Rule.NO_EFFECT)) if counts]
    listed = " A refresh token is taken only from the addresses that are listed for it, whatever is relaxed." if policy.refresh else ""
    if not held:
        unset = "the org's trusted ranges only waive verification" if policy.org else "the org has no trusted ranges"
        words = f"No effect: neither the app nor the user's profile has ranges, and {unset}."
        return Rule.REFRESH_RANGES if listed else Rule.NO_EFFECT, words + listed
    both = " and in ".join(held)
    rule = Rule.APP_RANGES if policy.app else users
    if policy.relaxation is Relaxation.RELAX:
        return Rule.RELAXED, f"Relaxed: any address is let in, also one that is not in {both}." + listed
    if policy.relaxation is Relaxation.RELAX_ACTIVATED and policy.app:
        instead = f", which count instead of {held[1]}" if len(held) > 1 else ""
        return rule, f"Only addresses in {held[0]}{instead}." + listed
    except_for = {
        Relaxation.RELAX_ACTIVATED: ", except from a device that the user has activated",
        Relaxation.RELAX_REFRESH: ", except where a refresh token is used",
    }.get(policy.relaxation, "")
    return rule, f"Only addresses in {both}{except_for}." + listed


def access_token(format: AccessTokenFormat, app: int | None, profile: int | None = None, org: int | None = None) -> Chosen:
    """How many minutes an access token of this format lives."""
    found = lifetimes.access_token(format, app_minutes=app, profile_minutes=profile, org_minutes=org)
    asked = (Link("app", app), Link("profile", profile), Link("org", org)) if format == "opaque" else (Link("app", app),)
    return Chosen(found.seconds // 60, found.source, (*asked, Link("default", lifetimes.DEFAULT_MINUTES[format])))


def session_minutes(org: Org, profile: Profile | None = None) -> Chosen:
    """How many minutes a browser session may rest."""
    asked = [Link("org", org.settings.session_minutes)]
    return _nearest([Link("profile", profile.session_minutes), *asked] if profile is not None else asked, DEFAULT_IDLE_MINUTES)


def session_absolute_hours(org: Org) -> Chosen:
    """How many hours a browser session lives at most."""
    return _nearest([Link("org", org.settings.session_absolute_hours)], DEFAULT_ABSOLUTE_HOURS)


def reauthenticate_minutes(org: Org) -> Chosen:
    """How many minutes a sign-in counts as fresh."""
    return _nearest([Link("org", org.settings.reauthenticate_minutes)], DEFAULT_REAUTHENTICATE_MINUTES)


def level(org: Org, profile: Profile | None = None, policies: AppPolicies | None = None) -> LevelEffect:
    """How sure a sign-in must make us, and who says so."""
    required, by = levels.required(org, profile, policies)
    return LevelEffect(required.level, required.action if required.level is not levels.Level.STANDARD else None, by)


def _nearest(asked: Sequence[Link], default: int) -> Chosen:
    chain = (*asked, Link("default", default))
    value, source = next((link.value, link.source) for link in chain if link.value is not None)
    return Chosen(value, source, chain)
