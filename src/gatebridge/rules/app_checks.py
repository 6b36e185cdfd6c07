"""What may be saved of an app: its identity, its settings and its policies. Every problem is told at once, at the field that has it."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from gatebridge.rules import callbacks, lifetimes, scopes, signing_keys, typed_text
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App
from gatebridge.rules.reasons.reason import FieldProblem

MOST_LIVE_SECRETS = 2
MOST_LIVE_SECRETS_ON_REQUEST = 5
MOST_LIVE_CERTIFICATES = 4
RESTORABLE = timedelta(days=30)

LONGEST_PHONE = 40
LONGEST_URL = 2_000
LONGEST_AUDIENCE = 512
MOST_CALLBACKS = 100

BY_SECRET = frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST})

_PHONE = re.compile(r"[0-9+(). /x-]*")
_WEB_ADDRESS = re.compile(r"https?://[0-9A-Za-z\[][\x21-\x7e]*")
_AUDIENCE = re.compile(r"[\x21-\x7e]*")


def identity_problems(app: App) -> list[FieldProblem]:
    """What is wrong with the name, the contact and the texts of an app."""
    return _found(
        ("label", typed_text.line_problem(app.label)),
        ("api_name", typed_text.api_name_problem(app.api_name)),
        ("contact_email", typed_text.email_problem(app.contact_email)),
        ("contact_phone", _phone_problem(app.contact_phone)),
        ("info_url", _info_url_problem(app.info_url)),
        ("description", typed_text.text_problem(app.description)),
        ("purpose", typed_text.text_problem(app.purpose)),
        ("backup_owner_id", "This is the owner already; name a second person." if app.backup_owner_id == app.owner_id else None),
    )


def settings_problems(settings: AppSettings, custom: frozenset[str]) -> list[FieldProblem]:
    """What is wrong with the settings of an app; `custom` are the names of the owning org's custom scopes."""
    return [
        *_found(
            ("auth_methods", _auth_methods_problem(settings.auth_methods)),
            ("flows", _flows_problem(settings)),
            ("scopes", _scopes_problem(settings.scopes, custom)),
            ("full_scope_reason", _full_scope_problem(settings)),
            ("pkce_required", _pkce_problem(settings)),
            ("signing_algorithm", _algorithm_problem(settings.signing_algorithm)),
            ("audience", _audience_problem(settings.audience)),
            ("introspect_all_tokens", _introspect_problem(settings)),
        ),
        *_callback_problems(settings),
    ]


def policy_problems(policies: AppPolicies) -> list[FieldProblem]:
    """What is wrong with the policies of an app, as far as they alone tell."""
    opaque, jwt = policies.access_token_minutes, policies.jwt_access_token_minutes
    return _found(
        ("access_token_minutes", None if opaque is None else lifetimes.access_token_problem("opaque", opaque)),
        ("jwt_access_token_minutes", None if jwt is None else lifetimes.access_token_problem("jwt", jwt)),
    )


def takes_secrets(settings: AppSettings) -> bool:
    """Whether the app proves itself with a consumer secret."""
    return bool(settings.auth_methods & BY_SECRET)


def restorable(deleted_at: datetime, now: datetime) -> bool:
    """Whether an app that was deleted then can still be restored, which keeps its API name taken."""
    return now - deleted_at < RESTORABLE


def _found(*checked: tuple[str, str | None]) -> list[FieldProblem]:
    return [FieldProblem(field, problem) for field, problem in checked if problem is not None]


def _phone_problem(phone: str) -> str | None:
    if len(phone) <= LONGEST_PHONE and _PHONE.fullmatch(phone):
        return None
    return f"A phone number has at most {LONGEST_PHONE} characters: digits, blanks and + ( ) . / - x."


def _info_url_problem(url: str) -> str | None:
    # It is shown as a link, so nothing but a page may stand behind it: no javascript:, no data:.
    if not url or (len(url) <= LONGEST_URL and _WEB_ADDRESS.fullmatch(url)):
        return None
    return f"This is the address of a web page: https://..., in ASCII, at most {LONGEST_URL:,} characters."


def _auth_methods_problem(methods: frozenset[ClientAuthMethod]) -> str | None:
    if not methods:
        return "Choose how the app proves itself; none is a choice too, for a public app."
    if ClientAuthMethod.NONE in methods and len(methods) > 1:
        return "A public app proves nothing: none cannot stand beside another method."
    if ClientAuthMethod.PRIVATE_KEY_JWT in methods and len(methods) > 1:
        return "An app that signs assertions with its key accepts nothing weaker: private_key_jwt stands alone."
    return None


def _flows_problem(settings: AppSettings) -> str | None:
    if settings.public and Flow.CLIENT_CREDENTIALS in settings.flows:
        return "A public app cannot act as itself, since it keeps no secret (RFC 6749 section 4.4): leave out client_credentials."
    if settings.flows & {Flow.WEB_SERVER, Flow.USER_AGENT} and not settings.callbacks:
        return "A flow through the browser needs a callback URL to come back to."
    return None


def _scopes_problem(wanted: Iterable[str], custom: frozenset[str]) -> str | None:
    unknown = [name for name in wanted if name not in scopes.CATALOGUE and name not in custom]
    return f"There is no scope called {', '.join(unknown)[:200]} in this org." if unknown else None


def _full_scope_problem(settings: AppSettings) -> str | None:
    if "full" not in settings.scopes:
        return typed_text.text_problem(settings.full_scope_reason)
    problem = typed_text.reason_problem(settings.full_scope_reason)
    return f"The scope full gives everything away, so it needs a written reason. {problem}" if problem else None


def _pkce_problem(settings: AppSettings) -> str | None:
    if settings.public and not settings.pkce_required:
        return "A public app proves itself by PKCE alone, so PKCE cannot be waived for it."
    return None


def _algorithm_problem(algorithm: str) -> str | None:
    return None if algorithm in signing_keys.ALGORITHMS else f"Choose one of {', '.join(signing_keys.ALGORITHMS)}."


def _audience_problem(audience: str) -> str | None:
    if len(audience) <= LONGEST_AUDIENCE and _AUDIENCE.fullmatch(audience):
        return None
    return f"An audience has at most {LONGEST_AUDIENCE} printable ASCII characters without blanks, such as https://api.example.com."


def _introspect_problem(settings: AppSettings) -> str | None:
    if settings.public and settings.introspect_all_tokens:
        return "Who asks about everybody's tokens must prove who is asking, which a public app cannot."
    return None


def _callback_problems(settings: AppSettings) -> list[FieldProblem]:
    if len(settings.callbacks) > MOST_CALLBACKS:
        return [FieldProblem("callbacks", f"An app has at most {MOST_CALLBACKS} callback URLs.")]
    total = callbacks.total_problem(settings.callbacks)
    if total is not None:
        return [FieldProblem("callbacks", total)]
    found = []
    for place, uri in enumerate(settings.callbacks):
        problems = list(callbacks.problems(uri, native=settings.native))
        if uri in settings.callbacks[:place]:
            problems.append("This callback URL is in the list twice.")
        if problems:
            found.append(FieldProblem(f"callbacks.{place}", " ".join(problems)))
    return found
