"""What the settings of an app ask, in five forms. Questions that are judged together stand together."""

from collections.abc import Mapping

from gatebridge.oauth import consent
from gatebridge.rules import scopes
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.orgs import Org
from gatebridge.rules.scopes import CATALOGUE
from gatebridge.rules.signing_keys import ALGORITHMS
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.questions import Option, Part, Question

MEANS = {
    Flow.WEB_SERVER: "A person signs in at the browser, and a server or an app on the user's machine gets a code. The usual one.",
    Flow.REFRESH_TOKEN: "New access tokens while the user is away. Only together with web server or device.",
    Flow.JWT_BEARER: "A server signs an assertion with its key and acts for a user who was approved beforehand.",
    Flow.CLIENT_CREDENTIALS: "A job acts as one fixed user, the run-as user of the policies. Nobody signs in.",
    Flow.DEVICE: "A device without a browser shows a code that its user types elsewhere. People are talked into typing codes.",
    Flow.USER_AGENT: "Tokens come back in the address. Only for clients that cannot do better.",
}

_BOTH = frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST})
# How an app may prove itself, as one choice: which methods may stand together is a rule, so nobody ticks them one by one.
PROOFS: Mapping[str, frozenset[ClientAuthMethod]] = {
    "secret": _BOTH,
    "secret_in_header": frozenset({ClientAuthMethod.SECRET_BASIC}),
    "secret_in_body": frozenset({ClientAuthMethod.SECRET_POST}),
    "key": frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}),
    "public": frozenset({ClientAuthMethod.NONE}),
}
PROOF_OPTIONS = (
    Option("secret", "A consumer secret", "In the header or in the body of the request."),
    Option("secret_in_header", "A consumer secret, in the header only"),
    Option("secret_in_body", "A consumer secret, in the body only"),
    Option("key", "An assertion signed with its key", "The strongest: no secret is sent. It needs a certificate among the credentials."),
    Option(
        "public",
        "Nothing: it is a public app",
        "It runs where nobody can keep a secret: in a page or on the user's machine. PKCE stands in for it.",
    ),
)


def parts(org: Org) -> tuple[Part, ...]:
    """Every form of the settings, in the order of the page; flows and scopes as this org has them."""
    return (_flows(org), _scopes(org), TOKENS, SIGN_OUT, ATTRIBUTES)


def flow_options(org: Org) -> tuple[Option, ...]:
    """The flows, each with who should use it."""
    off = " Switched off for the whole org."
    return tuple(Option(flow, FLOWS[flow], MEANS[flow] + (off if org.switched_off(flow) else "")) for flow in FLOWS)


def _flows(org: Org) -> Part:
    questions = (
        Question("any", "flows", "Flows", "Enable what the app needs, and nothing for later.", flow_options(org)),
        Question(
            "lines",
            "callbacks",
            "Callback URLs",
            "One on each line, in full: they are compared byte for byte. https, or http on loopback.",
            above="Where it comes back to",
        ),
        Question("yes", "native", "Native app: it runs on the user's machine", "Loopback callbacks with any port, and private schemes."),
        Question("one", "auth_methods", "It proves itself by", options=PROOF_OPTIONS, above="How it proves itself"),
        Question("yes", "pkce_required", "PKCE is required", "A code that is stolen on its way is of no use. S256 only."),
        Question("yes", "require_secret_for_web_server", "It proves itself to redeem a code", "Off only together with PKCE."),
        Question("yes", "require_secret_for_refresh", "It proves itself to refresh", "Off only together with PKCE."),
        Question("yes", "rotate_refresh_tokens", "Refresh tokens rotate", "Each use gives a new one. A public app's always do."),
    )
    means = (
        "Taking a flow away refuses it from the moment it is saved. Tokens that are out go on until they end.",
        "A public app has neither client credentials nor JWT bearer, and always PKCE.",
        "A change of settings makes the validation begin anew.",
    )
    return Part("flows", "Flows, callbacks and proof", questions, means=means)


def _scopes(org: Org) -> Part:
    # Two names of one scope are one sentence to users; here each name can be ticked.
    every = [right for name in scopes.ordered({*CATALOGUE, *org.custom_scopes}) for right in consent.rights((name,), org)]
    options = tuple(
        Option(each.scope, each.sentence, each.scope, each.weight) for weight in _WEIGHTS for each in every if each.weight == weight
    )
    questions = (
        Question("any", "scopes", "It may", "What it can ask its users for, the weightiest first.", options, mono=True),
        Question(
            "text", "full_scope_reason", "Why it has full", "Only with the scope full: whoever has its token has all that the user has."
        ),
    )
    means = (
        "A scope that is taken away is gone from tokens that are out, at once.",
        "setup_api opens nothing until the policies let the app administer the org.",
        "What nobody used in the last days stands among the exposures.",
    )
    return Part("scopes", "Scopes", questions, means=means)


AUDIENCE = "Empty: the address of this org. An app without flows is the API of its audience, and may ask about every token for it."
_WEIGHTS = ("heavy", "medium", "light")

TOKENS = Part(
    "tokens",
    "Tokens",
    (
        Question(
            "one",
            "access_token_format",
            "Access tokens are",
            options=(
                Option(TokenFormat.OPAQUE, "Opaque", "They mean nothing to whoever holds them, and end the moment they are revoked."),
                Option(TokenFormat.JWT, "JWT", "Whoever has our keys can read them, and believes them until they end."),
            ),
        ),
        Question("one", "signing_algorithm", "JWTs are signed with", options=tuple(Option(each, each) for each in ALGORITHMS)),
        Question("line", "audience", "Audience of access tokens", AUDIENCE, mono=True),
        Question("number", "id_token_minutes", "An ID token lives", "1 to 720.", unit="minutes"),
        Question(
            "yes",
            "introspect_all_tokens",
            "It may ask about every token of the org",
            "For resource servers. Switching it on takes Manage Connected Apps.",
            above="Asking about tokens",
        ),
        Question(
            "yes",
            "legacy_audience",
            "Its client assertions may name the token endpoint",
            "Older libraries do. Off, they name the issuer and nothing else.",
            above="Assertions",
        ),
        Question(
            "lines",
            "assertion_audiences",
            "Audiences of assertions beside the issuer",
            "One on each line; in the salesforce dialect only, such as https://login.salesforce.com.",
        ),
    ),
)
SIGN_OUT = Part(
    "sign-out",
    "Signing out",
    (
        Question(
            "lines",
            "post_logout_redirect_uris",
            "Post-logout redirect URIs",
            "One on each line. Where a browser may be sent after it was signed out.",
        ),
        Question(
            "line",
            "backchannel_logout_uri",
            "Back-channel logout URI",
            "Logout tokens are posted here when a session ends. Empty: none are.",
            mono=True,
        ),
    ),
)
ATTRIBUTES = Part(
    "attributes",
    "Custom attributes",
    (
        Question(
            "lines",
            "custom_attributes",
            "Attributes",
            "One on each line: name = expression, such as cost_centre = user.external_id. At most 50.",
        ),
    ),
    lede="What the app is told of its users beside the usual claims: in ID tokens, at userinfo and at the identity URL.",
    means=("A field of the user can be told only where a scope of the app lets it see that field.",),
)


def proof_of(settings: AppSettings) -> str:
    """The choice that these methods are."""
    return next((word for word, methods in PROOFS.items() if methods == settings.auth_methods), "secret")
