"""What changed: two versions of a record become lines that people can read, without any secret.

The lines are kept for ever under the audit chain, so every value is reduced to something that each database gives back unchanged.
"""

import json
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256

from gatebridge.rules.lifetimes import RefreshPolicy

# A field whose name holds one of these words holds a secret, however it is spelled: client_secret, newPassword, token_hashes.
SECRET_WORDS = frozenset({"secret", "password", "passphrase", "token", "hash", "private", "seed", "pem"})

# Unless the name ends in a word that tells something about the secret instead of the secret: access_token_minutes, secret_hint.
ABOUT_WORDS = frozenset(
    {"algorithm", "at", "count", "days", "format", "hint", "hours", "id", "ids", "kind", "limit", "method", "methods", "minutes"}
    | {"name", "policies", "policy", "seconds", "unit"}
)

LONGEST_TEXT = 512
WITHHELD = "(a secret, not kept)"

# The last guard: what is recognisably a private key or one of our own credentials is withheld under any name. Of those that begin with gb
# and a letter (`crypto.secrets`) the consumer key alone, gbk_, is for everybody to read.
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|gb[a-jl-z]_[0-9A-Za-z_]{16}|[0-9A-Za-z]{15}!A[QR][0-9A-Za-z._]{16}")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_PLAIN_TEXT = re.compile(r"[0-9A-Za-z._:/@+-]+")
_CHOICE = re.compile(r"[a-z]+(_[a-z]+)+")  # a member of one of our own enumerations
_SECRET_SENTENCES = {"set": "was set", "changed": "was changed", "removed": "was removed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. Values are of JSON types; None is a field that was not there.

    Of a secret field `before` is None and `after` is one of the words "set", "changed" and "removed".
    """

    field: str  # the fields of a part of the record are called part.field
    before: object
    after: object


def diff(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None, *, secret_fields: frozenset[str] = SECRET_WORDS
) -> tuple[Change, ...]:
    """What differs between two versions of a record, in the order of its fields. None: the record did not exist, or is gone.

    Values may be whatever a record holds; dataclasses and mappings are compared field by field, sets regardless of order. An absent value,
    an empty text and an empty list are the same. `secret_fields` are the words that make a field's name a secret's (`is_secret`).
    """
    old, new = dict(_leaves(before or {})), dict(_leaves(after or {}))
    changes = (_change(field, old.get(field), new.get(field), secret_fields) for field in old | new)
    return tuple(change for change in changes if change is not None)


def is_secret(field: str, words: frozenset[str] = SECRET_WORDS) -> bool:
    """Whether a field of this name holds a secret. Names that nobody thought of count as secret when they hold one of the words."""
    parts = _WORD.findall(field)
    if parts and parts[-1].lower() in ABOUT_WORDS:
        return False
    name = field.lower()
    found = {word for word in words if word in name}
    if found == {"pem"}:
        return "public" not in name and "certificate" not in name
    return bool(found)


def sentence(change: Change) -> str:
    """The change as one readable line, such as "Permitted users: self authorize became admin approved"."""
    label = _one_line(change.field.replace("_", " ").replace(".", ", "))
    label = label[:1].upper() + label[1:]
    before, after = change.before, change.after
    if before is None and isinstance(after, str) and after in _SECRET_SENTENCES and is_secret(change.field):
        return f"{label} {_SECRET_SENTENCES[after]}"
    if _empty(before):
        return f"{label}: set to {_words(after)}"
    if _empty(after):
        return f"{label}: {_words(before)} was removed"
    if before == after:
        return f"{label} was changed beyond what is kept of it: {_words(after)}"
    if isinstance(before, list) and isinstance(after, list):
        return f"{label}: {_list_words(before, after)}"
    return f"{label}: {_words(before)} became {_words(after)}"


def _leaves(record: Mapping[str, object], path: str = "") -> Iterable[tuple[str, object]]:
    for key, value in record.items():
        plain = _plain(value)
        if isinstance(plain, dict):
            yield from _leaves(plain, f"{path}{key}.")
        else:
            yield f"{path}{key}", plain


def _change(field: str, before: object, after: object, words: frozenset[str]) -> Change | None:
    if before == after or (_empty(before) and _empty(after)):
        return None
    if is_secret(field, words) and not isinstance(before, bool) and not isinstance(after, bool):
        return Change(field, None, "set" if _empty(before) else "removed" if _empty(after) else "changed")
    return Change(field, _kept(before, words), _kept(after, words))


def _empty(value: object) -> bool:
    return value is None or value == "" or value == []


def _plain(value: object) -> object:
    """The value in JSON types, whole. A number with a point becomes text, since databases do not all give it back as it was."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, RefreshPolicy):
        return str(value)  # as admins write it
    if isinstance(value, bytes):
        return f"{len(value):,} bytes with the SHA-256 {sha256(value).hexdigest()}"
    if isinstance(value, Mapping):
        return {_storable(str(key)): _plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, AbstractSet):
        return sorted((_plain(item) for item in value), key=_json)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _storable(str(value))


def _storable(text: str) -> str:
    # No database keeps a lone surrogate, and PostgreSQL keeps no NUL.
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _kept(value: object, words: frozenset[str]) -> object:
    """A plain value as the audit trail keeps it: secrets withheld at any depth, long text cut."""
    if isinstance(value, str):
        if _SECRET_VALUE.search(value):
            return WITHHELD
        return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, list):
        return [_kept(item, words) for item in value]
    if isinstance(value, dict):
        return {key: WITHHELD if is_secret(key, words) else _kept(item, words) for key, item in value.items()}
    return value


def _words(value: object) -> str:
    if _empty(value):
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return value.replace("_", " ") if _CHOICE.fullmatch(value) else _text(value)
    if isinstance(value, list):
        return ", ".join(_item(item) for item in value)
    return _json(value)


def _list_words(before: list[object], after: list[object]) -> str:
    added = [_item(item) for item in after if item not in before]
    removed = [_item(item) for item in before if item not in after]
    changes = ([f"added {', '.join(added)}"] if added else []) + ([f"removed {', '.join(removed)}"] if removed else [])
    return "; ".join(changes) or f"now in this order: {_words(after)}"


def _item(item: object) -> str:
    # Names in a list, such as scopes, are shown as they are spelled on the wire.
    return _text(item) if isinstance(item, str) else _json(item)


def _text(text: str) -> str:
    """Text of people: in quotation marks, unless it is one word."""
    return text if _PLAIN_TEXT.fullmatch(text) or text == WITHHELD else f"“{_one_line(text)}”"


def _json(value: object) -> str:
    return _one_line(json.dumps(value, sort_keys=True))


def _one_line(text: str) -> str:
    """The text with nothing in it that could break a line or turn its direction."""
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)
