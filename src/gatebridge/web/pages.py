"""The pages that anybody may read: HTML from Jinja2 templates, with everything escaped that is not a template's own."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.types import Scope

from gatebridge.rules import ids
from gatebridge.rules.reasons import Reason
from gatebridge.web import languages, told

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """The templates. A name that a page forgot to give is an error and not a gap."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.newstyle_gettext = True  # type: ignore[attr-defined]  # which the extension adds
    made.globals.update(_=languages.marked, gettext=languages.marked, ngettext=languages.counted, language=languages.tag)
    made.filters |= {"told": languages.told, "number": languages.number, "day": told.day, "breakable": told.breakable}
    return made


def page(template: str, status: int = 200, headers: dict[str, str] | None = None, **values: object) -> HTMLResponse:
    """One page. `values` are escaped by the template, unless it marks what our own renderer made."""
    return HTMLResponse(environment().get_template(template).render(values), status, headers)


def refusal(reason: Reason, scope: Scope, headers: dict[str, str]) -> HTMLResponse:
    """The page for a browser that was refused: what happened, what to do, and the id to ask about."""
    shown_id = ids.long(scope["gatebridge.operation_id"])
    return page("refusal.html", reason.status, headers, reason=reason, told=not reason.wire_sentence, operation_id=shown_id)
