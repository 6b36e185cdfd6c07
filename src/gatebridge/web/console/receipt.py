"""A receipt as a page: how far one request came, what was sent beside what is registered, why it was refused and what to do."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

from starlette.routing import Route

from gatebridge.monitoring import receipts
from gatebridge.monitoring.receipts import Receipt
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Compared
from gatebridge.web import explain, told
from gatebridge.web.console import app_revoke, login_history, strip
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

PATH = f"{login_history.PLACE.path}/{{receipt_id}}"
# Beyond this, marking what differs letter by letter helps nobody.
LONGEST_COMPARED = 512


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
    stations = strip.as_met(receipt.findings)
    at = strip.stopped_at(receipt.findings)
    compared = at.compared if at is not None else ()
    values = {
        "receipt": receipt,
        "title": _title(receipt, stations),
        "line": login_history.line(visit, receipt),
        "gates": stations,
        "how_far": strip.sentence(stations) if stations else "",
        "comparisons": [compare(each) for each in compared],
        "raw": _raw(receipt),
        "asked": sum(each.state != "unreached" for each in receipt.findings),
        "explain": explain.link_to(receipt.id, within=True),
        "told": told,
        "revoke": app_revoke.address_of_token(visit, receipt.id) if receipt.outcome == "success" else "",
    }
    return Shown("login_history/receipt.html", values, ((login_history.PLACE.name, login_history.PLACE.path), ("Receipt", "")))


def _title(receipt: Receipt, stations: list[strip.Station]) -> str:
    if receipt.outcome != "refused":
        return "Let through"
    refusing = next((each.name for each in stations if each.state == "refused"), None)
    return f"Refused at {refusing}" if refusing is not None else "Refused"


def compare(compared: Compared) -> Comparison:
    """Both sides cut into what they share and what they do not. Without a registered value there is nothing to mark."""
    sent, registered = compared.sent, compared.registered
    if sent is None or registered is None or max(len(sent), len(registered)) > LONGEST_COMPARED:
        whole = [(Part(side, "same"),) if side is not None else None for side in (sent, registered)]
        return Comparison(compared.name, whole[0], whole[1], compared.difference)
    matched = SequenceMatcher(None, sent, registered, autojunk=False)
    cut = [(sent[a:b], registered[c:d], tag == "equal") for tag, a, b, c, d in matched.get_opcodes()]
    here = tuple(part for own, other, same in cut for part in _parts(own, other, same=same))
    there = tuple(part for other, own, same in cut for part in _parts(own, other, same=same))
    return Comparison(compared.name, here, there, compared.difference)


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
