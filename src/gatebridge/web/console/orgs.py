"""Orgs: every org of the installation, and a new one. The first org alone sees them."""

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.oauth import discovery
from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_orgs import CreateOrg, create_org
from gatebridge.storage import orgs
from gatebridge.web.console import forms, listing, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("orgs")
NEW, PATH = f"{PLACE.path}/new", f"{PLACE.path}/{{org_id}}"
FILTERS = (Filter("q", "Find", placeholder="In name or host"),)
KINDS = (
    (OrgKind.PRODUCTION, "Production", "Where the real work is done."),
    (OrgKind.SANDBOX, "Sandbox", "To try out settings and apps before production gets them."),
    (OrgKind.DEVELOPER, "Developer", "For building apps that other orgs install."),
)
LABELS = {
    "name": "Name",
    "kind": "Kind",
    "host": "Host",
    "issuer": "Issuer",
    "admin_first_name": "First name",
    "admin_last_name": "Last name",
    "admin_username": "Username",
    "admin_email": "E-mail",
}
CREATED = "The org is made, and its admin has an invitation by mail."


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, make, again),
        shows(house, PLACE, PATH, show_one),
    ]


def show(visit: Visit) -> Shown:
    """The list, oldest first."""
    first = _let_in(visit)
    view = listing.read(visit.request, FILTERS, PLACE.path)
    listed = listing.page(
        view,
        lambda after, count: orgs.list_page(
            visit.tx, after=ids.parse(after, Prefix.ORG) if after else None, limit=count, search=view.value("q")
        ),
        lambda org: ids.long(org.id),
    )
    return Shown("orgs/list.html", {"listed": listed, "first": first, "kinds": _kinds()}, ((PLACE.name, ""),))


def show_one(visit: Visit) -> Shown:
    """One org: where it answers, and what is left to do so that it does."""
    first = _let_in(visit)
    found = orgs.by_id(visit.tx, visit.id_in_path("org_id", Prefix.ORG))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    values = {
        "found": found,
        "kind": _kinds()[found.kind],
        "first": first,
        "opens": places.open_to(visit.actor.permissions),
        "discovery": found.issuer + discovery.PATHS[1],
        "said": CREATED if visit.request.query_params.get("said") == "created" else "",
    }
    return Shown("orgs/one.html", values, ((PLACE.name, PLACE.path), (found.name, "")))


def show_new(visit: Visit) -> Shown:
    """The form for a new org and its first admin."""
    _let_in(visit)
    return _form(Form(LABELS, {"kind": OrgKind.SANDBOX}))


def make(visit: Visit) -> RedirectResponse:
    """Make it, and invite its admin."""
    _let_in(visit)  # before anything that was typed is told to be wrong
    said = {name: forms.text(visit.fields, name) for name in LABELS}
    kind = said.pop("kind")
    if kind not in tuple(OrgKind):
        raise forms.wrong("kind", "Choose one of these.")
    made = create_org(visit.tx, visit.actor, CreateOrg(kind=OrgKind(kind), **said)).org
    return RedirectResponse(f"{PLACE.path}/{ids.long(made.id)}?said=created", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(form) if form is not None else None


def _let_in(visit: Visit) -> Org:
    """The first org, to which who looks belongs and whose installation they administer. Raises Refused."""
    permit(visit.actor, Permission.MANAGE_INSTALLATION)
    first = orgs.first(visit.tx)
    if first is None or first.id != visit.org.id:
        raise Refused(setup_reasons.PERMISSION_MISSING, detail="Orgs are listed from the first org of the installation only.")
    return first


def _kinds() -> dict[OrgKind, str]:
    return {kind: words for kind, words, _ in KINDS}


def _form(form: Form) -> Shown:
    values = {"form": form, "here": NEW, "back": PLACE.path, "kinds": KINDS}
    return Shown("orgs/new.html", values, ((PLACE.name, PLACE.path), ("New org", "")), form.status)
