"""QR codes as parts of a page: plain SVG elements, without a style or a script, so that the page's policy need not give way."""

import segno
from markupsafe import Markup


def svg(text: str) -> Markup:
    """The QR code of a text. Dark on light in either theme, with its quiet zone, because cameras want it so (ISO/IEC 18004)."""
    made = segno.make(text, error="m", micro=False)
    return Markup(made.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None))  # noqa: S704 - our own
