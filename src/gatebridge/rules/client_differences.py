"""What is other here than at Salesforce for each of its clients, and what most often goes wrong: the two tables of every guide."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.rules import reasons
from gatebridge.rules.client_guides import GuidedClient


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a client's user knows from Salesforce, and how it is here."""

    what: str
    salesforce: str
    here: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong: the reason whose page says all about it, and the usual cause with this client."""

    code: str
    cause: str

    @property
    def shown(self) -> str:
        """What the client shows: Salesforce's text, to the letter."""
        return reasons.get(self.code).salesforce_text


_READ_ONLY = Difference(
    "What can be read",
    "every object of the org",
    "the setup objects (users, apps, tokens, login history, audit trail), and nothing is written",
)
_EXPIRY = Difference(
    "Life of an access token", "lengthened by use; the answer does not tell it", "absolute from its issue, two hours unless set otherwise"
)
_STATUS = Difference("LoginHistory.Status", "cannot be filtered", "can be; where a login was refused it is the code of the reason")
_RECEIPT = Difference(
    "What an error means", "a text, and little more", "the same text, with the header X-Gatebridge-Receipt: gatebridge receipt ID says all"
)
_PASSWORD = Difference(
    "Password logins", "SOAP login() and the username-password flow, where not blocked", "neither; each error says what to use"
)
_APPROVAL = Difference("Who may use an app", "everybody who consents, unless an admin closed it", "nobody, until an admin approved it")
_ROTATION = Difference(
    "Refresh tokens", "live until revoked by default", "end after 30 days without use, and a public app's are exchanged at each use"
)
_JWT_AUDIENCE = Difference(
    "aud of an assertion", "login.salesforce.com, test.salesforce.com or the org", "the org; other audiences only where the app lists them"
)
_JWT_LIFE = Difference("exp of an assertion", "hardly checked", "at most 5 minutes ahead, at most 3 minutes ago")

_INSTALL = Trouble("app_not_installed", "No admin has installed the app: gatebridge apps install KEY.")
_PERMIT = Trouble(
    "user_not_approved",
    "The user holds no profile or permission set that the app is open to.",
)
_CONSENT = Trouble("consent_missing", "All users may approve the app, and this one has not yet.")
_SCOPE = Trouble("scope_not_assigned", "The client asks for a scope that the app does not have.")
_CALLBACK = Trouble(
    "callback_not_registered",
    "It listens at another address than is registered; port and path count.",
)
_SECRET = Trouble("secret_wrong", "The secret is another one, or was cut when it was copied.")
_AUDIENCE = Trouble("grant_audience_wrong", "The client was given another address than the org's own.")
_KEY = Trouble("grant_signature_wrong", "The key is not that of the certificate that is registered.")
_API = Trouble("api_not_enabled", "The user's profile lacks the permission API Enabled.")
_REUSED = Trouble(
    "refresh_reused",
    "An older refresh token came back: two copies of one login, or a client that does not keep the new one.",
)

DIFFERENCES: Mapping[GuidedClient, tuple[Difference, ...]] = {
    GuidedClient.SF: (
        Difference("The app PlatformCLI", "in every org, open to all", "known in every org, and in use where an admin installed it"),
        _APPROVAL,
        _READ_ONLY,
        _STATUS,
        _EXPIRY,
        _ROTATION,
        Difference(
            "A JWT login that is refused",
            "sf tries Salesforce's other login hosts",
            "it tries Salesforce's login hosts too, with the same key; the cause that it prints first is ours",
        ),
        Difference("SFDX auth URLs", "https hosts of Salesforce", "https hosts; the URL of an app without a secret works once"),
        Difference("sf org open, deploy, retrieve", "work", "there are no pages to open and no metadata to deploy; they are refused"),
        _JWT_AUDIENCE,
        _RECEIPT,
    ),
    GuidedClient.JSFORCE: (
        _APPROVAL,
        _READ_ONLY,
        _STATUS,
        _EXPIRY,
        _ROTATION,
        Difference("login(username, password)", "SOAP or the username-password flow", "refused; use authorize()"),
        Difference("useVerifier", "a choice", "needed, unless the app's settings waive PKCE"),
        _JWT_AUDIENCE,
        _JWT_LIFE,
        _RECEIPT,
    ),
    GuidedClient.SIMPLE_SALESFORCE: (
        _APPROVAL,
        _READ_ONLY,
        _STATUS,
        _EXPIRY,
        _PASSWORD,
        Difference("domain", "login, test, or that of the org", "that of the org, where its address ends in .salesforce.com"),
        Difference("Client credentials", "drop full, web and refresh_token", "the same, and need a run-as user"),
        _JWT_LIFE,
        _RECEIPT,
    ),
    GuidedClient.CUMULUSCI: (
        _APPROVAL,
        _READ_ONLY,
        _EXPIRY,
        _ROTATION,
        Difference("PKCE", "a choice", "wanted of every app; CumulusCI sends none, so its app has the waiver, which is an exposure"),
        Difference(
            "The scope full", "asked for, and given", "asked for, so the app must have it, with a written reason, which is an exposure"
        ),
        Difference("Port 8080", "free as a rule", "Gatebridge's own when it runs on the same machine; choose another --callback_url then"),
        Difference("Scratch orgs, deployments, packages", "work", "there are none; only connected orgs are of use"),
        _JWT_LIFE,
        _RECEIPT,
    ),
}

TROUBLES: Mapping[GuidedClient, tuple[Trouble, ...]] = {
    GuidedClient.SF: (
        _INSTALL,
        _PERMIT,
        _CALLBACK,
        _AUDIENCE,
        _KEY,
        _CONSENT,
        _API,
        _REUSED,
        Trouble("frontdoor_absent", "sf org open was typed. No address signs in whoever opens it; sign in with the browser."),
    ),
    GuidedClient.JSFORCE: (_INSTALL, _PERMIT, _CALLBACK, _SCOPE, _SECRET, _KEY, _API, _REUSED),
    GuidedClient.SIMPLE_SALESFORCE: (
        _SECRET,
        Trouble(
            "run_as_missing",
            "The app has no run-as user: gatebridge apps policies APP --run-as USER.",
        ),
        _AUDIENCE,
        _KEY,
        _CONSENT,
        _PERMIT,
        _API,
        Trouble("soap_not_offered", "Username, password and security token were given."),
    ),
    GuidedClient.CUMULUSCI: (
        Trouble("challenge_missing", "The app still wants PKCE: gatebridge apps settings APP --no-pkce."),
        _SCOPE,
        _CALLBACK,
        _SECRET,
        _PERMIT,
        _AUDIENCE,
        _KEY,
        _API,
    ),
}
