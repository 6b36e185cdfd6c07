"""The picture of an app. What is uploaded is never served: it is decoded, shrunk, and drawn anew as a PNG (X-XS-02)."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from gatebridge.records.change import check_version, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.storage import apps
from gatebridge.storage.tx import Tx

LARGEST_UPLOAD = 256 * 1024
LARGEST_SIDE = 1024
SHOWN_SIDE = 128

# What a picture of each kind ends with. A file that goes on after it is two files in one.
ENDINGS = {"PNG": b"\0\0\0\0IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "GIF": b";"}


@dataclass(frozen=True, slots=True)
class SetLogo:
    """A picture as PNG, JPEG or GIF, or None: no picture, and the app is shown by its initials."""

    app_id: str
    upload: bytes | None
    expected_version: int | None = None


def set_logo(tx: Tx, actor: Actor, command: SetLogo) -> bytes | None:
    """Keep a picture of at most 128 by 128 pixels, as PNG, and return it; None where it was removed. Raises Refused (`logo_refused`)."""
    app = app_rights.editable(tx, actor, command.app_id)
    check_version(app.version, command.expected_version)
    app_rights.refuse_deleted(app)
    before = apps.logo(tx, actor.org_id, app.id)
    after = redrawn(command.upload) if command.upload is not None else None
    if after == before:
        return after
    apps.set_logo(tx, actor.org_id, app.id, after)
    record_change(tx, actor, Event.APP_LOGO_SET, app_rights.target(app), {"logo": before}, {"logo": after})
    return after


def redrawn(upload: bytes) -> bytes:
    """The picture in an upload as a PNG of our own making, with nothing in it but pixels. Raises Refused (`logo_refused`)."""
    if len(upload) > LARGEST_UPLOAD:
        raise _refused(f"The file has {len(upload):,} bytes; it can have {LARGEST_UPLOAD:,}.")
    try:
        # Opening reads the head only: the size is judged before a single pixel takes memory.
        picture = Image.open(io.BytesIO(upload), formats=list(ENDINGS))
        _check(picture, upload)
        drawn = ImageOps.exif_transpose(picture).convert("RGBA")
        drawn.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        bare = Image.new("RGBA", drawn.size)
        bare.paste(drawn)
        made = io.BytesIO()
        bare.save(made, "PNG", optimize=True)
    except Refused:
        raise
    except Exception:  # a decoder raises whatever a broken picture makes it raise, and none of it is a fault of ours
        raise _refused("The file is no picture that can be read; save it as a plain PNG.") from None
    return made.getvalue()


def _check(picture: Image.Image, upload: bytes) -> None:
    width, height = picture.size
    if width > LARGEST_SIDE or height > LARGEST_SIDE:
        raise _refused(f"The picture has {width:,} by {height:,} pixels; it can have {LARGEST_SIDE:,} by {LARGEST_SIDE:,}.")
    if getattr(picture, "n_frames", 1) > 1:
        raise _refused("The picture is animated; save one frame of it as a plain PNG.")
    if not upload.endswith(ENDINGS[str(picture.format)]):
        raise _refused("The file goes on after the end of the picture; save it as a plain PNG.")


def _refused(problem: str) -> Refused:
    return Refused(setup_reasons.LOGO_REFUSED, detail=problem, fields=(FieldProblem("logo", problem),))
