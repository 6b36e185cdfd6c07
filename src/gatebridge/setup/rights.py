"""The four limits on giving and taking rights: none beyond one's own, none to oneself, none after a sign-in of long ago, and never the
last admin."""

from collections.abc import Iterable

from gatebridge.records.change import signed_in_lately
from gatebridge.rules import settable
from gatebridge.rules.actors import Actor
from gatebridge.rules.people import Standing
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import Permission, beyond_own, gains
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import audit_trail, people
from gatebridge.storage.tx import Tx


def refuse_beyond_own(actor: Actor, rights: Iterable[Permission]) -> None:
    """Nobody hands out what they do not hold, nor the way into an account that holds it (X-AD-04). Raises Refused (`right_beyond_own`)."""
    missing = beyond_own(actor.permissions, rights)
    if missing:
        detail = f"You do not hold {', '.join(map(settable.name_of, missing))} yourself."
        raise Refused(setup_reasons.RIGHT_BEYOND_OWN, detail=detail, facts={"permissions": list(missing)})


def refuse_stale_giver(tx: Tx, actor: Actor, given: frozenset[Permission], before: frozenset[Permission] = frozenset()) -> None:
    """Power is given by who signed in lately, and so is a way to it: a browser that was left open hands out nothing.

    `before` is what was held without it; what takes away, or moves what gives no right, is asked of nobody. The rights are those of
    `refuse_beyond_own`, so an app that somebody may use, and a custom permission, are none. Raises Refused (`reauthentication_needed`).
    """
    if gains(before, given):
        signed_in_lately(tx, actor)


def refuse_acting_for(tx: Tx, actor: Actor, standing: Standing | None) -> None:
    """Nobody acts through an app for a user who holds what they do not (X-AD-04), nor for one with rights after a sign-in of long ago.

    Raises Refused (`right_beyond_own`, `reauthentication_needed`).
    """
    held = standing.permissions(tx.now) if standing is not None else frozenset[Permission]()
    beyond = beyond_own(actor.permissions, held)
    if standing is not None and beyond:
        raise Refused(
            setup_reasons.RIGHT_BEYOND_OWN,
            detail=f"The app would act for {standing.user.name}, who holds what you do not: {', '.join(map(settable.name_of, beyond))}.",
            facts={"permissions": list(beyond)},
        )
    refuse_stale_giver(tx, actor, held)


def refuse_own(actor: Actor, user_id: str) -> None:
    """What a user may do is decided by another one (X-AD-04). Raises Refused (`own_assignment`)."""
    if actor.user_id == user_id:
        raise Refused(setup_reasons.OWN_ASSIGNMENT)


def keep_an_admin(tx: Tx, actor: Actor, lost: Iterable[Permission]) -> None:
    """Refuse a change, already written in this transaction, that left nobody who can administer the org (X-AD-12).

    `lost` are the rights that the change takes from anybody. Raises Refused (`last_admin`).
    """
    if not ADMIN_RIGHTS.intersection(lost):
        return
    # Holding the head of the audit chain, which the change needs anyway, lets no second such change come in between: two admins who
    # deactivate each other at the same moment would otherwise both find the other one.
    audit_trail.lock_head(tx, actor.org_id)
    if not people.anybody_holds(tx, actor.org_id, ADMIN_RIGHTS):
        needed = " and ".join(settable.name_of(right) for right in Permission if right in ADMIN_RIGHTS)
        detail = f"Nobody would be left who is active and holds {needed} for good."
        raise Refused(setup_reasons.LAST_ADMIN, detail=detail, facts={"permissions": [r for r in Permission if r in ADMIN_RIGHTS]})
