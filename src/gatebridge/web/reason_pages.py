"""The help pages: one for each reason, where `error_uri` leads, and their index."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import REASONS, Reason, strangers
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.redirected import REDIRECTED
from gatebridge.web import pages, refusal

PAGES = pages.HERE / "help" / "reasons"
ZONES = {1: "Who calls", 5: "How it asks", 9: "Whom it acts for", 13: "On what terms"}
CACHED = {"Cache-Control": "public, max-age=300"}


@dataclass(frozen=True, slots=True)
class Group:
    """The reasons of one gate, or those that stand before every gate, for the index."""

    title: str
    number: int | None
    reasons: tuple[Reason, ...]


@cache
def _text_of(code: str) -> Markup:
    """The page of a reason as HTML. The Markdown is our own; raw HTML in it would be shown as text all the same."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    lines = (PAGES / f"{code}.md").read_text("utf-8").splitlines()
    # The heading stands in the page's head, beside what else is known of the reason.
    text = renderer.render("\n".join(lines[1:] if lines[:1] and lines[0].startswith("# ") else lines))
    return Markup(text)  # noqa: S704 - our own words, rendered without raw HTML


@cache
def title_of(code: str) -> str:
    """The heading of a reason's page: the reason in a few words. The code itself where a newer version knows more reasons."""
    if code not in REASONS and code not in strangers.SHARED:
        return code
    first = (PAGES / f"{code}.md").read_text("utf-8").split("\n", 1)[0]
    return first.removeprefix("# ").strip()


@cache
def groups() -> tuple[Group, ...]:
    """Every reason, by gate in the order of the gates; those without a gate last."""
    by_gate = [Group(_name(gate), gate.number, _at(gate)) for gate in Gate]
    return (*(group for group in by_gate if group.reasons), Group("Before and beside the gates", None, _at(None)))


def _name(gate: Gate) -> str:
    return "PKCE" if gate is Gate.PKCE else gate.value.capitalize()


def _at(gate: Gate | None) -> tuple[Reason, ...]:
    return tuple(reason for reason in REASONS.values() if reason.gate is gate)


@cache
def shared_pages() -> Mapping[str, Reason]:
    """By its code, what each page tells that stands for several reasons at once, so that a stranger cannot tell one from another.

    The causes differ in what Salesforce's clients are told, so the page they share tells none of it.
    """
    return {code: replace(face, salesforce_error="", salesforce_text="") for code, face in strangers.SHARED.items()}


def _as_json(reason: Reason) -> dict[str, object]:
    return {
        "reason": reason.code,
        "gate": reason.gate,
        "error": reason.error,
        "status": reason.status,
        "sentence": reason.sentence,
        "hint": reason.hint,
        "remedy": reason.remedy,
    }


def _wants_json(request: Request) -> bool:
    accepted = Headers(scope=request.scope).get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def index(request: Request) -> Response:
    """All reasons."""
    if _wants_json(request):
        return JSONResponse({"items": [_as_json(reason) for reason in REASONS.values()]}, headers=CACHED | {"Vary": "Accept"})
    listed = [(group, [(reason, title_of(reason.code)) for reason in group.reasons]) for group in groups()]
    return pages.page("reasons.html", headers=CACHED | {"Vary": "Accept"}, groups=listed, count=len(REASONS))


def reason_page(request: Request) -> Response:
    """One reason. `?receipt=` may carry the id of a receipt, which is only repeated when it is one, so that no link can put words here."""
    code = request.path_params["code"]
    reason = REASONS.get(code) or shared_pages().get(code)
    if reason is None:
        return refusal.response(request_reasons.PATH_UNKNOWN, request.scope)
    if _wants_json(request):
        return JSONResponse(_as_json(reason), headers=CACHED | {"Vary": "Accept"})
    receipt = ids.parse(request.query_params.get("receipt", ""), Prefix.RECEIPT)
    return pages.page(
        "reason.html",
        headers={"Vary": "Accept"} | (CACHED if receipt is None else {}),
        reason=reason,
        title=title_of(reason.code),
        text=_text_of(reason.code),
        receipt=ids.long(receipt) if receipt is not None else None,
        redirected=reason.code in REDIRECTED,
        gates=[(gate, _name(gate)) for gate in Gate],
        gate_name=_name(reason.gate) if reason.gate else None,
        zones=ZONES,
    )


def home(request: Request) -> Response:
    """What this server is, for whoever opens its address in a browser."""
    return pages.page("home.html", issuer=request.scope["gatebridge.issuer"])


def routes() -> list[Route]:
    """The addresses of these pages."""
    return [Route("/", home), Route("/help/reasons/", index), Route("/help/reasons/{code}", reason_page)]
