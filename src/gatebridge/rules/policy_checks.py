"""What may be saved of the policies of an app. Every problem is told at once, at the field that has it.

A refresh token always has an end of both kinds (X-RT-08): when it was not used for so long, and so long after the grant began. Who names
one of the two gets the other by default (`with_both_limits`). Two policies stand alone: `immediately`, which is stricter than either, and
`until_revoked`, which has no end of its own and is therefore an exception, with a written reason and an end date of its own.
"""

from datetime import datetime, timedelta

from gatebridge.rules import lifetimes, typed_ranges, typed_text
from gatebridge.rules.app_checks import found
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import Range
from gatebridge.rules.reasons.reason import FieldProblem

ALONE = ("immediately", "until_revoked")
LONGEST_EXCEPTION = timedelta(days=2 * 365)
MOST_GRACE_SECONDS = 60
MOST_GRANTS_PER_USER = 100
MOST_REFRESH_ADDRESSES = 256


def policy_problems(policies: AppPolicies, before: AppPolicies, now: datetime) -> list[FieldProblem]:
    """What is wrong with the policies of an app, as far as they alone tell. `before` is as they stand; an exception that was granted in
    its time and has run out since does not stand in the way of another edit."""
    opaque, jwt, code = policies.access_token_minutes, policies.jwt_access_token_minutes, policies.authorization_code_seconds
    return found(
        ("access_token_minutes", None if opaque is None else lifetimes.access_token_problem("opaque", opaque)),
        ("jwt_access_token_minutes", None if jwt is None else lifetimes.access_token_problem("jwt", jwt)),
        ("authorization_code_seconds", None if code is None else lifetimes.authorization_code_problem(code)),
        ("refresh_policies", _refresh_problem(policies.refresh_policies)),
        ("refresh_exception_reason", _reason_problem(policies)),
        ("refresh_exception_until", _until_problem(policies, before, now)),
        ("refresh_grace_seconds", _grace_problem(policies.refresh_grace_seconds)),
        ("max_grants_per_user", _grants_problem(policies.max_grants_per_user)),
        ("refresh_ranges", _refresh_ranges_problem(policies.refresh_ranges)),
    )


def for_ever(policies: AppPolicies) -> bool:
    """Whether refresh tokens live until they are revoked, for as long as the exception holds."""
    return any(policy.kind == "until_revoked" for policy in policies.refresh_policies)


def with_both_limits(policies: tuple[RefreshPolicy, ...]) -> tuple[RefreshPolicy, ...]:
    """The policies as they are saved: the idle limit first, then the absolute one, and the default of the one that was left out.

    What stands alone, is empty or names a kind twice comes back as it is, for `policy_problems` to judge.
    """
    kinds = [policy.kind for policy in policies]
    if not policies or len(set(kinds)) < len(kinds) or set(kinds) & set(ALONE):
        return policies
    return tuple(next((policy for policy in policies if policy.kind == default.kind), default) for default in DEFAULT_REFRESH_POLICIES)


def _refresh_problem(policies: tuple[RefreshPolicy, ...]) -> str | None:
    kinds = [policy.kind for policy in policies]
    if not kinds:
        return "Say when a refresh token dies, such as idle:30:days and absolute:365:days."
    if len(set(kinds)) < len(kinds):
        return "Each kind of policy stands once."
    alone = [kind for kind in kinds if kind in ALONE]
    if alone and len(kinds) > 1:
        return f"{alone[0]} stands alone."
    if not alone and len(kinds) < len(DEFAULT_REFRESH_POLICIES):
        return "A refresh token has both an idle and an absolute limit."
    return None


def _reason_problem(policies: AppPolicies) -> str | None:
    reason = policies.refresh_exception_reason
    if not for_ever(policies):
        return "Only until_revoked is an exception that needs a reason; leave this empty." if reason else None
    problem = typed_text.reason_problem(reason)
    return f"A refresh token that lives until it is revoked needs a written reason. {problem}" if problem else None


def _until_problem(policies: AppPolicies, before: AppPolicies, now: datetime) -> str | None:
    until = policies.refresh_exception_until
    if not for_ever(policies):
        return "Only until_revoked is an exception that needs an end; leave this empty." if until is not None else None
    if until is None:
        return "Say until when refresh tokens may live until they are revoked; after that the defaults apply again."
    same = (until, policies.refresh_exception_reason) == (before.refresh_exception_until, before.refresh_exception_reason)
    if same and for_ever(before):
        return None
    return None if now < until <= now + LONGEST_EXCEPTION else "The exception ends in the future, and within 2 years."


def _grace_problem(seconds: int) -> str | None:
    if 0 <= seconds <= MOST_GRACE_SECONDS:
        return None
    return f"A retry gets the same refresh token for 0 to {MOST_GRACE_SECONDS} seconds, not {seconds:,}."


def _grants_problem(most: int | None) -> str | None:
    if most is None or 1 <= most <= MOST_GRANTS_PER_USER:
        return None
    return f"A user has 1 to {MOST_GRANTS_PER_USER} grants of an app at once, not {most:,}."


def _refresh_ranges_problem(ranges: tuple[Range, ...]) -> str | None:
    held = typed_ranges.addresses(ranges)
    if held <= MOST_REFRESH_ADDRESSES:
        return None
    return f"Refresh tokens are taken from at most {MOST_REFRESH_ADDRESSES} addresses in all, not {held:,}: list the app's own servers."
