"""What apps may do in the name of a user."""

from fastapi import APIRouter

from gatebridge.rules.ids import Prefix
from gatebridge.setup.my_apps import apps_of_user
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.me import MyAppShown

router = APIRouter(tags=["Users"])


@router.get("/users/{user_id}/apps", summary="List the apps of a user")
def list_apps_of_user(desk: AtDesk, user_id: str) -> list[MyAppShown]:
    """The apps that may act for the user: what each may do, since when, and when and from where it was used last. One of them is ended
    with *Revoke a user of an app*. Needs *View OAuth Usage* or *Manage Users*."""
    with desk.reading() as visit:
        return [MyAppShown.model_validate(app) for app in apps_of_user(visit.tx, visit.actor, record_id(user_id, Prefix.USER))]
