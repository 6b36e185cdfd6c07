"""Cursors of lists: authenticated, and bound to the org, the user and the very list and filter they came from (X-HT-07)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping

from gatebridge.crypto.sealing import MasterKeys, derive
from gatebridge.rules.actors import Actor
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons

PURPOSE = "list cursor"
MAC_BYTES = 16
LONGEST = 512


def write(keys: MasterKeys, actor: Actor, listed: Mapping[str, object], position: str | int) -> str:
    """The cursor that continues after `position`. `listed` names the list and its filter."""
    text = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_mac(derive(keys.current, PURPOSE), actor, listed, text) + text).decode().rstrip("=")


def read(keys: MasterKeys, actor: Actor, listed: Mapping[str, object], cursor: str) -> str | int:
    """The position in a cursor. Raises Refused (`cursor_invalid`) for a forged one, and for that of another org, user, list or filter."""
    if len(cursor) > LONGEST:
        raise Refused(setup_reasons.CURSOR_INVALID)
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Refused(setup_reasons.CURSOR_INVALID) from None
    mac, text = raw[:MAC_BYTES], raw[MAC_BYTES:]
    # A cursor written before the master key was rotated still counts.
    if not any(hmac.compare_digest(mac, _mac(derive(key, PURPOSE), actor, listed, text)) for key in keys.all):
        raise Refused(setup_reasons.CURSOR_INVALID)
    position: str | int = json.loads(text)
    return position


def _mac(key: bytes, actor: Actor, listed: Mapping[str, object], text: bytes) -> bytes:
    bound = json.dumps([actor.org_id, actor.user_id, listed], sort_keys=True, default=str).encode()
    return hmac.new(key, bound + b"\0" + text, hashlib.sha256).digest()[:MAC_BYTES]
