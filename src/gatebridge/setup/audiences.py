"""Who may stand for the API of an audience: an app without flows sees the tokens of everybody who calls it (decision 39)."""

from gatebridge.rules import resource
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import audiences
from gatebridge.storage.tx import Tx


def refuse_others(tx: Tx, actor: Actor, before: AppSettings | None, after: AppSettings) -> None:
    """Whoever manages apps says which API an audience is that apps of others have already. Raises Refused (`permission_missing`)."""
    audience = resource.becomes_api_of(before, after)
    if not audience or Permission.MANAGE_CONNECTED_APPS in actor.permissions:
        return
    if audiences.named_by_others(tx, actor.org_id, audience, actor.user_id):
        raise Refused(
            setup_reasons.PERMISSION_MISSING,
            detail=f"Apps of others have the audience {audience}, and an app without flows would see their tokens. "
            "Whoever holds Manage Connected Apps can save this.",
            facts={"permission": Permission.MANAGE_CONNECTED_APPS, "audience": audience},
        )
