"""What the app's developer has opened: flows, scopes, proofs and callbacks."""

import re
from collections.abc import Iterable

from gatebridge.rules import scopes
from gatebridge.rules.app_checks import GIVES_REFRESH_TOKENS
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.exposed.kinds import Found, Kind, Mend, Subject

_WEB_SCHEME = re.compile(r"https?:")


def _full_scope(subject: Subject) -> Found | None:
    if "full" not in subject.settings.scopes:
        return None
    others = tuple(scope for scope in subject.settings.scopes if scope != "full")
    # Where nothing else named lets it do anything, the API is the smallest thing that it can have wanted.
    left = others if any(_does_something(scope) for scope in others) else scopes.ordered((*others, "api"))
    mend = Mend(settings={"scopes": left, "full_scope_reason": ""})
    return Found("The app may ask for full: everything that its user can do, with all data.", mend=mend)


def _does_something(scope: str) -> bool:
    known = scopes.CATALOGUE.get(scope)
    return scope not in scopes.REFRESH and (known is None or known.weight > 1)


def _no_pkce(subject: Subject) -> Found | None:
    if subject.settings.pkce_required or Flow.WEB_SERVER not in subject.settings.flows:
        return None
    return Found("The web server flow works without PKCE.", mend=Mend(settings={"pkce_required": True}))


def _without(flows: Iterable[Flow], closed: Flow) -> Mend:
    left = frozenset(flows) - {closed}
    # Refresh tokens come from these flows only, so the last of them takes refreshing with it.
    return Mend(settings={"flows": left if left & GIVES_REFRESH_TOKENS else left - {Flow.REFRESH_TOKEN}})


def _device_flow(subject: Subject) -> Found | None:
    if Flow.DEVICE not in subject.settings.flows:
        return None
    return Found("The device flow is on.", mend=_without(subject.settings.flows, Flow.DEVICE))


def _user_agent_flow(subject: Subject) -> Found | None:
    if Flow.USER_AGENT not in subject.settings.flows:
        return None
    return Found("The user-agent flow is on: tokens are sent in addresses.", mend=_without(subject.settings.flows, Flow.USER_AGENT))


def _private_scheme(subject: Subject) -> Found | None:
    private = [uri for uri in subject.settings.callbacks if _WEB_SCHEME.match(uri) is None]
    if not private:
        return None
    schemes = ", ".join(sorted({uri.partition(":")[0] + ":" for uri in private}))
    return Found(f"Codes come back at an address with a scheme of the app's own: {schemes}", " ".join(sorted(private)))


def waives_for_codes(settings: AppSettings) -> bool:
    """Whether the app redeems codes, those of devices too, and need not prove itself to."""
    return not settings.require_secret_for_web_server and bool(settings.flows & {Flow.WEB_SERVER, Flow.DEVICE})


def waives_for_refresh(settings: AppSettings) -> bool:
    """Whether the app refreshes, and need not prove itself to."""
    return not settings.require_secret_for_refresh and Flow.REFRESH_TOKEN in settings.flows


def _secret_waived_for_codes(subject: Subject) -> Found | None:
    if not waives_for_codes(subject.settings):
        return None
    mend = Mend(settings={"require_secret_for_web_server": True})
    return Found("The app need not prove itself to redeem a code.", mend=mend)


def _secret_waived_for_refresh(subject: Subject) -> Found | None:
    if not waives_for_refresh(subject.settings):
        return None
    return Found("The app need not prove itself to refresh.", mend=Mend(settings={"require_secret_for_refresh": True}))


def _introspects_all(subject: Subject) -> Found | None:
    if not subject.settings.introspect_all_tokens:
        return None
    return Found("The app may ask about every token of the org.", mend=Mend(settings={"introspect_all_tokens": False}))


def _legacy_audience(subject: Subject) -> Found | None:
    if not subject.settings.legacy_audience:
        return None
    mend = Mend(settings={"legacy_audience": False})
    return Found("A client assertion may name the token endpoint instead of the issuer.", mend=mend)


def _assertion_audiences(subject: Subject) -> Found | None:
    audiences = subject.settings.assertion_audiences
    if not audiences:
        return None
    named = " ".join(sorted(audiences))
    mend = Mend(settings={"assertion_audiences": ()})
    return Found(f"An assertion for a user may be addressed to somebody else: {', '.join(sorted(audiences))}", named, mend)


def _jti_optional(subject: Subject) -> Found | None:
    if subject.app.dialect is not Dialect.SALESFORCE or Flow.JWT_BEARER not in subject.settings.flows:
        return None
    return Found("An assertion for a user need not have a jti, and can then be used more than once.")


def _token_in_address(subject: Subject) -> Found | None:
    if subject.app.id not in subject.in_addresses:
        return None
    return Found("Access tokens of the app have lately come in the address of a request.")


BY_SETTINGS = (
    Kind(
        "full_scope",
        4,
        "settings.scopes",
        _full_scope,
        why="Nothing that is added later is left out: whoever has its token has all that the user has.",
        smaller="Name the scopes that the app uses.",
    ),
    Kind(
        "no_pkce",
        3,
        "settings.pkce_required",
        _no_pkce,
        why="A code that was caught on its way can be redeemed by somebody else, or slipped to another user.",
        smaller="Require PKCE, which every current client library does by itself.",
    ),
    Kind(
        "device_flow",
        2,
        "settings.flows",
        _device_flow,
        why="A caller on the telephone needs nothing but a user who types eight characters.",
        smaller="Use the web server flow with PKCE, with a loopback callback where the app runs in a terminal.",
    ),
    Kind(
        "user_agent_flow",
        3,
        "settings.flows",
        _user_agent_flow,
        why="A token in an address stays in histories and logs, and is given to whoever reads them (RFC 9700 section 2.1.2).",
        smaller="Use the web server flow with PKCE, which works in a browser as well.",
    ),
    Kind(
        "private_scheme",
        1,
        "settings.callbacks",
        _private_scheme,
        why="Any program on the user's machine can claim the same scheme and receive the code (RFC 8252 section 8.1).",
        smaller="Come back at an https address that the app has claimed, or at http://127.0.0.1.",
        command="gatebridge apps settings {app} --callback https://...",
    ),
    Kind(
        "secret_waived_for_codes",
        2,
        "settings.require_secret_for_web_server",
        _secret_waived_for_codes,
        why="Only PKCE ties a code to the app that asked for it, and nothing ties that of a device.",
        smaller="Require the proof that the app has anyway.",
    ),
    Kind(
        "secret_waived_for_refresh",
        2,
        "settings.require_secret_for_refresh",
        _secret_waived_for_refresh,
        why="A copied refresh token is all that a thief needs.",
        smaller="Require the proof that the app has anyway.",
    ),
    Kind(
        "introspects_all",
        2,
        "settings.introspect_all_tokens",
        _introspects_all,
        why="Whoever has its secret learns of any token whose it is and what it may do.",
        smaller="Leave this to resource servers; an app may always ask about its own tokens.",
    ),
    Kind(
        "legacy_audience",
        1,
        "settings.legacy_audience",
        _legacy_audience,
        why="An assertion that was meant for another server can be made to fit this one (RFC 10070).",
        smaller="Let the client name the issuer alone.",
    ),
    Kind(
        "assertion_audiences",
        1,
        "settings.assertion_audiences",
        _assertion_audiences,
        why="Whoever else receives such an assertion can use it here.",
        smaller="Let the client name the issuer alone.",
    ),
    Kind(
        "jti_optional",
        1,
        "app.dialect",
        _jti_optional,
        why="An assertion without a jti that was seen once, in a log or on its way, buys tokens until it runs out.",
        smaller="Send a jti each time, and speak the standard dialect, which demands it; the dialect is frozen at the first grant.",
        command="gatebridge apps edit {app} --dialect standard",
    ),
    Kind(
        "token_in_address",
        2,
        "app.dialect",
        _token_in_address,
        why="Proxies, logs and histories on the way keep the address, and whoever reads them has the token until it ends.",
        smaller="Let the client send the token in the Authorization header alone; an app of the standard dialect cannot do otherwise.",
        command="gatebridge apps edit {app} --dialect standard",
    ),
)
