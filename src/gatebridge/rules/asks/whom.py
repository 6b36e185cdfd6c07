"""Gates 9 and 10, whom it acts for: User, Permitted."""

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import permitted as permitted_reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.verdict import Finding


def user(facts: Facts, attempt: Attempt) -> Finding | None:
    """May the user act for whom the token is, or would be?"""
    flow = attempt.token.flow if attempt.token else attempt.flow
    as_itself = flow is Flow.CLIENT_CREDENTIALS
    if as_itself and facts.policies is not None and facts.policies.run_as_user_id is None:
        return refused(Gate.USER, user_reasons.RUN_AS_MISSING, "no run-as user is set")
    if facts.standing is None:
        named = attempt.assertion is not None and attempt.assertion.refused is None
        return refused(Gate.USER, user_reasons.USER_UNKNOWN, "nobody in this org has this username") if named else None
    person = facts.standing.user
    if person.state is not UserState.ACTIVE:
        reason = user_reasons.RUN_AS_INACTIVE if as_itself else user_reasons.USER_INACTIVE
        return refused(Gate.USER, reason, f"{person.username} is {person.state}")
    if person.frozen:
        reason = user_reasons.RUN_AS_FROZEN if as_itself else user_reasons.USER_FROZEN
        return refused(Gate.USER, reason, f"{person.username} is frozen")
    if Permission.API_ENABLED not in facts.standing.permissions(facts.now):
        return refused(Gate.USER, user_reasons.API_NOT_ENABLED, f"{person.username} may not use APIs")
    return passed(Gate.USER, f"{person.username} is active")


def permitted(facts: Facts, _: Attempt) -> Finding | None:
    """Does the admin's policy let this user use this app?"""
    if facts.policies is None or facts.standing is None:
        return None
    if facts.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        return passed(Gate.PERMITTED, "all users may self-authorize")
    standing, now = facts.standing, facts.now
    held = {standing.profile.id: standing.profile.name}
    lapsed: dict[str, str] = {}
    for permission_set, assignment in standing.sets:
        (held if assignment.holds(now) else lapsed)[permission_set.id] = permission_set.label
    for permit in facts.permits:
        if permit.holder_id in held and permit.holds(now):
            return passed(Gate.PERMITTED, f"approved through {held[permit.holder_id]}")
    for permit in facts.permits:
        if permit.holder_id in held or permit.holder_id in lapsed:
            name = (lapsed | held)[permit.holder_id]
            return refused(Gate.PERMITTED, permitted_reasons.APPROVAL_EXPIRED, f"the approval through {name} has run out")
    words = "no profile or permission set of the user is approved for the app"
    return refused(Gate.PERMITTED, permitted_reasons.USER_NOT_APPROVED, words)
