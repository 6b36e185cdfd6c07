"""What may be saved of an app: its identity and its settings. Every problem is told at once, at the field that has it.

Its policies have a file of their own, `policy_checks`.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gatebridge.rules import attributes, callbacks, lookalikes, scopes, signing_keys, typed_text
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App, Dialect
from gatebridge.rules.reasons.reason import FieldProblem

MOST_LIVE_SECRETS = 2
MOST_LIVE_SECRETS_ON_REQUEST = 5
MOST_LIVE_CERTIFICATES = 4
RESTORABLE = timedelta(days=30)

LONGEST_PHONE = 40
LONGEST_URL = 2_000
LONGEST_AUDIENCE = 512
MOST_CALLBACKS = 100
MOST_ASSERTION_AUDIENCES = 10
MOST_LOGOUT_REDIRECTS = 100
MOST_ID_TOKEN_MINUTES = 720

GIVES_REFRESH_TOKENS = frozenset({Flow.WEB_SERVER, Flow.DEVICE})
BY_SECRET = frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST})

_PHONE = re.compile(r"[0-9+(). /x-]*")
_WEB_ADDRESS = re.compile(r"https?://[0-9A-Za-z\[][\x21-\x7e]*")
_AUDIENCE = re.compile(r"[\x21-\x7e]*")


def identity_problems(app: App) -> list[FieldProblem]:
    """What is wrong with the name, the contact and the texts of an app."""
    return found(
        ("label", typed_text.line_problem(app.label) or lookalikes.alphabets_problem(app.label)),
        ("api_name", typed_text.api_name_problem(app.api_name)),
        ("contact_email", typed_text.email_problem(app.contact_email)),
        ("contact_phone", _phone_problem(app.contact_phone)),
        ("info_url", _info_url_problem(app.info_url)),
        ("description", typed_text.text_problem(app.description)),
        ("purpose", typed_text.text_problem(app.purpose)),
        ("backup_owner_id", "This is the owner already; name a second person." if app.backup_owner_id == app.owner_id else None),
    )


def review_problems(app: App, before: App | None, now: datetime) -> list[FieldProblem]:
    """What is wrong with the day of the next review. One that was set in its time, and has passed since, stands in no other edit's way."""
    unchanged = before is not None and before.review_on == app.review_on
    return [] if unchanged else found(("review_on", typed_text.day_problem(app.review_on, now)))


def settings_problems(settings: AppSettings, custom: frozenset[str], dialect: Dialect) -> list[FieldProblem]:
    """What is wrong with the settings of an app that speaks this dialect; `custom` are the names of the owning org's custom scopes."""
    return [
        *found(
            ("auth_methods", _auth_methods_problem(settings.auth_methods)),
            ("flows", _flows_problem(settings)),
            ("scopes", _scopes_problem(settings.scopes, custom)),
            ("full_scope_reason", _full_scope_problem(settings)),
            ("pkce_required", _pkce_problem(settings)),
            ("signing_algorithm", _algorithm_problem(settings.signing_algorithm)),
            ("audience", _audience_problem(settings.audience)),
            ("introspect_all_tokens", _introspect_problem(settings)),
            ("require_secret_for_web_server", _secret_problem(settings, settings.require_secret_for_web_server)),
            ("require_secret_for_refresh", _secret_problem(settings, settings.require_secret_for_refresh)),
            ("id_token_minutes", _id_token_problem(settings.id_token_minutes)),
            ("assertion_audiences", assertion_audiences_problem(settings, dialect)),
            ("backchannel_logout_uri", _backchannel_problem(settings.backchannel_logout_uri)),
        ),
        *_callback_problems(settings),
        *_logout_redirect_problems(settings),
        *attributes.attribute_problems(settings.custom_attributes),
    ]


def assertion_audiences_problem(settings: AppSettings, dialect: Dialect) -> str | None:
    """Why these audiences cannot stand beside the issuer in an assertion, as a sentence; None when they can."""
    audiences = settings.assertion_audiences
    if not audiences:
        return None
    if dialect is not Dialect.SALESFORCE:
        return "In the standard dialect an assertion names the issuer and nothing else (RFC 10070); leave this empty."
    if len(audiences) > MOST_ASSERTION_AUDIENCES or len(set(audiences)) < len(audiences):
        return f"These are at most {MOST_ASSERTION_AUDIENCES} audiences, each once."
    if "" in audiences:
        return "An empty text is no audience."
    return next((problem for problem in map(_audience_problem, audiences) if problem is not None), None)


def takes_secrets(settings: AppSettings) -> bool:
    """Whether the app proves itself with a consumer secret."""
    return bool(settings.auth_methods & BY_SECRET)


def restorable(deleted_at: datetime, now: datetime) -> bool:
    """Whether an app that was deleted then can still be restored, which keeps its API name taken."""
    return now - deleted_at < RESTORABLE


def found(*checked: tuple[str, str | None]) -> list[FieldProblem]:
    """The fields of a record that have a problem, each with its sentence."""
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
    if settings.public and Flow.JWT_BEARER in settings.flows:
        return "A public app keeps no key to sign assertions with (RFC 7523 section 3): leave out jwt_bearer, or let it prove itself."
    if settings.flows & {Flow.WEB_SERVER, Flow.USER_AGENT} and not settings.callbacks:
        return "A flow through the browser needs a callback URL to come back to."
    if Flow.REFRESH_TOKEN in settings.flows and not settings.flows & GIVES_REFRESH_TOKENS:
        return "Refresh tokens are given by web_server and device only: enable one of them, or leave out refresh_token."
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


def _secret_problem(settings: AppSettings, required: bool) -> str | None:
    if required:
        return None
    if settings.public:
        return "A public app never shows a secret, so there is none to waive; leave this on."
    if not settings.pkce_required:
        return "Without its secret only PKCE ties an app to its code and its tokens: require PKCE, or require the secret."
    return None


def _id_token_problem(minutes: int) -> str | None:
    return None if 1 <= minutes <= MOST_ID_TOKEN_MINUTES else f"An ID token lives 1 to {MOST_ID_TOKEN_MINUTES} minutes, not {minutes:,}."


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
    return _problems_of_each("callbacks", settings.callbacks, native=settings.native)


def _logout_redirect_problems(settings: AppSettings) -> list[FieldProblem]:
    """A browser is sent to these as to a callback URL, so the same grammar holds (LO-03); they are another list all the same."""
    uris = settings.post_logout_redirect_uris
    if len(uris) > MOST_LOGOUT_REDIRECTS:
        return [FieldProblem("post_logout_redirect_uris", f"An app has at most {MOST_LOGOUT_REDIRECTS} post-logout redirect URIs.")]
    total = sum(len(uri) for uri in uris)
    if total > callbacks.LONGEST_TOTAL:
        words = f"The post-logout redirect URIs of an app have at most {callbacks.LONGEST_TOTAL:,} characters in all, not {total:,}."
        return [FieldProblem("post_logout_redirect_uris", words)]
    return _problems_of_each("post_logout_redirect_uris", uris, native=settings.native, called="post-logout redirect URI")


def _backchannel_problem(uri: str) -> str | None:
    """What is saved here is what our server writes to. Where the name leads is judged each time it does (`outbound`)."""
    if not uri:
        return None
    found = callbacks.problems(uri, native=False)
    return " ".join(found).replace("callback URL", "back-channel logout URI") if found else None


def _problems_of_each(field: str, uris: Sequence[str], *, native: bool, called: str = "callback URL") -> list[FieldProblem]:
    found = []
    for place, uri in enumerate(uris):
        problems = list(callbacks.problems(uri, native=native))
        if uri in uris[:place]:
            problems.append("This callback URL is in the list twice.")
        if problems:
            found.append(FieldProblem(f"{field}.{place}", " ".join(problems).replace("callback URL", called)))
    return found
