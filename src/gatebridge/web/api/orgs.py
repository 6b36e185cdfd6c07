"""Orgs: one's own, and from the first org all of the installation."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gatebridge.records.change import permit
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_orgs import CreateOrg, EditOrg, create_org, edit_org
from gatebridge.storage import orgs
from gatebridge.web.api import ranges
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, IfMatch, Visit, shown, version_in
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.ranges import GivenRange, RangeShown
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown, given, omitted

router = APIRouter(tags=["Orgs"])


class ScopeShown(Shown):
    """A scope that the org added to the catalogue, with the sentence that people read when they are asked for it."""

    name: str
    sentence: str


class GivenScope(Closed):
    """A scope of the org's own."""

    name: str = Field(examples=["ledger_read"])
    sentence: str = Field(examples=["Read your ledger"])


class OrgShown(Shown):
    """One org."""

    id: Id
    name: str
    kind: OrgKind
    host: str
    issuer: str
    created_at: Moment
    session_minutes: int | None
    trusted_ranges: list[RangeShown]
    trusted_ranges_only_waive: bool
    custom_scopes: list[ScopeShown]
    version: int


class NewOrg(Closed):
    """A new org and its first admin, who gets an invitation by mail."""

    name: str = Field(examples=["Acme Sandbox"])
    kind: OrgKind
    host: str = Field(
        examples=["sandbox.id.example.com"], description="What the Host header says, with a port that is not the scheme's own."
    )
    issuer: str = Field(examples=["https://sandbox.id.example.com"], description="Its address, without a slash at the end.")
    admin_username: str = Field(examples=["ada@example.com"])
    admin_email: str = Field(examples=["ada@example.com"])
    admin_first_name: str
    admin_last_name: str


class OrgEdit(Closed):
    """What is to be different; what is left out stays. A list replaces the whole list."""

    name: str = omitted()
    session_minutes: int | None = omitted()
    trusted_ranges: tuple[GivenRange, ...] = omitted()
    trusted_ranges_only_waive: bool = omitted()
    custom_scopes: tuple[GivenScope, ...] = omitted()


def _org(org: Org) -> OrgShown:
    settings = org.settings
    return OrgShown(
        id=org.id,
        name=org.name,
        kind=org.kind,
        host=org.host,
        issuer=org.issuer,
        created_at=org.created_at,
        session_minutes=settings.session_minutes,
        trusted_ranges=ranges.shown(settings.trusted_ranges),
        trusted_ranges_only_waive=settings.trusted_ranges_only_waive,
        custom_scopes=[ScopeShown(name=name, sentence=sentence) for name, sentence in settings.custom_scopes],
        version=org.version,
    )


@router.get("/org", summary="Read the org", response_model=OrgShown)
def get_org(desk: AtDesk) -> Response:
    """The org of this host. Needs *View Setup* or *Manage Security*."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.VIEW_SETUP, Permission.MANAGE_SECURITY)
        return shown(_org(visit.org), visit.org.version)


@router.patch("/org", summary="Edit the org", response_model=OrgShown)
def patch_org(desk: AtDesk, body: OrgEdit, if_match: IfMatch = None) -> Response:
    """Change name, session life, trusted ranges and custom scopes. Needs *Manage Security*."""
    fields = ranges.typed(given(body), "trusted_ranges")
    if isinstance(fields["custom_scopes"], tuple):
        fields["custom_scopes"] = tuple((scope.name, scope.sentence) for scope in fields["custom_scopes"])
    command = EditOrg(expected_version=version_in(if_match), **fields)
    with desk.writing() as visit:
        edited = edit_org(visit.tx, visit.actor, command)
        return shown(_org(edited), edited.version)


@router.get("/orgs", summary="List all orgs")
def list_orgs(
    desk: AtDesk,
    search: Annotated[str, Query(max_length=100, description="In name or host.")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[OrgShown]:
    """The orgs of the installation. Needs *Manage Installation*, in the first org."""
    with desk.reading() as visit:
        permit(visit.actor, Permission.MANAGE_INSTALLATION)
        first = orgs.first(visit.tx)
        if first is None or first.id != visit.org.id:
            raise Refused(setup_reasons.PERMISSION_MISSING, detail="Orgs are listed from the first org of the installation only.")
        return page_of(
            desk,
            visit,
            {"list": "orgs", "search": search},
            limit,
            cursor,
            lambda after, count: orgs.list_page(visit.tx, after=after, limit=count, search=search),
            lambda org: org.id,
            _org,
        )


@router.post("/orgs", summary="Create an org", status_code=201, response_model=OrgShown)
def post_org(desk: AtDesk, body: NewOrg, idempotency_key: IdempotencyKey = None) -> Response:
    """Make an org with its own host, issuer, keys and users. Needs *Manage Installation*, in the first org."""
    command = CreateOrg(**given(body))

    def make(visit: Visit) -> OrgShown:
        return _org(create_org(visit.tx, visit.actor, command).org)

    return desk.create(make, idempotency_key)
