"""The steps of the new-app wizard: what each of them asks, and what its answers come to as commands of the verbs.

Nothing is kept between the steps but what travels in the form. A question is called as the field of the verb that it goes to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gatebridge.oauth import consent
from gatebridge.records.change import signed_in_lately
from gatebridge.rules import new_apps, typed_ranges
from gatebridge.rules.app_checks import found
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.client_guides import SF_CALLBACK, SF_SCOPES
from gatebridge.rules.new_app_kinds import KINDS
from gatebridge.rules.new_apps import Connected, KindOfApp
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.add_certificate import read_upload
from gatebridge.setup.create_app import CreateApp
from gatebridge.storage import apps, people
from gatebridge.web.console import app_access, called, forms, questions
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.questions import Option, Part, Question

REVIEWED_AFTER = timedelta(days=365)
SENT_TWICE_WITHIN = timedelta(minutes=10)
FORM = "step"  # the name by which a form says which step it is of


class Step(StrEnum):
    """One page of the wizard, in their order."""

    KIND = "kind"
    ABOUT = "about"
    REACH = "reach"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was answered so far. `fields` hold the answers of every step, by the names of the form."""

    kind: KindOfApp
    salesforce: bool
    fields: Mapping[str, str]

    def seen(self, step: Step) -> bool:
        """Whether this step was shown before, for this kind of app: what is not ticked then was unticked by somebody."""
        return self.fields.get(f"seen_{step}") == self.kind.kind


def draft_of(fields: Mapping[str, str]) -> Draft:
    """The answers that a form carries. Of a kind that nobody knows, the first one."""
    said = next((kind for kind in Connected if kind == fields.get("kind")), Connected.WEB_APP)
    return Draft(KINDS[said], forms.text(fields, "salesforce") == forms.YES, fields)


def step_of(fields: Mapping[str, str]) -> Step:
    """The step whose form it is."""
    return next((step for step in Step if step == fields.get(FORM)), Step.KIND)


def rules_apps(visit: Visit) -> bool:
    """Whether whoever fills it in also decides who may use the app."""
    return Permission.MANAGE_CONNECTED_APPS in visit.actor.permissions


def part_of(visit: Visit, draft: Draft, step: Step) -> Part:
    """What a step asks."""
    if step is Step.ABOUT:
        return _about(visit)
    made = {Step.REACH: _reach, Step.RULE: _rule}.get(step)
    return made(visit, draft.kind) if made is not None else Part("kind", "What are you connecting?", ())


_REVIEW = Question("day", "review_on", "Review on", "The day by which its owner looks at it again. Empty: no day.")


def _about(visit: Visit) -> Part:
    asked = [
        Question("line", "label", "Name", "What people see when the app asks them, and what stands in every record."),
        Question("line", "api_name", "API name", "What programs and configuration call it. Empty: it is made from the name.", mono=True),
        Question("text", "purpose", "Purpose", "What it is for, in a sentence that still helps in a year."),
        Question("line", "contact_email", "Contact e-mail", "Whom to write to about it.", above="Who answers for it"),
    ]
    if rules_apps(visit):
        words = "The username of who edits it, sees its receipts, and is told when something of it is refused or about to run out."
        asked.append(Question("line", "owner_id", "Owner", words, mono=True))
    asked.append(
        Question("line", "backup_owner_id", "Backup owner", "A username: who does when the owner is away. Empty: nobody.", mono=True)
    )
    means = (
        "Nothing is registered before the last step, and going back loses nothing.",
        "The API name never changes; the name and all else can.",
        "A name that looks like that of another app is flagged where users are asked.",
        "An app without an owner is an exposure. Two people are better than one.",
    )
    return Part("about", "Name and owner", (*asked, _REVIEW), means=means)


def _reach(visit: Visit, kind: KindOfApp) -> Part:
    asked = []
    if kind.comes_back:
        words = "Where the browser is sent back to, one on each line, in full: they are compared byte for byte."
        asked.append(Question("lines", "callbacks", "Callback URLs", words))
    if kind.public and kind.comes_back:
        words = "Then loopback callbacks with any port, and private schemes with a dot, are allowed beside https."
        asked.append(Question("yes", "native", "It is installed on a phone or a desktop", words))
    if kind.signs and may_register_keys(visit):
        words = "One X.509 certificate in PEM form, or one public JWK; never the private key. Empty: it is registered later."
        asked.append(Question("lines", "upload", "Certificate", words))
    usual, more = new_apps.offered(kind, visit.org.custom_scopes)
    words = "What it can ask for. Fewer are better: what nobody used stands among the exposures after some days."
    asked.append(Question("any", "scopes", "It may", words, _scope_options(visit, usual), mono=True))
    asked.append(Question("any", "more_scopes", "It may also", options=_scope_options(visit, more), mono=True))
    return Part("reach", heading_of_reach(kind), tuple(asked))


def heading_of_reach(kind: KindOfApp) -> str:
    """What the step that opens the app to the world is about, with this kind."""
    if kind.signs:
        return "Callbacks, key and scopes" if kind.comes_back else "Key and scopes"
    return "Callbacks and scopes" if kind.comes_back else "Scopes"


def _scope_options(visit: Visit, names: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(each.scope, each.sentence, each.scope, each.weight) for each in consent.rights(names, visit.org))


def _rule(visit: Visit, kind: KindOfApp) -> Part:
    if not rules_apps(visit):
        return Part("rule", "Look at it once more", ())
    words = "Everybody who holds it may use the app, and nobody else. You can assign more of them later."
    asked = [Question("line", "holder_id", "Who may use it", words)]
    if kind.acts_as_itself:
        words = "The username of whom it acts for: best a user of its own, who can do what the service does and no more."
        asked.append(Question("line", "run_as_user_id", "Run-as user", words, mono=True))
    if kind.has_an_address:
        words = "One on each line: an address, a network such as 192.0.2.0/24, or first-last; then what you call it. Empty: from anywhere."
        asked.append(Question("lines", "ip_ranges", "From where it calls", words))
    return Part("rule", "Who, and from where", tuple(asked))


def may_register_keys(visit: Visit) -> bool:
    """Whether a certificate is asked for at all; the verb asks for itself."""
    return Permission.ROTATE_CONSUMER_CREDENTIALS in visit.actor.permissions


def defaults(visit: Visit, draft: Draft, step: Step) -> dict[str, str]:
    """What stands in the form of a step before anybody has filled it in."""
    if step is Step.ABOUT:
        in_a_year = visit.tx.now.astimezone(visit.moments.zone).date() + REVIEWED_AFTER
        return {"contact_email": visit.user.email, "owner_id": visit.user.username, "review_on": in_a_year.isoformat()}
    if step is not Step.REACH:
        return {}
    wanted = {*draft.kind.ticked, *_of_salesforce(draft)}
    part = part_of(visit, draft, step)
    ticked = part.question("scopes").ticks(wanted) | part.question("more_scopes").ticks(wanted)
    callback = SF_CALLBACK if draft.salesforce and draft.kind.comes_back else ""
    return {name: text for name, text in ({"callbacks": callback} | ticked).items() if text and name in part.labels}


def _of_salesforce(draft: Draft) -> tuple[str, ...]:
    """What the Salesforce CLI asks for by name, where it can sign in by the flow of this kind."""
    return SF_SCOPES if draft.salesforce and draft.kind.comes_back and not draft.kind.signs else ()


def scopes_of(visit: Visit, draft: Draft) -> tuple[str, ...]:
    """The scopes that are ticked."""
    part = part_of(visit, draft, Step.REACH)
    return tuple(each for name in ("scopes", "more_scopes") for each in part.question(name).ticked(draft.fields))


def callbacks_of(draft: Draft) -> tuple[str, ...]:
    """The callback URLs that were entered."""
    return tuple(forms.lines(draft.fields, "callbacks")) if draft.kind.comes_back else ()


def native(draft: Draft) -> bool:
    """Whether it is installed where its user is."""
    return draft.kind.public and draft.kind.comes_back and forms.text(draft.fields, "native") == forms.YES


def command_of(visit: Visit, draft: Draft) -> CreateApp:
    """The app as it was answered so far. Raises Refused where a username is nobody's."""
    fields, kind = draft.fields, draft.kind
    chosen = scopes_of(visit, draft)
    label = forms.text(fields, "label")
    return CreateApp(
        label=label,
        api_name=forms.text(fields, "api_name") or new_apps.api_name_of(label),
        contact_email=forms.text(fields, "contact_email"),
        purpose=forms.text(fields, "purpose"),
        owner_id=_user_id(visit, fields, "owner_id") if rules_apps(visit) else None,
        backup_owner_id=_user_id(visit, fields, "backup_owner_id"),
        review_on=forms.text(fields, "review_on"),
        dialect=Dialect.SALESFORCE if draft.salesforce else Dialect.STANDARD,
        flows=kind.flows_with(chosen),
        scopes=chosen,
        callbacks=callbacks_of(draft),
        native=native(draft),
        auth_methods=kind.auth_methods,
    )


def run_as_of(visit: Visit, draft: Draft) -> str | None:
    """The user whom it acts for. Raises Refused where the username is nobody's."""
    asked = rules_apps(visit) and draft.kind.acts_as_itself
    return _user_id(visit, draft.fields, "run_as_user_id") if asked else None


def holder_of(visit: Visit, draft: Draft) -> str | None:
    """The profile or permission set whose holders may use it. Raises Refused where it is not there any more."""
    typed = forms.text(draft.fields, "holder_id") if rules_apps(visit) else ""
    return app_access.chosen(visit, typed) if typed else None


def made_already(visit: Visit, draft: Draft) -> App | None:
    """The app that these very answers made a moment ago, where their form was sent twice."""
    command = command_of(visit, draft)
    app = apps.by_api_name(visit.tx, visit.org.id, command.api_name)
    if app is None or app.deleted_at is not None or app.created_at < visit.tx.now - SENT_TWICE_WITHIN:
        return None
    said = (command.label, command.purpose, command.owner_id or visit.user.id)
    return app if (app.label, app.purpose, app.owner_id) == said else None


def ranges_of(visit: Visit, draft: Draft) -> tuple[TypedRange, ...]:
    """The ranges from which it calls, as they were typed."""
    asked = rules_apps(visit) and draft.kind.has_an_address
    return questions.ranges(draft.fields, "ip_ranges") if asked else ()


def problems(visit: Visit, draft: Draft, step: Step) -> list[FieldProblem]:
    """What the wizard asks of a step beside what the verbs do. Raises Refused for a certificate that cannot be registered."""
    if step is Step.ABOUT:
        label, api_name, purpose = (forms.text(draft.fields, name) for name in ("label", "api_name", "purpose"))
        return found(("api_name", new_apps.api_name_problem(label, api_name)), ("purpose", new_apps.purpose_problem(purpose)))
    if step is Step.REACH:
        _try_certificate(visit, draft)
        return found(("scopes", new_apps.scopes_problem(scopes_of(visit, draft))))
    holder_of(visit, draft)
    run_as_of(visit, draft)
    return typed_ranges.read("ip_ranges", ranges_of(visit, draft))[1]


def upload_of(visit: Visit, draft: Draft) -> str:
    """The certificate that was pasted; empty where none is asked for."""
    return forms.text(draft.fields, "upload") if draft.kind.signs and may_register_keys(visit) else ""


def _try_certificate(visit: Visit, draft: Draft) -> None:
    upload = upload_of(visit, draft)
    if not upload:
        return
    read_upload(visit.tx, upload)
    try:
        signed_in_lately(visit.tx, visit.actor)
    except Refused:
        # To prove it once more leads away from here, and from all that was typed.
        words = "You signed in too long ago to register a key here. Leave this empty, and register it among the credentials afterwards."
        raise forms.wrong("upload", words) from None


def _user_id(visit: Visit, fields: Mapping[str, str], name: str) -> str | None:
    typed = forms.text(fields, name)
    user_id = people.id_of_username(visit.tx, visit.org.id, typed) if typed else None
    if typed and user_id is None:
        raise forms.wrong(name, called.no_user(visit, typed))
    return user_id
