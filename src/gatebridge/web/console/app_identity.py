"""Who an app is: what it is called, whom to ask about it and what it is for; and who answers for it."""

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import people
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_forms, app_tabs, called, forms
from gatebridge.web.console.app_forms import Sheet
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.questions import Option, Part, Question
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "overview"
IDENTITY = f"{app_tabs.PATH}/identity"
OWNER = f"{app_tabs.PATH}/owner"

WHO_IT_IS = Part(
    "identity",
    "Who it is",
    (
        Question("line", "label", "Label", "What people see when the app asks them."),
        Question("text", "purpose", "Purpose", "What it is for, in a sentence that still helps in a year."),
        Question("day", "review_on", "Review on", "The day by which its owner looks at it again. Empty: no day."),
        Question("text", "description", "Description"),
        Question("line", "contact_email", "Contact e-mail"),
        Question("line", "contact_phone", "Contact phone"),
        Question("line", "info_url", "Page about it", "https://…", mono=True),
        Question(
            "one",
            "dialect",
            "Dialect",
            options=(
                Option(Dialect.STANDARD, "Standard", "As the RFCs have it."),
                Option(Dialect.SALESFORCE, "Salesforce", "For clients that were written for Salesforce."),
            ),
        ),
    ),
    means=(
        "The API name and the consumer key never change: configuration and clients know the app by them.",
        "The dialect is frozen from the first grant on.",
        "A label that looks like that of another app is flagged where users are asked.",
    ),
)
OWNERS = Part(
    "owner",
    "Transfer",
    (
        Question("line", "owner_id", "Owner", "The username of who answers for it: an active user who may register apps.", mono=True),
        Question("line", "backup_owner_id", "Backup owner", "Who does when the owner is away. Empty: nobody.", mono=True),
        Question("text", "reason", "Why", "Goes into the audit trail. May stay empty."),
    ),
    lede="From then on the new owner edits the app, sees its receipts, and is told when it is refused, exposed or about to run out.",
    means=("Who gives an app away keeps nothing of it, but for the rights of whoever manages all apps.",),
    verb="Transfer it",
)


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [
        shows(house, place, IDENTITY, show_identity),
        acts(house, place, IDENTITY, save_identity, identity_again),
        shows(house, place, OWNER, show_owner),
        acts(house, place, OWNER, transfer, owner_again),
    ]


def show_identity(visit: Visit) -> Shown:
    sheet = _identity(visit)
    app_tabs.ask_to_edit(visit.actor, sheet.found)
    return app_forms.show(visit, sheet)


def save_identity(visit: Visit) -> Response:
    """Save it as it was typed."""
    sheet, fields = _identity(visit), visit.fields
    app_tabs.ask_to_edit(visit.actor, sheet.found)
    texts = {name: forms.text(fields, name) for name in WHO_IT_IS.labels if name != "dialect"}
    chosen = forms.text(fields, "dialect")
    if chosen not in {each.value for each in Dialect}:
        raise forms.wrong("dialect", "Choose one of these.")
    command = EditApp(app_id=sheet.found.app.id, expected_version=forms.version(fields), dialect=Dialect(chosen), **texts)
    edit_app(visit.tx, visit.actor, command)
    return RedirectResponse(f"{sheet.back}?said=saved", SEE_OTHER)


def identity_again(visit: Visit, refused: Refused) -> Shown | None:
    return app_forms.again(visit, _identity(visit), refused)


def show_owner(visit: Visit) -> Shown:
    sheet = _owners(visit)
    app_tabs.ask_to_edit(visit.actor, sheet.found)
    return app_forms.show(visit, sheet)


def transfer(visit: Visit) -> Response:
    """Give it to them. Whoever gives it away may not see it any more, and comes back to the list."""
    sheet, fields = _owners(visit), visit.fields
    app_tabs.ask_to_edit(visit.actor, sheet.found)  # before anything that was typed tells who is a user
    command = TransferOwnership(
        app_id=sheet.found.app.id,
        owner_id=_user_id(visit, "owner_id") or "",
        backup_owner_id=_user_id(visit, "backup_owner_id"),
        reason=forms.text(fields, "reason"),
        expected_version=forms.version(fields),
    )
    app = transfer_ownership(visit.tx, visit.actor, command)
    return RedirectResponse(f"{sheet.back}?said=transferred" if _sees(visit, app) else app_tabs.PLACE.path, SEE_OTHER)


def owner_again(visit: Visit, refused: Refused) -> Shown | None:
    return app_forms.again(visit, _owners(visit), refused)


def _identity(visit: Visit) -> Sheet:
    found = app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    values = {name: str(getattr(found.app, name)) for name in WHO_IT_IS.labels}
    back = app_tabs.address(found.app.id)
    return Sheet(found, TAB, WHO_IT_IS, values, found.app.version, f"{back}/identity", back)


def _owners(visit: Visit) -> Sheet:
    found = app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    owners = {"owner_id": found.app.owner_id, "backup_owner_id": found.app.backup_owner_id}
    users = {name: people.by_id(visit.tx, visit.org.id, user_id) if user_id else None for name, user_id in owners.items()}
    values = {name: user.username if user is not None else "" for name, user in users.items()} | {"reason": ""}
    back = app_tabs.address(found.app.id)
    return Sheet(found, TAB, OWNERS, values, found.app.version, f"{back}/owner", back)


def _user_id(visit: Visit, name: str) -> str | None:
    """The id of the user with the username that was typed; None where none was. Raises Refused where nobody is called so."""
    text = forms.text(visit.fields, name)
    if not text and name == "owner_id":
        raise forms.wrong(name, "Name who answers for it.")
    user_id = people.id_of_username(visit.tx, visit.org.id, text) if text else None
    if text and user_id is None:
        raise forms.wrong(name, called.no_user(visit, text))
    return user_id


def _sees(visit: Visit, app: App) -> bool:
    return bool(visit.actor.permissions & app_reading.SEES_ALL) or visit.user.id in (app.owner_id, app.backup_owner_id)
