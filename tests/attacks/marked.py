"""Markup in every text that the admin API takes: whole where any text is taken, else in the part of the field that is free."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.attacks.described import Description, Operation
from tests.fuzz.administered import Administered
from tests.fuzz.plausible import IDS, WORDS

MOST_TRIES = 8
MOST_ADDRESSES = 6
SOON = (datetime.now(UTC) + timedelta(days=20)).isoformat()

# Fields that lead to a record or say a word of the system: whatever else is said there leads nowhere, and hides what becomes of the rest.
LEADS = frozenset(
    (
        *("app_id", "owner_id", "backup_owner_id", "profile_id", "run_as_user_id", "secret_id", "set_id", "app", "user"),
        *("consumer_key", "receipt_id", "certificate", "confirm", "exposure", "refresh_policies"),
    )
)
# Fields with a syntax of their own: what the free part of each is, at MARK.
_URL = "https://portal.example/MARK"
_RANGES = [{"range": "127.0.0.0/8", "label": "MARK"}]
SHAPES: Mapping[str, Any] = {
    **dict.fromkeys(("ip_ranges", "monitored_ranges", "trusted_ranges", "login_ranges"), _RANGES),
    "refresh_ranges": [{"range": "192.0.2.0/24", "label": "MARK"}],
    **dict.fromkeys(("info_url", "backchannel_logout_uri", "issuer"), _URL),
    **{name: [_URL] for name in ("callbacks", "post_logout_redirect_uris", "assertion_audiences")},
    **dict.fromkeys(("email", "contact_email", "username", "admin_email", "admin_username"), "MARK@mail.example"),
    "custom_scopes": [{"name": "refunds", "sentence": "MARK"}],
    "custom_attributes": [{"name": "badge", "expression": '"MARK"'}],
    "scope_claims": [{"scope": "openid", "claim": "team", "expression": '"MARK"'}],
}
# What an operation that may be refused for the lack of it is told as well.
SAY = frozenset(
    {"reason", "confirm", "set_id", "until", "emergency", "confirmed", "consumer_key", "refresh_policies", "refresh_exception_until"}
)
# What is said where no mark is taken, or where something has to be said.
PLAIN: Mapping[str, Any] = {
    **WORDS,
    "flow": "web_server",
    "exposure": "self_authorize",
    "ends_at": SOON,
    "expires_at": SOON,
    "until": SOON,
    "refresh_policies": ["until_revoked"],
    "refresh_exception_until": SOON,
    "emergency": True,
    "confirmed": True,
    "consumer_key": "PlatformCLI",
    "scopes": ["openid"],
    "custom_scopes": [],
    "timezone": "Europe/Berlin",
    "view": "/setup/audit",
}


@dataclass
class Marks:
    """The marks that were put somewhere, each with where that was, so that one that is found says which field it came through."""

    placed: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new(self, where: str) -> str:
        """A new mark. Whatever it is written into unescaped, be it text or an attribute in whatever quotes, it begins an attribute."""
        name = f"onm{next(self._numbers)}"
        self.placed[name] = where
        return f"'\"<b {name}=1>"


@dataclass
class Tried:
    """What became of the text fields of an operation: those in which a mark was taken, and those in which none was."""

    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    status: int = 0
    answer: str = ""


def mark_everything(office: Administered, marks: Marks) -> dict[str, Tried]:
    """Try a mark in every text field of every operation, and say by operation what became of it."""
    marking = Marking(office, Description(office.ask("GET", "/openapi.json").json()), marks)
    taking_text = (each for each in marking.description.operations() if set(marking.description.texts(each.schema)) - LEADS)
    return {each.id: marking.tried(each) for each in taking_text}


@dataclass(frozen=True)
class Marking:
    """The office that is marked."""

    office: Administered
    description: Description
    marks: Marks

    def tried(self, operation: Operation) -> Tried:
        """Send the operation with marks: to the last record of its kind that it can be done to."""
        found = Tried()
        for path in self._addresses(operation):
            found = self._tried_at(operation, path)
            if found.status < 300:
                break
        return found

    def _tried_at(self, operation: Operation, path: str) -> Tried:
        texts = [name for name in self.description.texts(operation.schema) if name not in LEADS]
        attempts = dict.fromkeys(texts, 0)  # 0: marks in the whole of it, 1: in its free part, 2: none
        tried = Tried()
        for _ in range(MOST_TRIES):
            body = self._body(operation, path, attempts)
            answer = self.office.ask(operation.method, path, json=body, headers=self.office.version_of(path))
            tried = Tried(status=answer.status_code, answer=answer.text)
            wrong = _wrong(answer.text) & {name for name in texts if attempts[name] < 2} if answer.status_code in (400, 422) else set()
            if not wrong:
                break
            attempts |= {name: 1 if attempts[name] == 0 and name in SHAPES else 2 for name in wrong}
        tried.refused = {name for name in texts if attempts[name] == 2}
        tried.taken = set(texts) - tried.refused if tried.status < 300 else set()
        return tried

    def _body(self, operation: Operation, path: str, attempts: Mapping[str, int]) -> dict[str, Any]:
        """The marks of this attempt, and beside them what the operation must be told."""
        properties = operation.schema["properties"]
        must = {*operation.schema.get("required", ()), *(SAY & set(properties))}
        said: dict[str, Any] = {}
        for name in properties:
            where = f"{operation.id}.{name}"
            if attempts.get(name, 2) == 0:
                said[name] = self.description.filled(properties[name], lambda where=where: self.marks.new(where))  # type: ignore[misc]
            elif attempts.get(name, 2) == 1:
                mark = json.dumps(self.marks.new(where).replace('"', "") if "expression" in str(SHAPES[name]) else self.marks.new(where))
                said[name] = json.loads(json.dumps(SHAPES[name]).replace("MARK", mark[1:-1]))
            elif name in must:
                said[name] = self._plain(path, name, properties[name])
        return said

    def _plain(self, path: str, name: str, schema: Mapping[str, Any]) -> Any:
        if name == "confirm":
            return self.office.ask("GET", path.rpartition("/")[0]).json().get("api_name")
        known = self.office.ids.get(IDS.get(name, name))
        if known:
            return known[0]
        word = PLAIN.get(name)
        if word is None:
            return self.description.filled(schema, lambda: "text")
        return word.replace("{}", str(len(self.marks.placed))) if isinstance(word, str) else word

    def _addresses(self, operation: Operation) -> list[str]:
        """The addresses of the operation at the last records of the kinds that it names."""
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        found = []
        for chosen in itertools.product(*(self.office.ids.get(name, [])[::-1] for name in names)):
            path = operation.path
            for name, value in zip(names, chosen, strict=True):
                path = path.replace(f"{{{name}}}", value)
            found.append(path)
        return found[:MOST_ADDRESSES]


def _wrong(problem: str) -> set[str]:
    """The fields of the body that an answer complains about."""
    return {str(each["field"]).partition(".")[0].partition("[")[0] for each in json.loads(problem).get("errors", ())}
