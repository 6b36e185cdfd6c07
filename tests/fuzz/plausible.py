"""What a body could mean: for each field by its name, what a person would type. Odd values alone fail the first check."""

import itertools
import zlib
from collections.abc import Mapping
from typing import Any

from tests.oauth.client_keys import client_key

_numbers = itertools.count(1)

WORDS: Mapping[str, Any] = {
    "label": "Fuzzed {}",
    "name": "Fuzzed {}",
    "api_name": "fuzzed_{}",
    "reason": "A drill, number {}.",
    "username": "fuzzed.{}@acme.example",
    "email": "fuzzed.{}@mail.example",
    "contact_email": "dev@acme.example",
    "external_id": "ext-{}",
    "host": "fuzzed{}.acme.example",
    "issuer": "https://fuzzed{}.acme.example",
    "admin_username": "ada.{}@fuzzed.example",
    "admin_email": "ada.{}@fuzzed.example",
    "password": "a mountain of quick sand {}",
    "first_name": "Ada",
    "last_name": "Example",
    "info_url": "https://acme.example/{}",
    "callbacks": ["https://portal.example/callback"],
    "scopes": ["openid", "api"],
    "flows": ["web_server"],
    "signing_algorithm": "ES256",
    "algorithm": "ES256",
    "audience": "",
    "assertion_audiences": [],
    "post_logout_redirect_uris": ["https://portal.example/bye"],
    "backchannel_logout_uri": "https://portal.example/logout",
    "custom_attributes": [{"name": "badge", "expression": "user.username"}],
    "scope_claims": [],
    "secret_days": 30,
    "id_token_minutes": 2,
    "permissions": ["api_enabled"],
    "login_ranges": [{"range": "127.0.0.0/8"}],
    "session_minutes": 60,
    "full_scope_reason": "A drill.",
    "certificate": client_key("ES256", 43).upload.decode(),
    "flow": "client_credentials",
}

IDS: Mapping[str, str] = {
    "owner_id": "user_id",
    "backup_owner_id": "user_id",
    "user_id": "user_id",
    "run_as_user_id": "user_id",
    "profile_id": "profile_id",
    "app_id": "app_id",
    "grant_id": "grant_id",
    "user": "user_id",
    "app": "app_id",
    "profile": "profile_id",
}


def plausible(given: Any, ids: Mapping[str, list[str]]) -> Any:
    """The same body or query with three in four of its known fields as somebody would fill them in."""
    if not isinstance(given, dict):
        return given
    number = next(_numbers)
    filled = dict(given)
    for name in given:
        if zlib.crc32(f"{number} {name}".encode()) % 4 == 0:
            continue
        known = ids.get(IDS.get(name, ""))
        if known:
            filled[name] = known[number % len(known)]
        elif name in WORDS:
            word = WORDS[name]
            filled[name] = word.replace("{}", str(number)) if isinstance(word, str) else word
    return filled
