"""One answer in the three forms that Salesforce's clients may ask for: JSON, XML, or the form that they themselves send.

Whoever answers writes one mapping and names its root: `OAuth` for a token, `user` for the identity document. Values may be texts, numbers,
truths, None, mappings and lists of all these; whatever they hold, the result is well-formed.

    encoded({"error": "invalid_grant"}, wanted(parameters.get("format"), accept), "OAuth")
"""

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlencode
from xml.sax.saxutils import escape


class Form(StrEnum):
    """What `format` may say."""

    JSON = "json"
    XML = "xml"
    URLENCODED = "urlencoded"


MEDIA = {
    Form.JSON: "application/json;charset=UTF-8",
    Form.XML: "application/xml;charset=UTF-8",
    Form.URLENCODED: "application/x-www-form-urlencoded;charset=UTF-8",
}

_TYPES = {
    "application/json": Form.JSON,
    "application/xml": Form.XML,
    "text/xml": Form.XML,
    "application/x-www-form-urlencoded": Form.URLENCODED,
    "application/*": Form.JSON,
    "*/*": Form.JSON,
}
_LONGEST_ACCEPT = 2_000

_NIL = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
# What XML 1.0 has no place for, not even escaped (its section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What may stand in a name, cut down to what needs no table: others are escaped as SQL/XML does it (ISO/IEC 9075-14), `_x0020_`.
_NOT_NAME = re.compile(r"[^A-Za-z0-9_.-]|_(?=x)")
_NOT_FIRST = re.compile(r"^[0-9.-]")

_encode = json.JSONEncoder(separators=(",", ":")).encode


def encoded(body: Mapping[str, object], form: Form, root: str) -> tuple[bytes, str]:
    """The body as bytes, and its content type. `root` is the name of the outermost element, which only XML has.

    In XML a list is an element for each of its values, and None is `xsi:nil`. As a form, what is nested has its path for a name
    (`photos.picture`), a list is a name that repeats, and None is empty.
    """
    if form is Form.XML:
        text = "".join(_element(root, body, _NIL))
        return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), MEDIA[form]
    if form is Form.URLENCODED:
        return urlencode(list(_pairs("", body)), errors="replace").encode("ascii"), MEDIA[form]
    return _encode(body).encode("ascii"), MEDIA[form]


def wanted(format_param: str | None, accept: str) -> Form:
    """The form that a request asks for. `format` beats `Accept`; what neither names, and what we do not have, is JSON.

    JSON is also what a wildcard means, and what wins where a client likes another form just as much.
    """
    named = format_param.strip().lower() if format_param is not None else ""
    if named in set(Form):
        return Form(named)
    liked: dict[Form, float] = {}
    exact: set[Form] = set()
    for media in accept[:_LONGEST_ACCEPT].split(","):
        name, *parameters = (part.strip().lower() for part in media.split(";"))
        form = _TYPES.get(name)
        if form is None:
            continue
        quality = _quality(parameters)
        if not name.endswith("*"):
            # What is said of the type itself counts more than what is said of all types (RFC 9110 section 12.5.1).
            liked[form] = max(quality, liked[form]) if form in exact else quality
            exact.add(form)
        elif form not in exact:
            liked[form] = max(quality, liked.get(form, 0.0))
    best = max(liked.values(), default=0.0)
    return next((form for form in Form if best > 0 and liked.get(form) == best), Form.JSON)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            # Not `float`: it reads "nan" and "inf" too.
            return min(float(value), 1.0) if re.fullmatch(r"[0-9]{0,3}(\.[0-9]{0,6})?", value) and value.strip(".") else 0.0
    return 1.0


def _element(name: str, value: object, attributes: str = "") -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _element(name, one, attributes)
        return
    tag = _name(name)
    if value is None:
        yield f'<{tag}{attributes} xsi:nil="true"/>'
        return
    yield f"<{tag}{attributes}>"
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _element(str(inner), one)
    else:
        yield escape(_NOT_XML.sub("\ufffd", _text(value)), {"\r": "&#13;"})
    yield f"</{tag}>"


def _name(text: str) -> str:
    escaped = _NOT_NAME.sub(_hex, text)
    return _NOT_FIRST.sub(_hex, escaped) or "_"


def _hex(found: re.Match[str]) -> str:
    return f"_x{ord(found.group()):04X}_"


def _pairs(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _pairs(f"{path}.{inner}" if path else str(inner), one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _pairs(path, one)
    else:
        yield path, "" if value is None else _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
