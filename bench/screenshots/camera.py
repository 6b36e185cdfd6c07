"""Takes a page in every width and both themes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page

Theme = Literal["light", "dark"]
WIDTHS = (1440, 768, 360)
THEMES: tuple[Theme, ...] = ("light", "dark")
HEIGHT = 900


@dataclass(slots=True)
class Camera:
    """Where pictures go, and what it saw that no page may be: too wide, or broken."""

    into: Path
    widths: Sequence[int] = WIDTHS
    themes: Sequence[Theme] = THEMES
    taken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def take(self, page: Page, name: str) -> None:
        """All of this page, from its head to its foot, as `<width>-<theme>/<name>.png`."""
        for width in self.widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                self.wrong.append(f"{name} is wider than a window of {width} pixels: {page.url}")
            for theme in self.themes:
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                directory = self.into / f"{width}-{theme}"
                directory.mkdir(parents=True, exist_ok=True)
                _keep(page.screenshot(full_page=True), directory / f"{name}.png")
        self.taken.append(name)


def _keep(picture: bytes, path: Path) -> None:
    """A page has few colours; written so, a picture of it takes a third of the room, and a colour that stands in one letter alone stays."""
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
