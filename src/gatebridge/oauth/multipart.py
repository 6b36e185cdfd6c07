"""Parameters in a `multipart/form-data` body (RFC 7578), which some clients of Salesforce send to its token endpoint.

A form and nothing else: no nesting, no text around the parts, and no file but one where a page of ours asks for it. Whatever is written
in another way than clients write it is refused, so that nobody else can read something else in the same body. The size of the body is
bounded before it comes here.
"""

import re
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

MEDIA = "multipart/form-data"

_BOUNDARY = re.compile(r"""[ \t]*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'+_.-]{1,70}))[ \t]*""", re.IGNORECASE)
# A name and nothing beside it: a `filename` would make a file of it.
_NAME = re.compile(rb'form-data[ \t]*;[ \t]*name=(?:"([^"\\]{1,128})"|([0-9A-Za-z_.-]{1,128}))', re.IGNORECASE)
# As browsers write it. What the file is called is nobody's business, and what it is said to be is not believed.
_FILE = re.compile(rb'form-data; name="([^"\\]{1,128})"; filename="[^"\r\n\0]{0,255}"')
_OF_FILE = re.compile(rb"[0-9A-Za-z!#$&^_.+-]{1,64}/[0-9A-Za-z!#$&^_.+-]{1,64}")
# The last two are what libraries of Java say by themselves. They mean the same as UTF-8 as long as there is nothing but ASCII.
_TEXT = re.compile(rb"text/plain(?:[ \t]*;[ \t]*charset=\"?(utf-8|us-ascii|iso-8859-1)\"?)?", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,9}")
_AS_IT_IS = re.compile(rb"7bit|8bit|binary", re.IGNORECASE)
_HEADERS = {
    b"content-disposition": _NAME,
    b"content-type": _TEXT,
    b"content-length": _LENGTH,
    b"content-transfer-encoding": _AS_IT_IS,
}
_MOST_HEADERS = len(_HEADERS)


class _Unfit(Exception):  # noqa: N818 - what was found, on its way out of the parser
    """The body is read well, and says something that no parameter of ours says."""


@dataclass(slots=True)
class _Parts:
    """What the parser has told so far."""

    most: int
    file: bytes = b""  # the one field that may be a file
    found: list[tuple[bytes, bytes]] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    said: bytes = b""
    value: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def part_begins(self) -> None:
        if len(self.found) == self.most:
            raise _Unfit
        self.headers, self.value = {}, bytearray()

    def header_begins(self) -> None:
        self.name = self.said = b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.said += data[start:end]

    def header_ends(self) -> None:
        name, said = self.name.lower(), self.said.strip(b" \t")
        allowed = _HEADERS.get(name)
        if name in self.headers or allowed is None or not (allowed.fullmatch(said) or self._of_file(name, said)):
            raise _Unfit
        self.headers[name] = said

    def _of_file(self, name: bytes, said: bytes) -> bool:
        """Whether a header is of the one file that is taken. What names it comes before what it is."""
        if name == b"content-disposition":
            named = _FILE.fullmatch(said)
            return named is not None and bool(self.file) and named[1] == self.file
        return name == b"content-type" and self._file() is not None and _OF_FILE.fullmatch(said) is not None

    def _file(self) -> re.Match[bytes] | None:
        return _FILE.fullmatch(self.headers.get(b"content-disposition", b""))

    def data(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def part_ends(self) -> None:
        named = _NAME.fullmatch(self.headers.get(b"content-disposition", b""))
        if named is None and (file := self._file()) is not None:
            self.found.append((file[1], bytes(self.value)))
            return
        typed = _TEXT.fullmatch(self.headers.get(b"content-type", b""))
        said_otherwise = typed is not None and typed[1] is not None and typed[1].lower() != b"utf-8"
        if named is None or (said_otherwise and not self.value.isascii()):
            raise _Unfit
        self.found.append((named[1] or named[2], bytes(self.value)))

    def ends(self) -> None:
        self.ended = True


def pairs(media_parameters: str, body: bytes, most: int, file: str = "") -> list[tuple[bytes, bytes]] | None:
    """Names and values in the order of the parts, at most so many; None where the body is not written so.

    `media_parameters` is what follows `multipart/form-data;` in the content type. `file` is the one field that may be a file, whose value
    is all that there is in it.
    """
    named = _BOUNDARY.fullmatch(media_parameters)
    if named is None:
        return None
    mark = b"--" + (named[1] or named[2]).encode("ascii")
    if body in (mark + b"--", mark + b"--\r\n"):
        return []
    # The parser passes over what stands before the first part and behind the last one.
    last = b"\r\n" + mark + b"--"
    if not body.startswith(mark + b"\r\n") or not body.removesuffix(b"\r\n").endswith(last) or body.count(last) > 1:
        return None
    parts = _Parts(most, file.encode())
    parser = MultipartParser(
        mark[2:],
        {
            "on_part_begin": parts.part_begins,
            "on_header_begin": parts.header_begins,
            "on_header_field": parts.header_name,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_ends,
            "on_part_data": parts.data,
            "on_part_end": parts.part_ends,
            "on_end": parts.ends,
        },
        max_header_count=_MOST_HEADERS,
    )
    try:
        read = parser.write(body)
        parser.finalize()
    except (FormParserError, _Unfit):
        return None
    whole = parts.ended and read == len(body)
    # A line that begins like the boundary ends a part for one reader, and belongs to it for another.
    return parts.found if whole and not any(b"\r\n" + mark in value for _, value in parts.found) else None
