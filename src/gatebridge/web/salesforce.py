"""The resource surface as routes: what Salesforce's clients call right after a sign-in, and the queries of their users.

Whatever goes wrong, the answer is a list of one error. A query leaves no line in the history; a token that is refused does.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth import data_door
from gatebridge.oauth.data_door import DATA, Guest
from gatebridge.oauth.formats.encoded import MEDIA, Form, encoded, wanted
from gatebridge.rules import api_versions
from gatebridge.rules.reasons import Reason, Refused, data, outage
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.salesforce import describe, errors, query, query_columns, sobject_records, versions
from gatebridge.storage import orgs
from gatebridge.storage.tx import Tx
from gatebridge.web import exercised, refusal
from gatebridge.web.api import declined
from gatebridge.web.house import House
from gatebridge.web.middleware import proxy
from gatebridge.web.middleware.operation_id import operation_id

LONGEST_AGENT = 512

# How many are read for at once, and how many may wait for it. A query may take seconds, and must not take the connections of the others.
AT_ONCE = 4
MOST_WAITING = 64

# The statuses of a refusal that has its line in the history: who may not, and who is nobody.
RECORDED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Visit:
    """One authenticated request below a version, in the transaction in which it is answered."""

    tx: Tx
    guest: Guest
    version: str
    request: Request

    def named(self, name: str) -> str:
        """A part of the address."""
        value: str = self.request.path_params[name]
        return value


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered, and what it is called where the form of the answer wants a name for it."""

    body: object
    root: str


Answer = Callable[[Visit], Told]


class Surface:
    """Admits and answers, a few requests at a time."""

    def __init__(self, house: House, at_once: int = AT_ONCE) -> None:
        self.house = house
        self.at_once = at_once
        self.limiter = CapacityLimiter(at_once)
        self.here = 0  # requests that are read for or wait; only the loop counts them

    async def versions(self, request: Request) -> Response:
        """The list with which clients begin; it needs no token, since it says nothing about anybody."""
        listed = versions.listed()
        return answered(request, listed if form_of(request) is Form.JSON else {"Version": listed}, "Versions")

    def below_version(self, answer: Answer) -> Callable[[Request], Any]:
        """An endpoint below a version, for a token that was let in."""

        async def endpoint(request: Request) -> Response:
            if self.here >= self.at_once + MOST_WAITING:
                return refusal.in_data(outage.SERVER_BUSY, request.scope)
            self.here += 1
            try:
                return await to_thread.run_sync(self._answer, answer, request, limiter=self.limiter)
            finally:
                self.here -= 1

        return endpoint

    def refusing(self, reason: Reason) -> Callable[[Request], Any]:
        """An endpoint at which there is nothing, for a token that was let in."""

        def refuse(_: Visit) -> Told:
            raise Refused(reason)

        return self.below_version(refuse)

    def _answer(self, answer: Answer, request: Request) -> Response:
        version = api_versions.known(request.path_params["version"])
        if version is None:
            return refusal.in_data(data.DATA_VERSION_UNKNOWN, request.scope)
        try:
            with self._reading(request, version) as visit:
                told = answer(visit)
        except Refused as refused:
            return self._refused(request, refused)
        return answered(request, told.body, told.root)

    @contextmanager
    def _reading(self, request: Request, version: str) -> Iterator[Visit]:
        """Everything that is read inside is of one moment, and so is the right to read it."""
        with self.house.database.snapshot() as tx:
            guest = self._admit(tx, request)
            yield Visit(tx, guest, version, request)
        exercised.note(self.house, guest.actor, DATA.scope, tx.now)

    def _admit(self, tx: Tx, request: Request) -> Guest:
        org = orgs.by_host(tx, request.scope["gatebridge.host"])
        if org is None:
            raise Refused(request_reasons.HOST_UNKNOWN)
        return data_door.admit(
            tx,
            request.headers.getlist("authorization"),
            frozenset(request.query_params),
            org=org,
            address=proxy.address(request.scope),
            operation_id=operation_id(request.scope),
            user_agent=request.headers.get("user-agent", "")[:LONGEST_AGENT].replace("\0", ""),
        )

    def _refused(self, request: Request, refused: Refused) -> Response:
        receipt = None
        if errors.told(refused).status in RECORDED:
            receipt = declined.write(self.house, dict(request.scope), refused, DATA.event)
        return refusal.in_data(refused.reason, request.scope, detail=refused.detail, receipt=receipt)


def form_of(request: Request) -> Form:
    """JSON, unless XML was asked for; nothing else makes sense of records."""
    return Form.XML if wanted(None, request.headers.get("accept", "")) is Form.XML else Form.JSON


def answered(request: Request, body: object, root: str) -> Response:
    """An answer as JSON, in lines for people where they ask for it, or as XML."""
    if isinstance(body, Mapping) and form_of(request) is Form.XML:
        content, media = encoded(body, Form.XML, root)
        return Response(content, media_type=media)
    pretty = request.headers.get("x-prettyprint") == "1"
    return Response(json.dumps(body, indent=2 if pretty else None, separators=None if pretty else (",", ":")), media_type=MEDIA[Form.JSON])


# --- What is answered ----------------------------------------------------------------------------------------------------


def resources(visit: Visit) -> Told:
    """What there is below a version."""
    return Told(versions.resources(visit.guest.org, visit.guest.user.id, visit.version), "urls")


def all_objects(visit: Visit) -> Told:
    """The objects of which the user may read anything."""
    return Told(describe.everything(query.readable(visit.guest.actor), visit.version), "DescribeGlobal")


def one_object(visit: Visit) -> Told:
    """One of them in short."""
    found = sobject_records.at(visit.guest.actor, visit.named("sobject"))
    return Told(describe.basic(found, visit.version), found.name)


def described(visit: Visit) -> Told:
    """One of them with its fields."""
    found = sobject_records.at(visit.guest.actor, visit.named("sobject"))
    return Told(describe.described(found, visit.version), found.name)


def record(visit: Visit) -> Told:
    """One record."""
    name, fields = visit.named("sobject"), visit.request.query_params.get("fields")
    found = sobject_records.one(visit.tx, visit.guest.actor, name, visit.named("id"), fields, visit.version)
    return Told(found, sobject_records.at(visit.guest.actor, name).name)


def queried(visit: Visit) -> Told:
    """The first page of a query; with `columns=true` what its columns are, and no record."""
    text = visit.request.query_params.get("q", "")
    if not text.strip():
        raise Refused(data.DATA_QUERY_MISSING)
    guest = visit.guest
    if visit.request.query_params.get("columns") == "true":
        return Told(query_columns.columns(*query.asked(visit.tx, guest.actor, guest.user.timezone, text)), "QueryColumnMetadata")
    found = query.run(visit.tx, guest.actor, guest.user.timezone, text, batch_size=batch_size(visit.request))
    return Told(sobject_records.page(found, visit.version), "QueryResult")


def queried_on(visit: Visit) -> Told:
    """A later page."""
    return Told(sobject_records.page(query.more(visit.tx, visit.guest.actor, visit.named("locator")), visit.version), "QueryResult")


_BATCH_SIZE = re.compile(r"\bbatchSize\s*=\s*([0-9]{1,6})\b", re.IGNORECASE)


def batch_size(request: Request) -> int:
    """How many records a page shall have, from `Sforce-Query-Options`; what is nothing of the kind asks for nothing."""
    matched = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
    return int(matched[1]) if matched is not None else query.LARGEST_BATCH


ANSWERS: Mapping[str, Answer] = {
    "": resources,
    "/sobjects": all_objects,
    "/sobjects/{sobject}": one_object,
    "/sobjects/{sobject}/describe": described,
    "/sobjects/{sobject}/{id}": record,
    # Deleted records are not kept, so both find the same.
    "/query": queried,
    "/queryAll": queried,
    "/query/{locator}": queried_on,
    "/queryAll/{locator}": queried_on,
}
# In the order in which they are looked at: the last takes whatever is left.
NOTHING_AT = {
    "/tooling": data.DATA_TOOLING_ABSENT,
    "/tooling/{rest:path}": data.DATA_TOOLING_ABSENT,
    "/{rest:path}": data.DATA_RESOURCE_UNKNOWN,
}


async def with_one_slash(request: Request) -> Response:
    """Where that is which was asked for with two slashes: `sf org login access-token` keeps the instance with a slash at its end.

    It is told and never answered here: whatever stands in front, and has rules about addresses, sees the one that is answered.
    """
    # What lies below names records, and is not for the log.
    request.scope.update(path=f"/{versions.PATH}", path_params={})
    raw: bytes = request.scope["raw_path"]
    if not raw.startswith(b"//"):  # another spelling of it, which nobody has by accident
        return refusal.in_data(data.DATA_RESOURCE_UNKNOWN, request.scope)
    address = raw[1:] + (b"?" + request.scope["query_string"] if request.scope["query_string"] else b"")
    return RedirectResponse(request.scope["gatebridge.issuer"] + address.decode("latin-1"), 308)


def routes(house: House) -> list[Route]:
    """Every address of the surface, each with and without a slash at its end, as clients write them."""
    surface = Surface(house)
    root = versions.PATH + "/{version}"
    endpoints: dict[str, Callable[[Request], Any]] = {versions.PATH: surface.versions}
    endpoints |= {root + path: surface.below_version(answer) for path, answer in ANSWERS.items()}
    endpoints |= {root + path: surface.refusing(reason) for path, reason in NOTHING_AT.items()}
    return [
        *(Route(path + slash, endpoint, methods=["GET"]) for path, endpoint in endpoints.items() for slash in ("", "/")),
        *(Route(f"/{versions.PATH}{rest}", with_one_slash, methods=["GET"]) for rest in ("", "/{rest:path}")),
    ]
