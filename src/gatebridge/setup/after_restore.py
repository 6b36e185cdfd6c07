"""After a backup was restored: what was ended since it was made must not live again, and what was used must not be used again.

A restored database knows nothing of the revokes, redemptions and rotations that came after the backup. So everything that was ever
given out ends, in every org, at the cost of one increment each (data.md, "Revocation: epochs"); apps ask anew, people sign in anew.
"""

from dataclasses import dataclass

from gatebridge.records.change import Target, permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.setup.app_rights import written_reason
from gatebridge.storage import approvals, factors, interactions, orgs, revocations, verifications
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AfterRestore:
    """Say that this org's records come from a backup. The reason must be written: which backup, and why."""

    reason: str


def after_restore(tx: Tx, actor: Actor, command: AfterRestore) -> int:
    """End everything that this org ever gave out, and return the org's new epoch. Raises Refused."""
    permit(actor, Permission.MANAGE_INSTALLATION)
    reason = written_reason(command.reason)
    org = orgs.by_id(tx, actor.org_id)
    epoch = orgs.raise_epoch(tx, actor.org_id)
    assert org is not None and epoch is not None  # noqa: S101, PT018 - whoever acts, acts in an org
    interactions.forget_all(tx, actor.org_id)
    # Recovery codes that were used would work again, and browsers that were forgotten would count again.
    verifications.forget_all(tx, actor.org_id)
    factors.forget_recovery_codes(tx, actor.org_id)
    # What users had taken back from apps would be remembered again, and some apps would come back by it without asking.
    approvals.forget_all(tx, actor.org_id)
    revocations.append(tx, actor.org_id, "org")
    record_change(tx, actor, Event.BACKUP_RESTORED, Target("org", org.id, org.name), {"epoch": org.epoch}, {"epoch": epoch}, reason=reason)
    return epoch
