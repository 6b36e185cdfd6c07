"""Who am I."""

from fastapi import APIRouter

from gatebridge.rules.permissions import Permission
from gatebridge.web.api.desk import AtDesk
from gatebridge.web.api.shapes import Id, Shown

router = APIRouter(tags=["Me"])


class MeShown(Shown):
    """For whom the token of the request acts, and what it may do."""

    user_id: Id | None
    name: str
    app_id: Id | None
    org_id: Id
    org: str
    issuer: str
    permissions: list[Permission]
    address: str


@router.get("/me", summary="Ask who I am")
def get_me(desk: AtDesk) -> MeShown:
    """The user of the token, the app it was given to, the org, and the permissions in force at this moment. Needs nothing but a token."""
    with desk.reading() as visit:
        actor = visit.actor
        return MeShown(
            user_id=actor.user_id,
            name=actor.name,
            app_id=actor.app_id,
            org_id=actor.org_id,
            org=visit.org.name,
            issuer=visit.org.issuer,
            permissions=[permission for permission in Permission if permission in actor.permissions],
            address=actor.address,
        )
