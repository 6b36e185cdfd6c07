"""A user's second factors, as an admin sees and removes them: when a device is lost, or somebody else's was set up."""

from dataclasses import dataclass

from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules.actors import Actor
from gatebridge.rules.factors import Factor
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import manage_users, my_factors
from gatebridge.setup.app_rights import given_reason
from gatebridge.setup.my_factors import MyFactors
from gatebridge.storage import factors as stored
from gatebridge.storage import orgs, people
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class RemoveFactors:
    """Take away one factor of a user, or with None every one, the recovery codes and the activated browsers."""

    user_id: str
    factor_id: str | None = None
    reason: str = ""


def factors_of_user(tx: Tx, actor: Actor, user_id: str) -> MyFactors:
    """What a user has set up. Never a secret, a seed or a key. Raises Refused."""
    permit(actor, Permission.MANAGE_USERS)
    if people.by_id(tx, actor.org_id, user_id) is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return my_factors.of_user(tx, actor.org_id, user_id)


def remove_factors(tx: Tx, actor: Actor, command: RemoveFactors) -> list[Factor]:
    """Take factors away, end the user's sessions, and tell the user by mail. Where a policy wants a factor, the next sign-in sets up one.

    Factors keep others out of an account, so whoever takes them away holds every right that the user holds (X-AD-04). Raises Refused.
    """
    permit(actor, Permission.MANAGE_USERS)
    signed_in_lately(tx, actor)
    user = manage_users.governed(tx, actor, command.user_id).user
    org = orgs.by_id(tx, actor.org_id)
    assert org is not None  # noqa: S101 - the actor is of it
    reason = given_reason(command.reason)
    found = [each for each in stored.of_user(tx, org.id, user.id) if command.factor_id in (None, each.id)]
    if command.factor_id is not None and not found:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    for factor in found:
        my_factors.remove(tx, actor, org, user, factor, reason=reason)
    if command.factor_id is None:
        stored.remove_begun(tx, org.id, user.id)
        my_factors.forget_browsers(tx, actor, user, reason=reason)
    return found
