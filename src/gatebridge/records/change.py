"""The one way to change a setting: permitted first, then diffed and written to the audit trail, in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.records import outbox
from gatebridge.records.chain import ALGORITHM, chain_key, line_mac
from gatebridge.rules import audit, settable
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import audit_trail
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Target:
    """What was changed: the kind of record, its id, and its name as people know it at that moment."""

    kind: str
    id: str
    name: str


def permit(actor: Actor, *any_of: Permission) -> None:
    """Let the actor pass who holds one of the rights. The first line of every verb. Raises Refused (`permission_missing`)."""
    if not actor.permissions.intersection(any_of):
        needed = [right for right in Permission if right in any_of]  # verbs name sets, which have no order
        words, facts = " or ".join(map(settable.name_of, needed)), {"permission": " or ".join(needed)}
        raise Refused(setup_reasons.PERMISSION_MISSING, detail=f"This needs the permission {words}.", facts=facts)


def signed_in_lately(tx: Tx, actor: Actor) -> None:
    """Let the actor pass whose person signed in lately enough for what is weighty, such as secrets and what others hold.

    The second line of such a verb, behind `permit`. Where nobody signed in, there is nobody who could do it anew: services, which prove
    themselves by a credential each time, and the operator pass. Raises Refused (`reauthentication_needed`).
    """
    if actor.authenticated_at is not None and tx.now >= actor.authenticated_at + actor.fresh_for:
        facts = {"max_age": int(actor.fresh_for.total_seconds()), "authenticated_at": actor.authenticated_at.isoformat()}
        raise Refused(bearer_reasons.REAUTHENTICATION_NEEDED, facts=facts)


def check_version(found: int, expected: int | None) -> None:
    """Refuse an edit that was begun on another version than the one that stands (X-AD-09). None: the caller read it in this transaction."""
    if expected is not None and expected != found:
        detail = f"Somebody else changed this meanwhile: you began on version {expected}, and it is now version {found}."
        raise Refused(setup_reasons.VERSION_STALE, detail=detail, facts={"version": found})


def record_change(
    tx: Tx,
    actor: Actor,
    event: Event,
    target: Target,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    *,
    reason: str = "",
    group_id: str | None = None,
) -> tuple[audit.Change, ...]:
    """Write what differs between `before` (None: it did not exist) and `after` (None: it is gone) as one line of the org's chain.

    An edit that changes nothing writes nothing. The line is in the caller's transaction: if it cannot be written, nothing was changed
    (X-AU-01). The new head of the chain also leaves the house through the outbox, so that a tail cut off in the database is found out.
    """
    changes = audit.diff(before, after)
    if not changes and before is not None and after is not None:
        return ()
    head = audit_trail.lock_head(tx, actor.org_id)
    line = AuditLine(
        org_id=actor.org_id,
        sequence=head.sequence + 1,
        id=tx.new_id(Prefix.AUDIT),
        at=tx.now,
        event=event,
        actor_kind=actor.kind,
        actor_id=actor.user_id,
        actor_name=actor.name,
        actor_app_id=actor.app_id,
        address=actor.address,
        operation_id=actor.operation_id,
        target_kind=target.kind,
        target_id=target.id,
        target_name=target.name,
        changes=tuple({"field": change.field, "before": change.before, "after": change.after} for change in changes),
        reason=reason,
        group_id=group_id,
        algorithm=ALGORITHM,
        key_id=tx.keys.current.id,
        mac=b"",
    )
    mac = line_mac(chain_key(tx.keys.current), head.mac, line)
    audit_trail.append(tx, line, mac)
    outbox.leave(
        tx,
        actor.org_id,
        "audit_head",
        {"org": actor.org_id, "sequence": line.sequence, "mac": mac.hex(), "key": line.key_id, "at": tx.now.isoformat()},
    )
    return changes
