"""One request to an OAuth endpoint, as the door took it off the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from gatebridge.oauth import multipart
from gatebridge.oauth.formats.encoded import Form
from gatebridge.rules.apps import Dialect
from gatebridge.rules.network import Address
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.reason import Reason

FORM = "application/x-www-form-urlencoded"

# RFC 6749 section 3.1 forbids repeated parameters; RFC 8707 section 2 repeats this one on purpose.
MAY_REPEAT = frozenset({"resource"})
MAX_PARAMETERS = 64

# What the endpoints for clients read in the body alone. An address stands in logs and histories on its whole way, and half of these
# are secrets; Salesforce takes them there, and we do not (RFC 6749 section 2.3.1, RFC 9700 section 4.3.2).
NEVER_IN_ADDRESS = frozenset(
    {"grant_type", "response_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope"}
    | {"code", "code_verifier", "device_code", "redirect_uri", "refresh_token", "assertion", "username", "password"}
    | {"token", "token_type_hint", "access_token", "oauth_token"}
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why the body could not be read as parameters, and which one is at fault where one is."""

    reason: Reason
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """What every endpoint decides on. Nothing of it is ever logged whole: `authorization` and `parameters` hold secrets."""

    host: str
    address: Address | None  # None where a trusted proxy sent something that is no address
    user_agent: str
    operation_id: str  # becomes the id of the receipt, and of the token
    parameters: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    malformed: Malformed | None = None
    origin: str | None = None  # of the page that a browser sends it from; None where it is no browser that asks
    query: Mapping[str, str] = field(default_factory=dict, repr=False)  # of the address, where an endpoint reads it at all
    form: Form = Form.JSON  # in which an app of the salesforce dialect gets its answer, where an endpoint lets it choose
    multipart: bool = False  # the body came as multipart/form-data, which apps of that dialect alone may send

    def unfit_for(self, dialect: Dialect) -> bool:
        """Whether its body is of a type that an app of this dialect may not send."""
        return self.multipart and dialect is not Dialect.SALESFORCE

    def form_in(self, dialect: Dialect) -> Form:
        """In which form an app of this dialect gets its answer."""
        return self.form if dialect is Dialect.SALESFORCE else Form.JSON


def read_form(content_type: str, content_encoding: str, body: bytes, most: int = MAX_PARAMETERS) -> Mapping[str, str] | Malformed:
    """The parameters of a form body. Empty ones count as absent, repeated ones are refused (RFC 6749 sections 3.1 and 3.2)."""
    media, _, rest = content_type.partition(";")
    if media.strip().lower() != FORM or not _utf8(rest):
        return Malformed(request_reasons.CONTENT_TYPE_WRONG)
    if content_encoding.strip().lower() not in ("", "identity"):
        return Malformed(request_reasons.BODY_COMPRESSED)
    return read_parameters(body, most)


def read_multipart(content_type: str, content_encoding: str, body: bytes) -> Mapping[str, str] | Malformed | None:
    """The parameters of a `multipart/form-data` body, by the same rules as those of a form; None where the body is of another type."""
    media, _, rest = content_type.partition(";")
    if media.strip().lower() != multipart.MEDIA:
        return None
    if content_encoding.strip().lower() not in ("", "identity"):
        return Malformed(request_reasons.BODY_COMPRESSED)
    pairs = multipart.pairs(rest, body, MAX_PARAMETERS)
    if pairs is None:
        return Malformed(request_reasons.BODY_MALFORMED)
    try:
        return _once((name.decode("utf-8"), value.decode("utf-8")) for name, value in pairs)
    except UnicodeDecodeError:
        return Malformed(request_reasons.BODY_NOT_UTF8)


def read_file(content_type: str, content_encoding: str, body: bytes, file: str) -> tuple[Mapping[str, str], bytes] | Malformed:
    """The parameters of a `multipart/form-data` body in which the field `file` is a file, and what is in it; nothing where none is sent."""
    media, _, rest = content_type.partition(";")
    if media.strip().lower() != multipart.MEDIA:
        return Malformed(request_reasons.CONTENT_TYPE_WRONG)
    if content_encoding.strip().lower() not in ("", "identity"):
        return Malformed(request_reasons.BODY_COMPRESSED)
    pairs = multipart.pairs(rest, body, MAX_PARAMETERS, file)
    files = [value for name, value in pairs or () if name == file.encode()]
    if pairs is None or len(files) > 1:
        return Malformed(request_reasons.BODY_MALFORMED)
    try:
        fields = _once((name.decode("utf-8"), value.decode("utf-8")) for name, value in pairs if name != file.encode())
    except UnicodeDecodeError:
        return Malformed(request_reasons.BODY_NOT_UTF8)
    return fields if isinstance(fields, Malformed) else (fields, files[0] if files else b"")


def read_parameters(encoded: bytes, most: int = MAX_PARAMETERS) -> Mapping[str, str] | Malformed:
    """The parameters of a form body or of the query of an address."""
    try:
        pairs = parse_qsl(encoded.decode("utf-8"), keep_blank_values=True, max_num_fields=most, errors="strict")
    except UnicodeDecodeError:
        return Malformed(request_reasons.BODY_NOT_UTF8)
    except ValueError:
        return Malformed(request_reasons.BODY_MALFORMED)
    return _once(pairs)


def in_address(query: bytes) -> Malformed | None:
    """What is wrong with the address of a request whose parameters stand in its body: that it holds one of them.

    Whatever else stands there is nobody's parameter, and is ignored as it would be in the body.
    """
    if not query:
        return None
    try:
        said = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return Malformed(request_reasons.BODY_MALFORMED)
    found = next((name for name, _ in said if name in NEVER_IN_ADDRESS), None)
    return Malformed(request_reasons.PARAMETER_IN_ADDRESS, found) if found is not None else None


def _once(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str] | Malformed:
    parameters: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen and name not in MAY_REPEAT:
            return Malformed(request_reasons.PARAMETER_REPEATED, name)
        seen.add(name)
        if "\0" in value:
            return Malformed(request_reasons.PARAMETER_MALFORMED, name)
        if value:
            parameters[name] = value
    return parameters


def _utf8(media_parameters: str) -> bool:
    name, _, value = media_parameters.strip().partition("=")
    return name.strip().lower() != "charset" or value.strip().strip('"').lower() in ("utf-8", "utf8")
