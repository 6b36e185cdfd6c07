"""A user reports something odd: an app with a name that is almost right, a device that somebody wants connected, a page that looks false.

Nobody needs a right to report. It stands in the setup audit trail, and those who can stop the app get a mail.
"""

from dataclasses import dataclass

from gatebridge.records import outbox
from gatebridge.records.change import Target, record_change
from gatebridge.rules import lockouts
from gatebridge.rules.access_requests import LONGEST_WORDS
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_text import text_problem
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.my_apps import myself
from gatebridge.setup.request_mails import MOST_TOLD, quoted
from gatebridge.storage import limited_acts, listed_apps, orgs, people, right_holders
from gatebridge.storage.tx import Tx

MAIL = """Hello {name},

{user} ({username}) of {org} reports something odd{about}:

{words}

Reported from {address}{device}. It stands in the setup audit trail:

  {issuer}/setup/audit
{stop}
You get this mail because you manage the connected apps of {org}.
"""
STOP = """
If the app is not what it seems to be, stop it at once for everybody:

  gatebridge apps block {app_id} --reason WHY --url {issuer}
"""


@dataclass(frozen=True, slots=True)
class ReportOdd:
    """What a user saw, in words; they may be missing where a device was refused, which says enough.

    `app_id`: the app that asked, "" where none did. `device_address`: from where the device asked that was refused.
    """

    words: str
    app_id: str = ""
    device_address: str = ""


def report_odd(tx: Tx, actor: Actor, command: ReportOdd) -> None:
    """Raises Refused: words that say nothing, an app that nobody knows here, and more reports than anybody has within a quarter of an hour

    (`state_conflict`).
    """
    user, org = people.by_id(tx, actor.org_id, myself(actor)), orgs.by_id(tx, actor.org_id)
    if user is None or org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    listed = listed_apps.known(tx, org.id, command.app_id) if command.app_id else None
    if command.app_id and listed is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    words = command.words.strip()
    problem = _words_problem(words, may_be_empty=bool(command.device_address))
    if problem is not None:
        refuse_invalid([FieldProblem("words", problem)])
    if limited_acts.one_too_many(tx, actor.org_id, "reports", user.id, lockouts.REPORTS):
        detail = (
            f"You have reported {lockouts.REPORTS.most} things within a quarter of an hour, and your admins have them all. Wait a little."
        )
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)
    app = listed.app if listed is not None else None
    target = Target("app", app.id, app.label) if app is not None else Target("user", user.id, user.name)
    after = {"reported_by": user.name} | ({"device_address": command.device_address} if command.device_address else {})
    record_change(tx, actor, Event.ODD_THING_REPORTED, target, None, after, reason=words)
    said = {
        "user": user.name,
        "username": user.username,
        "org": org.name,
        "about": f" about the app {app.label}" if app is not None else "",
        "words": quoted(words),
        "address": actor.address or "an address that is not known",
        "device": f", about a device at {command.device_address}" if command.device_address else "",
        "issuer": org.issuer,
        "stop": STOP.format(app_id=long(app.id), issuer=org.issuer) if app is not None else "",
    }
    for person in right_holders.with_right(tx, org.id, Permission.MANAGE_CONNECTED_APPS, MOST_TOLD):
        if person.id != user.id:
            text = MAIL.format(name=person.name, **said)
            outbox.leave(tx, org.id, "mail", {"to": person.email, "subject": f"{user.name} reports something odd", "text": text})


def _words_problem(words: str, *, may_be_empty: bool) -> str | None:
    if not any(character.isalnum() for character in words):
        return None if may_be_empty and not words else "Say in a sentence what you have seen."
    return text_problem(words, LONGEST_WORDS)
