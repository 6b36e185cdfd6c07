"""Logos: whatever is uploaded, what is kept is a small PNG of our own making (X-XS-02)."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.setup.stage import Stage

from gatebridge.rules.events import Event
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.set_logo import LARGEST_UPLOAD, SetLogo, redrawn, set_logo
from gatebridge.storage import apps

SCRIPT = b"<script>alert(document.domain)</script>"


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def picture(kind: str = "PNG", size: tuple[int, int] = (200, 100), **how: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (11, 107, 107)).save(made, kind, **how)
    return made.getvalue()


def animated() -> bytes:
    made = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 255)]
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    return made.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_says_it_has(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of this size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def with_text() -> bytes:
    info = PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    return picture(pnginfo=info)


def opened(png: bytes) -> Image.Image:
    shown = Image.open(io.BytesIO(png), formats=["PNG"])
    shown.load()
    return shown


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_a_picture_becomes_a_png_of_at_most_128_pixels(kind: str) -> None:
    assert opened(redrawn(picture(kind))).size == (128, 64)


def test_a_small_picture_is_not_blown_up() -> None:
    assert opened(redrawn(picture(size=(16, 9)))).size == (16, 9)


def test_the_largest_picture_is_1024_pixels_a_side() -> None:
    assert opened(redrawn(picture(size=(1024, 1024)))).size == (128, 128)


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(with_text(), id="a comment in a PNG"),
        pytest.param(picture("JPEG", comment=SCRIPT), id="a comment in a JPEG"),
        pytest.param(picture("GIF", comment=SCRIPT), id="a comment in a GIF"),
    ],
)
def test_X_XS_02_nothing_but_pixels_survives(upload: bytes) -> None:
    assert SCRIPT in upload
    assert SCRIPT not in redrawn(upload)
    assert opened(redrawn(upload)).info == {}


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', id="SVG"),
        pytest.param(b"<!doctype html>" + SCRIPT, id="HTML that calls itself a picture"),
        pytest.param(picture() + SCRIPT, id="HTML after a PNG"),
        pytest.param(picture("JPEG") + SCRIPT, id="HTML after a JPEG"),
        pytest.param(picture("GIF") + SCRIPT, id="HTML after a GIF"),
        pytest.param(SCRIPT + picture(), id="HTML before a PNG"),
        pytest.param(picture("BMP"), id="a kind of picture that is not taken"),
        pytest.param(picture("WEBP"), id="another kind that is not taken"),
        pytest.param(picture()[:-40], id="half a picture"),
        pytest.param(b"", id="nothing"),
        pytest.param(animated(), id="an animation"),
        pytest.param(picture(size=(1025, 1)), id="one pixel too wide"),
        pytest.param(picture(size=(1, 1025)), id="one pixel too high"),
        pytest.param(png_that_says_it_has(30_000, 30_000), id="a bomb of 900 million pixels in 100 bytes"),
        pytest.param(png_that_says_it_has(12_000, 12_000), id="a smaller bomb, about which the decoder would only warn"),
        pytest.param(picture() + b"\0" * LARGEST_UPLOAD, id="more than 256 KiB"),
    ],
)
def test_X_XS_02_what_is_not_a_plain_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(Refused) as caught:
        redrawn(upload)
    assert caught.value.reason is reasons.LOGO_REFUSED
    assert [problem.field for problem in caught.value.fields] == ["logo"]


def test_a_logo_is_kept_shown_and_removed(stage: Stage, made: CreatedApp) -> None:
    kept = stage.do(set_logo, SetLogo(made.app.id, picture()), stage.dan)
    assert stage.read(lambda tx: apps.logo(tx, stage.org.id, made.app.id)) == kept
    with_logo = stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id))
    assert with_logo is not None
    assert (with_logo.has_logo, with_logo.version) == (True, 2)
    assert stage.do(set_logo, SetLogo(made.app.id, None), stage.dan) is None
    assert stage.read(lambda tx: apps.logo(tx, stage.org.id, made.app.id)) is None
    assert [line.event for line in stage.audit()[:2]] == [Event.APP_LOGO_SET] * 2


def test_a_refused_logo_leaves_the_old_one(stage: Stage, made: CreatedApp) -> None:
    kept = stage.do(set_logo, SetLogo(made.app.id, picture()), stage.dan)
    stage.refused(reasons.LOGO_REFUSED, set_logo, SetLogo(made.app.id, SCRIPT), stage.dan)
    assert stage.read(lambda tx: apps.logo(tx, stage.org.id, made.app.id)) == kept


def test_a_logo_is_set_by_who_may_edit_the_app_as_it_was_read(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.PERMISSION_MISSING, set_logo, SetLogo(made.app.id, picture()), stage.eve)
    stage.refused(reasons.RECORD_NOT_FOUND, set_logo, SetLogo(made.app.id, picture()), stage.otto)
    stage.refused(reasons.VERSION_STALE, set_logo, SetLogo(made.app.id, picture(), expected_version=2), stage.dan)
