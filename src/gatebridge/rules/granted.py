"""Which scopes an attempt would get: what the app may have here, narrowed by what was asked, approved, and left of both."""

from collections.abc import Iterable, Mapping

from gatebridge.rules import scopes as catalogue
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door

# What speaks of a person who has signed in. Client credentials have nobody to speak of (standards CC-01).
NEEDS_USER = frozenset({"openid"})

# What a flow never gives, nobody is promised either: no refresh token where none comes (OpenID Connect Core section 11), and no right to
# administer the org in the address of a page.
NEVER_GIVEN: Mapping[Flow | None, frozenset[str]] = {
    Flow.JWT_BEARER: catalogue.REFRESH,
    Flow.USER_AGENT: catalogue.REFRESH | {"setup_api"},
}


def here(facts: Facts) -> tuple[str, ...]:
    """The app's scopes as this org lets it use them: administering the org takes the admin's own word.

    A scope of the org's own that it has taken away is nobody's any more, whatever the settings of its apps say still.
    """
    if facts.settings is None or facts.policies is None:
        return ()
    named = facts.settings.scopes
    if not facts.policies.may_administer:
        named = tuple(scope for scope in named if scope != "setup_api")
    if facts.app is None or facts.app.org_id != facts.org.id or catalogue.CATALOGUE.keys() >= set(named):
        return named
    own = facts.org.custom_scopes
    return tuple(scope for scope in named if scope in catalogue.CATALOGUE or scope in own)


def singly(facts: Facts, claims: Iterable[str]) -> tuple[str, ...]:
    """Those of the claims that an app asks for one by one which it may be told: its own scopes here make them known.

    So it never hears more than its developer and its admin let it, whatever it asks for. That the token itself lacks the scope is no
    matter, since the user was asked for these claims: consent shows the scopes that cover them (docs/decisions/0024).
    """
    asked = tuple(claims)
    if not asked:
        return ()
    within = catalogue.implied(here(facts), facts.org.custom_scopes)
    known = frozenset(claim for scope, told in catalogue.CLAIMS.items() if scope in within for claim in told)
    return tuple(claim for claim in asked if claim in known)


def approved(facts: Facts, attempt: Attempt) -> tuple[str, ...] | None:
    """The scopes to which a code or a refresh family is bound; None where it is not known."""
    if attempt.door is Door.CODE:
        return attempt.code.scopes if attempt.code is not None else None
    return facts.grant.scopes if facts.grant is not None else None


def of_device(facts: Facts, device: DeviceCode) -> tuple[str, ...]:
    """What a device may still be given of what it asked for, or its user approved: what the app has lost since is dropped."""
    wanted = device.approved.scopes if device.approved is not None else device.scopes
    return catalogue.still_held(wanted, here(facts), facts.org.custom_scopes)


def scopes(facts: Facts, attempt: Attempt) -> tuple[str, ...]:
    """The scopes of the token that this attempt would get, or has; whether it may is for the gates to say."""
    custom, allowed = facts.org.custom_scopes, here(facts)
    if attempt.token is not None:
        return catalogue.still_held(attempt.token.scopes, allowed, custom)
    if attempt.flow is Flow.JWT_BEARER:
        return _by_assertion(facts, before_approval(facts, attempt))
    if attempt.door in (Door.CODE, Door.REFRESH):
        held = catalogue.still_held(approved(facts, attempt) or (), allowed, custom)
        return catalogue.narrow(held, attempt.scopes_asked, custom).granted
    return before_approval(facts, attempt)


def before_approval(facts: Facts, attempt: Attempt) -> tuple[str, ...]:
    """What the app may have here of what was asked, before anybody's approval is looked at."""
    found = catalogue.narrow(here(facts), attempt.scopes_asked, facts.org.custom_scopes).granted
    if attempt.flow is Flow.CLIENT_CREDENTIALS:
        return tuple(scope for scope in catalogue.without_user(found) if scope not in NEEDS_USER)
    never = NEVER_GIVEN.get(attempt.flow)
    return found if never is None else tuple(scope for scope in found if scope not in never)


def _by_assertion(facts: Facts, found: tuple[str, ...]) -> tuple[str, ...]:
    """Nobody is asked, so a user who authorizes for oneself gives no more than was approved before; a pre-authorized one needs not."""
    if facts.policies is None or facts.policies.permitted_users is PermittedUsers.ADMIN_APPROVED:
        return found
    remembered = facts.approval.scopes if facts.approval is not None else frozenset()
    return tuple(scope for scope in found if scope in catalogue.implied(remembered, facts.org.custom_scopes))
