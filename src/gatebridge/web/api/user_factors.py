"""The second factors of a user, for an admin: what is set up, and taking it away when a device is lost."""

from typing import Annotated

from fastapi import APIRouter, Query

from gatebridge.rules.ids import Prefix
from gatebridge.setup.manage_factors import RemoveFactors, factors_of_user, remove_factors
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.me_factors import FactorsShown, shown

router = APIRouter(prefix="/users/{user_id}/factors", tags=["Users"])

Why = Annotated[str, Query(max_length=512, description="Why, in a sentence; it goes into the audit trail.")]


@router.get("", summary="List a user's second factors")
def list_factors(desk: AtDesk, user_id: str) -> FactorsShown:
    """What the user shows beside the password, and how many recovery codes are unused. Needs *Manage Users*."""
    with desk.reading() as visit:
        return shown(factors_of_user(visit.tx, visit.actor, record_id(user_id, Prefix.USER)))


@router.delete("", summary="Remove all second factors of a user")
def delete_factors(desk: AtDesk, user_id: str, reason: Why = "") -> FactorsShown:
    """Take every factor, the recovery codes and the activated browsers away, and end the user's sessions. A mail tells the user.

    Where a policy wants a second factor, the next sign-in sets one up. Needs *Manage Users* and every right that the user has.
    """
    return _remove(desk, RemoveFactors(record_id(user_id, Prefix.USER), None, reason))


@router.delete("/{factor_id}", summary="Remove one second factor of a user")
def delete_factor(desk: AtDesk, user_id: str, factor_id: str, reason: Why = "") -> FactorsShown:
    """Take one factor away and end the user's sessions. A mail tells the user. Needs *Manage Users* and every right that the user has."""
    return _remove(desk, RemoveFactors(record_id(user_id, Prefix.USER), record_id(factor_id, Prefix.FACTOR), reason))


def _remove(desk: AtDesk, command: RemoveFactors) -> FactorsShown:
    with desk.writing() as visit:
        remove_factors(visit.tx, visit.actor, command)
        return shown(factors_of_user(visit.tx, visit.actor, command.user_id))
