"""Callback URLs: what may be registered, and whether the one that was sent is registered, byte for byte.

No library's URL parser judges here: parsers disagree with each other and with browsers, and every disagreement has been an attack.
What may be registered is a small grammar of our own. What is sent is compared as a string (RFC 9700 section 4.1.3), with one exception
for native apps on loopback (RFC 8252 section 7.3). URLs are taken apart a second time only to explain a mismatch.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import takewhile

from gatebridge.rules.network import parse_address

LONGEST_TOTAL = 2_000
LONGEST_SHOWN = 512
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")

# What our own answer appends: a registered parameter of the same name would reach the app beside it, and the app might read that one.
ANSWER_PARAMETERS = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"}
    | {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
)

_NOT_A_URL_CHARACTER = re.compile(r"[^0-9A-Za-z\-._~:/?#\[\]@!$&'()*+,;=%]")
_SCHEME = re.compile(r"([A-Za-z][0-9A-Za-z+.-]*):(.*)")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+")
_AUTHORITY = re.compile(r"//([^/?#]*)(.*)")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_ANY_SCHEME = re.compile(r"([^:/]+):")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)")

_NOWHERE = (
    (re.compile(r"#"), "A callback URL has no fragment: leave out the # and what follows it."),
    (re.compile(r"\*"), "There are no wildcards: register each callback URL in full, without *."),
    (re.compile(r"%(?![0-9A-Fa-f]{2})"), "A % must be followed by two hexadecimal digits."),
    (re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])"), "A control character is not allowed, also not percent-encoded."),
    (re.compile(r"%23"), "A # is not allowed, also not percent-encoded."),
    (re.compile(r"%25[0-9A-Fa-f]{2}"), "Something is percent-encoded twice: write it once."),
)


def problems(uri: str, *, native: bool) -> tuple[str, ...]:
    """Why this cannot be registered as a callback URL, as sentences for the developer; empty when it can.

    Allowed are `https`, `http` on loopback, and on native apps a private scheme with a dot such as `com.example.app:/callback`.
    """
    strange = _NOT_A_URL_CHARACTER.search(uri)
    if strange:
        return (_strange_character(strange[0]),)
    found = [sentence for pattern, sentence in _NOWHERE if pattern.search(uri)]
    if len(uri) > LONGEST_TOTAL:
        found.append(f"A callback URL has at most {LONGEST_TOTAL:,} characters.")
    return (*found, *_problems_of_parts(uri, native=native))


def total_problem(uris: Iterable[str]) -> str | None:
    """Why an app cannot have all of these callback URLs, as a sentence; None when it can."""
    total = sum(len(uri) for uri in uris)
    if total <= LONGEST_TOTAL:
        return None
    return f"The callback URLs of an app have at most {LONGEST_TOTAL:,} characters in all, not {total:,}."


_ORIGIN = re.compile(r"https://[^/?#]+")


def origin_of(callback: str) -> str | None:
    """The web origin of a registered https callback, as a browser sends it in `Origin`; None for loopback and private schemes."""
    found = _ORIGIN.match(callback)
    return found[0].removesuffix(":443") if found else None


def _strange_character(character: str) -> str:
    if character == " ":
        return "A blank is not allowed in a URL, and each URL stands by itself."
    if character.isascii():
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        return f"The character {shown} is not allowed in a URL."
    return "Write a URL in ASCII: the host in its xn-- form, other characters percent-encoded."


def _problems_of_parts(uri: str, *, native: bool) -> list[str]:
    spelled = _SCHEME.fullmatch(uri)
    # What a number follows is a host with its port, whose scheme was left out.
    if spelled is None or spelled[2][:1].isdigit():
        return ["Write the whole URL, beginning with its scheme: https://..."]
    scheme, rest = spelled[1].lower(), spelled[2]
    found = [] if scheme == spelled[1] else ["Write the scheme in lower case."]
    if scheme in ("http", "https"):
        return found + _problems_of_web_address(scheme, rest)
    if _PRIVATE_SCHEME.fullmatch(scheme) is None:
        allowed = "Use https, or http on loopback; a native app may also use a private scheme with a dot."
        return [*found, f"The scheme {scheme}: is not allowed. {allowed}"]
    if not native:
        found.append(f"The private scheme {scheme}: is for native apps only: mark the app as native, or use https.")
    return found + _problems_of_private_address(rest)


def _problems_of_web_address(scheme: str, rest: str) -> list[str]:
    split = _AUTHORITY.fullmatch(rest)
    if split is None:
        return [f"After {scheme}: come two slashes and the host."]
    authority, tail = split.groups()
    if "@" in authority:
        return ["A user name or password before the host is not allowed: leave out the @ and what stands before it."]
    parts = _HOST_AND_PORT.fullmatch(authority)
    if parts is None:
        return ["The host is not a name, an IPv4 address or an IPv6 address in brackets."]
    host, port = parts.groups()
    found = _problems_of_host(host)
    if not found and scheme == "http" and host not in LOOPBACK_HOSTS:
        found.append(f"http is for loopback only ({', '.join(LOOPBACK_HOSTS)}): use https.")
    if port is not None and not _is_port(port):
        found.append("A port is a number from 1 to 65535 without leading zeros; leave out the colon where there is none.")
    return found + _problems_of_tail(tail)


def _is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) <= 65_535


def _problems_of_host(host: str) -> list[str]:
    if host != host.lower():
        return ["Write the host in lower case."]
    if host.startswith("["):
        return [] if isinstance(parse_address(host[1:-1]), IPv6Address) else ["In the brackets must stand an IPv6 address."]
    labels = host.split(".")
    # Browsers read a host that ends in a number as an IPv4 address, in whatever base and length.
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        is_address = isinstance(parse_address(host), IPv4Address)
        return [] if is_address else ["A host that ends in a number must be an IPv4 address such as 192.0.2.1."]
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return ["The host is not a name, an IPv4 address or an IPv6 address in brackets."]
    return []


def _problems_of_private_address(rest: str) -> list[str]:
    if not rest.startswith("/"):
        return ["After a private scheme comes a slash, as in com.example.app:/callback."]
    split = _AUTHORITY.fullmatch(rest)
    authority, tail = split.groups() if split else ("", rest)
    found = _problems_of_tail(tail)
    if re.fullmatch(r"[a-z0-9.-]*", authority) is None:
        found.append("After the two slashes of a private scheme come only lower case letters, digits, dots and hyphens.")
    return found


def _problems_of_tail(tail: str) -> list[str]:
    path, _, query = tail.partition("#")[0].partition("?")
    found = []
    if "[" in tail or "]" in tail:
        found.append("Brackets are allowed around an IPv6 address only.")
    if re.search(r"%(?:2f|5c)", path, re.IGNORECASE):
        found.append("The path holds a percent-encoded slash or backslash.")
    segments = (re.split(r";|%3b", segment, maxsplit=1, flags=re.IGNORECASE)[0] for segment in path.split("/"))
    if any(_DOTS.fullmatch(segment) for segment in segments):
        found.append("The path holds a dot segment (. or ..): write the path that is meant.")
    taken = sorted(ANSWER_PARAMETERS.intersection(_parameter_names(query)))
    if taken:
        found.append(f"The query already has {', '.join(taken)}, which our own answer adds.")
    return found


def _parameter_names(query: str) -> Iterable[str]:
    """The names in a query as the most liberal of web frameworks would read them: decoded, in any case, parted by & or ;."""
    for parameter in re.split(r"[&;]", query):
        name = parameter.partition("=")[0].replace("+", " ")
        yield re.sub(r"%([0-9A-Fa-f]{2})", lambda encoded: chr(int(encoded[1], 16)), name).strip().lower()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """That a callback URL is not registered, and what tells it from the registered one that comes nearest.

    For the app's developer, never for a stranger: it quotes what is registered. Texts are ASCII of at most 512 characters.
    """

    nearest: str | None  # None: the app has no callback URL at all
    part: str  # scheme, user, host, port, path, query, fragment; `registration` when the registered one itself is at fault
    sent: str  # that part as it was sent
    registered: str  # that part as it is registered
    words: str


def match(sent: str, registered: Sequence[str], *, native: bool) -> str | Mismatch:
    """The proven redirect URI, exactly as it was sent, or the mismatch.

    It must equal a registered one; of a native app, a registered `http://127.0.0.1` or `http://[::1]` may be sent with any port, and
    with nothing else changed. `localhost` is a name that somebody else may answer to, so it keeps its port (RFC 8252 section 8.3).
    """
    proven = sent if sent in registered else _same_but_for_the_port(sent, registered) if native else None
    if proven is None:
        return _mismatch(sent, registered)
    # The last guard: nothing that could not be registered today is redirected to, however it came into the list.
    found = problems(sent, native=native)
    if found:
        return Mismatch(
            proven, "registration", shown(sent), shown(proven), f"This callback URL is registered but cannot be used. {found[0]}"
        )
    return sent


def _same_but_for_the_port(sent: str, registered: Sequence[str]) -> str | None:
    wanted = _LOOPBACK.fullmatch(sent)
    if wanted is None or not _is_port(wanted[2] or "80"):
        return None
    candidates = ((uri, _LOOPBACK.fullmatch(uri)) for uri in registered)
    return next((uri for uri, found in candidates if found and found.group(1, 3) == wanted.group(1, 3)), None)


def _mismatch(sent: str, registered: Sequence[str]) -> Mismatch:
    if not registered:
        return Mismatch(None, "registration", shown(sent), "", "The app has no callback URL: register the one that it uses.")
    sent_parts = _parts(sent)

    def likeness(uri: str) -> tuple[bool, int, int]:
        parts = _parts(uri)
        same = [part for part in sent_parts if parts[part] == sent_parts[part]]
        return "host" in same, len(same), len(list(takewhile(lambda pair: pair[0] == pair[1], zip(uri, sent, strict=False))))

    nearest = max(registered, key=likeness)
    nearest_parts = _parts(nearest)
    part = next(part for part in sent_parts if sent_parts[part] != nearest_parts[part])
    ours, theirs = sent_parts[part], nearest_parts[part]
    words = f"The {part} differs: {_quoted(ours)} was sent, {_quoted(theirs)} is registered."
    hint = _hint(part, ours or "", theirs or "", nearest_parts["host"])
    return Mismatch(nearest, part, shown(ours or ""), shown(theirs or ""), words + hint)


def _parts(uri: str) -> dict[str, str | None]:
    """Any text taken apart in the manner of RFC 3986 appendix B; None is a part that is not there, which is not an empty one.

    Nothing is decoded or dropped, so two texts have the same parts only when they are the same text.
    """
    before_fragment, fragment = _cut_at("#", uri)
    before_query, query = _cut_at("?", before_fragment)
    spelled = _ANY_SCHEME.match(before_query)
    scheme, rest = (spelled[1], before_query[spelled.end() :]) if spelled else (None, before_query)
    user = host = port = None
    path = rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
        before_host, at, host = authority.rpartition("@")
        user = before_host if at else None
        if ":" in host[host.rfind("]") + 1 :]:
            host, _, port = host.rpartition(":")
    return {"scheme": scheme, "user": user, "host": host, "port": port, "path": path, "query": query, "fragment": fragment}


def _cut_at(mark: str, text: str) -> tuple[str, str | None]:
    before, found, after = text.partition(mark)
    return before, after if found else None


def _hint(part: str, sent: str, registered: str, host: str | None) -> str:
    if part == "port" and host in LOOPBACK_HOSTS:
        return " Only a native app may use any port, and only on http://127.0.0.1 and http://[::1]."
    if part == "path" and sent.rstrip("/") == registered.rstrip("/"):
        return " It is the slash at the end."
    return " It is upper and lower case only, which matters." if sent != registered and sent.lower() == registered.lower() else ""


def _quoted(part: str | None) -> str:
    return "nothing" if part is None else f"“{shown(part)}”"


def shown(text: str) -> str:
    """At most 512 characters of a text in printable ASCII, which no reader can mistake for something else."""
    plain = (character if character.isprintable() else character.encode("unicode_escape").decode() for character in text[:LONGEST_SHOWN])
    return "".join(plain).encode("ascii", "backslashreplace").decode()[:LONGEST_SHOWN]
