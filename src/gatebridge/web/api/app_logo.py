"""The logo of an app: a picture that we have drawn anew, so that what is served is nothing but pixels (X-XS-02)."""

from fastapi import APIRouter
from starlette.responses import Response

from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.set_logo import SetLogo, set_logo
from gatebridge.storage import apps
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, IfMatch, UploadAtDesk, record_id, version_in

router = APIRouter(prefix="/apps/{app_id}/logo", tags=["Apps"])

PICTURE = {"content": {"image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}}}}
UPLOAD = {"requestBody": {"required": True, **PICTURE}}
HEADERS = {"Content-Disposition": 'inline; filename="logo.png"', "Content-Security-Policy": "default-src 'none'; sandbox"}


@router.get("", summary="Read a logo", response_class=Response, responses={200: PICTURE})
def get_logo(desk: AtDesk, app_id: str) -> Response:
    """The picture, as PNG. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app = app_reading.visible(visit.tx, visit.actor, record_id(app_id, Prefix.APP)).app
        picture = apps.logo(visit.tx, app.org_id, app.id)
        if picture is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return Response(picture, media_type="image/png", headers=HEADERS)


@router.put("", summary="Set a logo", status_code=204, openapi_extra=UPLOAD)
def put_logo(desk: UploadAtDesk, app_id: str, if_match: IfMatch = None) -> None:
    """Send the picture itself as the body: PNG, JPEG or GIF, at most 256 KiB. Needs *Register Connected Apps* and to be the owner, or
    *Manage Connected Apps*."""
    command = SetLogo(record_id(app_id, Prefix.APP), desk.body, version_in(if_match))
    with desk.writing() as visit:
        set_logo(visit.tx, visit.actor, command)


@router.delete("", summary="Remove a logo", status_code=204)
def delete_logo(desk: AtDesk, app_id: str, if_match: IfMatch = None) -> None:
    """Show the app by its initials. Needs *Register Connected Apps* and to be the owner, or *Manage Connected Apps*."""
    command = SetLogo(record_id(app_id, Prefix.APP), None, version_in(if_match))
    with desk.writing() as visit:
        set_logo(visit.tx, visit.actor, command)
