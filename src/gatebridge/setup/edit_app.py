"""Change what an app is called, whom to ask about it, what it is for, and how the server speaks to it."""

from dataclasses import asdict, dataclass, replace

from gatebridge.records.change import check_version, record_change
from gatebridge.rules import app_checks
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.storage import apps, grants
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class EditApp:
    """The API name is not here: configuration as code knows the app by it. Owners have a verb of their own (transfer_ownership)."""

    app_id: str
    label: str | Unchanged = UNCHANGED
    contact_email: str | Unchanged = UNCHANGED
    contact_phone: str | Unchanged = UNCHANGED
    info_url: str | Unchanged = UNCHANGED
    description: str | Unchanged = UNCHANGED
    purpose: str | Unchanged = UNCHANGED
    review_on: str | Unchanged = UNCHANGED
    dialect: Dialect | Unchanged = UNCHANGED
    expected_version: int | None = None


_FIELDS = ("label", "contact_email", "contact_phone", "info_url", "description", "purpose", "review_on", "dialect")


def edit_app(tx: Tx, actor: Actor, command: EditApp) -> App:
    """Save the identity of an app and return it as it now is. Raises Refused."""
    before = app_rights.editable(tx, actor, command.app_id)
    check_version(before.version, command.expected_version)
    app_rights.refuse_deleted(before)
    after = applied(before, command, *_FIELDS)
    if after == before:
        return before
    refuse_invalid(app_checks.identity_problems(after) + app_checks.review_problems(after, before, tx.now))
    if after.dialect is not before.dialect and grants.any_of_app(tx, before.id):
        detail = "Tokens were given in its present dialect, and its clients rely on it: the dialect is frozen from the first grant on."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)
    if after.dialect is not before.dialect:
        _refuse_what_only_the_other_knows(tx, actor, after)
    if not apps.update(tx, after):
        raise stale()
    record_change(tx, actor, Event.APP_EDITED, app_rights.target(after), asdict(before), asdict(after))
    return replace(after, version=after.version + 1)


def _refuse_what_only_the_other_knows(tx: Tx, actor: Actor, after: App) -> None:
    settings = apps.settings_of(tx, actor.org_id, after.id)
    problem = app_checks.assertion_audiences_problem(settings, after.dialect) if settings is not None else None
    if problem is not None:
        refuse_invalid([FieldProblem("dialect", f"Its settings name assertion audiences. {problem}")])
