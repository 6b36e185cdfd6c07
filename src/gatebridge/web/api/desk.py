"""The desk of the admin API: who asks, in which org, in one transaction that is read or written."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from gatebridge.crypto.strict_json import NotStrictJson, parse_object
from gatebridge.oauth import bearer
from gatebridge.rules import ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import idempotency, orgs
from gatebridge.storage.tx import Tx
from gatebridge.web import exercised
from gatebridge.web.house import House
from gatebridge.web.middleware import operation_id, proxy

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
ALREADY_SHOWN = "already shown"
SECRET_FIELDS = frozenset({"secret"})

_ETAG = re.compile(r'"(\d{1,9})"')


@dataclass(frozen=True, slots=True)
class Visit:
    """One authenticated request in its transaction."""

    tx: Tx
    actor: Actor
    org: Org


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to the admin API. Authenticates in the same transaction in which it acts, so that a right is in force when it is used."""

    house: House = field(repr=False)
    scope: dict[str, Any] = field(repr=False)
    host: str
    address: Address | None
    authorization: str = field(repr=False)
    user_agent: str
    body: bytes = field(repr=False)

    @contextmanager
    def reading(self) -> Iterator[Visit]:
        """Everything that is read inside is of one moment."""
        with self.house.database.snapshot() as tx:
            visit = self._visit(tx)
            yield visit
        exercised.note(self.house, visit.actor, bearer.SCOPE, visit.tx.now)

    @contextmanager
    def writing(self) -> Iterator[Visit]:
        """Everything inside happens, or nothing does."""
        with self.house.database.transaction() as tx:
            visit = self._visit(tx)
            yield visit
        exercised.note(self.house, visit.actor, bearer.SCOPE, visit.tx.now)

    def _visit(self, tx: Tx) -> Visit:
        org = orgs.by_host(tx, self.host)
        if org is None:
            raise Refused(request_reasons.HOST_UNKNOWN)
        actor = bearer.authenticate(
            tx,
            self.authorization,
            org=org,
            address=self.address,
            operation_id=operation_id.operation_id(self.scope),
            user_agent=self.user_agent,
        )
        self.scope["gatebridge.actor"] = actor
        return Visit(tx, actor, org)

    def create(self, make: Callable[[Visit], BaseModel], key: str | None, status: int = 201) -> Response:
        """Do something once, however often it is asked under one idempotency key. What is shown once is not in a repeated answer."""
        if key is None:
            with self.writing() as visit:
                made = make(visit)
            return JSONResponse(made.model_dump(mode="json"), status)
        if not IDEMPOTENCY_KEY.fullmatch(key):
            problem = FieldProblem("Idempotency-Key", "Use 1 to 128 printable ASCII characters without blanks.")
            raise Refused(setup_reasons.FIELD_INVALID, fields=(problem,))
        with self.writing() as visit:
            asked = self._digest()
            before = idempotency.claim(visit.tx, visit.org.id, visit.actor.id, key, asked)
            if before is not None:
                if before.request != asked:
                    raise Refused(setup_reasons.IDEMPOTENCY_KEY_REUSED)
                return JSONResponse(dict(before.answer), before.status, {"Idempotent-Replayed": "true"})
            answer = make(visit).model_dump(mode="json")
            idempotency.keep(visit.tx, visit.org.id, visit.actor.id, key, status, _withheld(answer))
        return JSONResponse(answer, status)

    def _digest(self) -> bytes:
        """What makes two requests the same one: method, path and the body's meaning, not its blanks."""
        meant = json.dumps(parse_object(self.body), sort_keys=True) if self.body else ""
        return hashlib.sha256(f"{self.scope['method']} {self.scope['path']}\n{meant}".encode()).digest()


def _withheld(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as it may be kept and repeated: without what is shown once."""
    shown_once = {name for name in SECRET_FIELDS & answer.keys() if answer[name] is not None}
    return {**answer} | dict.fromkeys(shown_once) | {f"{name}_note": ALREADY_SHOWN for name in shown_once}


async def _desk(request: Request) -> Desk:
    """Take a request in. Raises Refused for a token in two places, and for a body that two readers could read in two ways."""
    desk = await _upload_desk(request)
    _check_body(request, desk.body)
    return desk


async def _upload_desk(request: Request) -> Desk:
    """Take a request in whose body is a file: the verb alone judges what is in it. Raises Refused for a token in two places."""
    if "access_token" in request.query_params:
        raise Refused(bearer_reasons.BEARER_TWO_WAYS)
    authorizations = request.headers.getlist("authorization")
    if len(authorizations) > 1:
        raise Refused(bearer_reasons.BEARER_TWO_WAYS)
    if not authorizations:
        raise Refused(bearer_reasons.BEARER_MISSING)  # before the body is looked at: a stranger learns nothing about its fields
    if any("\0" in value for _, value in request.query_params.multi_items()):
        # No database of ours could look for it (of a body, the strict reader says so).
        raise Refused(request_reasons.PARAMETER_MALFORMED, detail="A parameter in the address holds a NUL character.")
    return Desk(
        house=request.app.state.house,
        scope=request.scope,  # type: ignore[arg-type]
        host=request.scope["gatebridge.host"],
        address=proxy.address(request.scope),
        authorization=authorizations[0],
        user_agent=request.headers.get("user-agent", "")[:512].replace("\0", ""),
        body=await request.body(),
    )


def _check_body(request: Request, body: bytes) -> None:
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused(request_reasons.BODY_COMPRESSED)
    if not body:
        return
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(request_reasons.CONTENT_TYPE_WRONG)
    try:
        parse_object(body)
    except NotStrictJson as error:
        raise Refused(request_reasons.BODY_MALFORMED, detail=f"The body cannot be read: {error}.") from None


def record_id(text: str, prefix: Prefix) -> str:
    """The id in a path, in either form. What is no id of this kind names no record, like the id of another org (X-AD-01)."""
    found = ids.parse(text, prefix)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def version_in(if_match: str | None) -> int:
    """The version that an edit was begun on, from If-Match. Raises Refused: 428 without one, 412 for what no record ever had (X-AD-09)."""
    if if_match is None:
        raise Refused(setup_reasons.VERSION_MISSING)
    matched = _ETAG.fullmatch(if_match.strip())
    if matched is None:
        raise Refused(setup_reasons.VERSION_STALE, detail='If-Match is not an ETag of a record, such as "3".')
    return int(matched[1])


def shown(body: BaseModel, version: int) -> Response:
    """A record with its version as ETag, to be sent back with an edit."""
    return JSONResponse(body.model_dump(mode="json"), headers={"ETag": f'"{version}"'})


AtDesk = Annotated[Desk, Depends(_desk)]
UploadAtDesk = Annotated[Desk, Depends(_upload_desk)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the record as it was read.")]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="Any name for this one attempt; the same name never does a thing twice.")
]
