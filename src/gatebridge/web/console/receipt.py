"""A receipt as a page: how far one request came, what was sent beside what is registered, why it was refused and what to do."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from urllib.parse import urlencode

from starlette.routing import Route

from gatebridge.monitoring import receipts
from gatebridge.monitoring.receipts import Receipt
from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Compared
from gatebridge.storage import tokens
from gatebridge.web import explain, told
from gatebridge.web.console import app_revoke, login_history, places, register_callback, strip
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.moments import Moments
from gatebridge.web.house import House

PATH = f"{login_history.PLACE.path}/{{receipt_id}}"
# Beyond this, marking what differs letter by letter helps nobody; nor does it where both have little in common but single letters.
LONGEST_COMPARED = 512
LEAST_ALIKE = 0.5


ENDED = "The token that was given out with this is ended: nobody accepts it any more."


@dataclass(frozen=True, slots=True)
class Part:
    """A run of characters of one side: the same on both, too much here, or missing here."""

    text: str
    kind: str  # same, extra or missing


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was sent over what is registered, cut where they differ."""

    name: str
    sent: tuple[Part, ...] | None
    registered: tuple[Part, ...] | None
    difference: str


def routes(house: House) -> list[Route]:
    return [shows(house, login_history.PLACE, PATH, show)]


def show(visit: Visit) -> Shown:
    """The receipt, as far as the reader may see it."""
    receipt = receipts.by_id(visit.tx, visit.actor, visit.id_in_path("receipt_id", Prefix.RECEIPT))
    stations = [replace(each, words=visit.moments.read(each.words)) for each in strip.as_met(receipt.findings)]
    at = strip.stopped_at(receipt.findings)
    compared = at.compared if at is not None else ()
    values = {
        "receipt": receipt,
        "title": _title(receipt, stations),
        "line": login_history.line(visit, receipt),
        "gates": stations,
        "how_far": strip.sentence(stations) if stations else "",
        "comparisons": [compare(told_to(visit.moments, each)) for each in compared],
        "register": register_callback.offer(visit, receipt),
        "raw": _raw(receipt),
        "said": ENDED if receipt.outcome == "success" and _ended(visit, receipt.id) else "",
        "asked": sum(each.state != "unreached" for each in receipt.findings),
        "explain": explain.link_to(receipt.id, within=bool(receipt.app_id and receipt.findings)),
        "question": question(receipt) if places.named("explain-access").needs & visit.actor.permissions else "",
        "browser": told.browser(receipt.user_agent) if receipt.user_agent else "",
        "revoke": app_revoke.address_of_token(visit, receipt.id) if receipt.outcome == "success" else "",
    }
    return Shown("login_history/receipt.html", values, (*_way(receipt), ("Receipt", "")))


def _ended(visit: Visit, receipt_id: str) -> bool:
    """Whether the token that was given out with this receipt was ended by itself."""
    token = tokens.by_id(visit.tx, visit.org.id, receipt_id)
    return token is not None and token.ended_at is not None


def _way(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    """Where the reader came from: the history, or, for the owner of the app who may not read that, the app."""
    if not receipt.narrowed or not receipt.app_id:
        return ((login_history.PLACE.name, login_history.PLACE.path),)
    manager = places.named("apps")
    return (manager.name, manager.path), (receipt.app, f"{manager.path}/{ids.long(receipt.app_id)}")


def question(receipt: Receipt) -> str:
    """Explain access with what is known of this request filled in, so that one thing of it can be changed; empty without any gate."""
    if not receipt.app_id or not receipt.findings or receipt.flow not in {flow.value for flow in login_history.FLOWS}:
        return ""
    known = {
        "app": ids.long(receipt.app_id),
        "flow": receipt.flow,
        "user": ids.long(receipt.user_id) if receipt.user_id and receipt.flow != Flow.CLIENT_CREDENTIALS else "",
        "scopes": " ".join(receipt.scopes_asked or ()),
        "address": receipt.address or "",
        "callback": dict(receipt.request).get("redirect_uri", ""),
    }
    return f"{places.named('explain-access').path}?{urlencode({name: value for name, value in known.items() if value})}"


def _title(receipt: Receipt, stations: list[strip.Station]) -> str:
    if receipt.outcome != "refused":
        return "Let through" if receipt.findings else login_history.event_words(receipt.event)
    refusing = next((each.name for each in stations if each.state == "refused"), None)
    return f"Refused at {refusing}" if refusing is not None else "Refused"


def told_to(reader: Moments, compared: Compared) -> Compared:
    """The same, with the moments in it as its reader is told moments."""
    sent, registered = (reader.read(side) if side is not None else None for side in (compared.sent, compared.registered))
    return replace(compared, sent=sent, registered=registered)


def compare(compared: Compared) -> Comparison:
    """Both sides cut into what they share and what they do not. Where a side is nothing, or quite another, nothing is marked."""
    sent, registered = compared.sent, compared.registered
    if sent is None or registered is None or max(len(sent), len(registered)) > LONGEST_COMPARED:
        return _whole(compared)
    matched = SequenceMatcher(None, sent, registered, autojunk=False)
    if matched.ratio() < LEAST_ALIKE:
        return _whole(compared)
    cut = [(sent[a:b], registered[c:d], tag == "equal") for tag, a, b, c, d in matched.get_opcodes()]
    here = tuple(part for own, other, same in cut for part in _parts(own, other, same=same))
    there = tuple(part for other, own, same in cut for part in _parts(own, other, same=same))
    return Comparison(compared.name, here, there, compared.difference)


def _whole(compared: Compared) -> Comparison:
    sides = [(Part(side, "same"),) if side is not None else None for side in (compared.sent, compared.registered)]
    return Comparison(compared.name, sides[0], sides[1], compared.difference)


def _parts(own: str, other: str, *, same: bool) -> Iterator[Part]:
    """One stretch of a side, given the stretch of the other side that stands at the same place."""
    if own:
        yield Part(own, "same" if same else "extra")
    elif other:
        yield Part("", "missing")


def _raw(receipt: Receipt) -> str:
    """The findings as they are kept, for who wants to read no words."""
    findings = [{name: value for name, value in asdict(each).items() if value not in ((), None)} for each in receipt.findings]
    return json.dumps({"receipt": ids.long(receipt.id), "event": receipt.event, "outcome": receipt.outcome, "findings": findings}, indent=2)
