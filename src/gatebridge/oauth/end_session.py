"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): an app sends its user here to sign out, and may have the browser back.

Nobody is signed out by a link alone: either the app brings an ID token of this very session, or the user is asked (LO-02, LO-05). A browser
is sent to an address that the app has registered for this, of an app that is known, and to no other (LO-03, X-RU-13).
"""

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from gatebridge.oauth import endpoint, logout_hint
from gatebridge.oauth.logout_hint import Hint
from gatebridge.oauth.request import Malformed, OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.facts import Facts
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import logout as reasons
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.signin import sessions
from gatebridge.signin.sessions import SignedIn
from gatebridge.storage import logouts, names
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

PATH = "/services/auth/idp/oidc/logout"
CONFIRM = f"{PATH}/confirm"
EVENT = "logout"

FAULT, SENT_ON = 400, 303

# What is kept of a request that came by POST, which anybody can send: no longer than an address or a state can be anywhere else.
KEPT = ("client_id", "post_logout_redirect_uri", "state")
LONGEST = 2_048


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. An ID token that came along is not kept, only what it says."""

    client_id: str | None = None
    redirect_uri: str | None = None
    state: str | None = None
    hint: Hint | None = None
    hint_invalid: bool = False  # there was a hint, and it is none of ours
    malformed: Malformed | None = None


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser goes afterwards: the registered address, byte for byte, and the app's state behind it."""

    uri: str
    state: str | None = None

    @property
    def location(self) -> str:
        if self.state is None:
            return self.uri
        joint = "" if self.uri.endswith(("?", "&")) else "&" if "?" in self.uri else "?"
        return self.uri + joint + urlencode({"state": self.state}, quote_via=quote, safe="")


@dataclass(frozen=True, slots=True)
class Done:
    """Nobody is signed in at this browser any more; it goes on to the app, or to our own page."""

    onward: Onward | None = None


@dataclass(frozen=True, slots=True)
class AskUser:
    """The user must say so. `told` are the apps that hear of it, by their labels."""

    user: str
    app: str | None
    consumer_key: str | None
    onward: Onward | None
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody is signed in, and nothing that we could check says that the app sent the browser: it is shown where it can go on."""

    app: str | None
    onward: Onward | None


@dataclass(frozen=True, slots=True)
class Fault:
    """The app's request cannot be answered as it stands. Who is signed in may sign out all the same, and stays on our page."""

    reason: Reason
    parameter: str
    app: str | None
    receipt_id: str
    user: str | None


Step = Done | AskUser | Nobody | Fault


@dataclass(frozen=True, slots=True)
class _Understood:
    """A wish beside what is recorded."""

    facts: Facts
    onward: Onward | None = None
    reason: Reason | None = None
    parameter: str = ""

    @property
    def app(self) -> str | None:
        return self.facts.app.label if self.facts.app is not None else None


def wish(reader: FactsReader, org: Org, request: OAuthRequest) -> Wish:
    """What a request asks for, its hint already checked. Other parameters, such as `logout_hint` and `ui_locales`, change nothing."""
    if request.malformed is not None:
        return Wish(malformed=request.malformed)
    said = request.parameters
    long = next((name for name in KEPT if len(said.get(name, "")) > LONGEST), None)
    if long is not None:
        return Wish(malformed=Malformed(request_reasons.PARAMETER_MALFORMED, long))
    text = said.get("id_token_hint")
    hint = logout_hint.read(reader, org, text) if text is not None else None
    return Wish(
        client_id=said.get("client_id"),
        redirect_uri=said.get("post_logout_redirect_uri"),
        state=said.get("state"),
        hint=hint,
        hint_invalid=text is not None and hint is None,
    )


def begin(tx: Tx, org: Org, request: OAuthRequest, asked: Wish, signed_in: SignedIn | None) -> Step:
    """What comes of a wish. Signs out at once where the hint is about this very session; the caller commits."""
    reader = FactsReader(tx)
    understood = _understood(reader, org, asked)
    if understood.reason is not None:
        return _fault(tx, org, request, understood, signed_in)
    if signed_in is None:
        # An ID token of the app itself shows that it is the app which sends the browser, and that it had been signed in.
        return Done(understood.onward) if asked.hint is not None else Nobody(understood.app, understood.onward)
    if asked.hint is not None and logout_hint.means(reader, asked.hint, signed_in.session):
        return _signed_out(tx, org, request, understood, signed_in, "id_token_hint")
    told = {each.app_id for each in logouts.of_session(tx, org.id, signed_in.session.id)}
    labels = sorted(app.label for app in names.of_apps(tx, org.id, told).values())
    key = understood.facts.app.consumer_key if understood.facts.app is not None else None
    return AskUser(signed_in.standing.user.name, understood.app, key, understood.onward, tuple(labels))


def confirm(tx: Tx, org: Org, request: OAuthRequest, asked: Wish, signed_in: SignedIn | None) -> Done:
    """The user has said yes on our page. What the form says of the app is checked anew; where that fails nobody is sent anywhere."""
    understood = _understood(FactsReader(tx), org, asked)
    if understood.reason is not None:
        understood = replace(understood, onward=None)
    return _signed_out(tx, org, request, understood, signed_in, "the user")


def _understood(reader: FactsReader, org: Org, asked: Wish) -> _Understood:
    nothing = _Understood(reader.bare_facts(org))
    if asked.malformed is not None:
        return replace(nothing, reason=asked.malformed.reason, parameter=asked.malformed.parameter)
    if asked.hint_invalid:
        return replace(nothing, reason=reasons.LOGOUT_HINT_INVALID, parameter="id_token_hint")
    hinted = asked.hint.consumer_key if asked.hint is not None else None
    if asked.client_id is not None and hinted is not None and asked.client_id != hinted:
        return replace(nothing, reason=reasons.LOGOUT_CLIENT_DIFFERS, parameter="client_id")
    key = hinted or asked.client_id
    if key is None:
        if asked.redirect_uri is None:
            return nothing
        return replace(nothing, reason=reasons.LOGOUT_REDIRECT_NEEDS_CLIENT, parameter="post_logout_redirect_uri")
    facts = reader.authorizing(org, key, None)
    if not _known(facts):
        return replace(nothing, reason=reasons.LOGOUT_CLIENT_UNKNOWN, parameter="client_id" if hinted is None else "id_token_hint")
    if asked.redirect_uri is None:
        return _Understood(facts)
    if facts.settings is None or asked.redirect_uri not in facts.settings.post_logout_redirect_uris:
        return _Understood(facts, reason=reasons.LOGOUT_REDIRECT_NOT_REGISTERED, parameter="post_logout_redirect_uri")
    return _Understood(facts, Onward(asked.redirect_uri, asked.state))


def _known(facts: Facts) -> bool:
    """Whether this is an app that may be used here now: to a blocked or uninstalled one no browser is sent."""
    app, installation = facts.app, facts.installation
    if app is None or installation is None or app.deleted_at is not None or installation.blocked_at is not None:
        return False
    return installation.holders_only or installation.in_use(facts.now)


def _signed_out(tx: Tx, org: Org, request: OAuthRequest, understood: _Understood, signed_in: SignedIn | None, by: str) -> Done:
    if signed_in is not None and sessions.end(tx, org.id, signed_in.session.id, sessions.SIGNED_OUT):
        facts = replace(understood.facts, session=signed_in.session, standing=signed_in.standing)
        said = {"by": by, "post_logout_redirect_uri": understood.onward.uri if understood.onward is not None else None}
        line = endpoint.line_of(org, request, EVENT, facts, reason=None, status=SENT_ON, receipt=history.receipt((), said))
        history.write(tx, [HistoryEntry(line)])
    return Done(understood.onward)


def _fault(tx: Tx, org: Org, request: OAuthRequest, understood: _Understood, signed_in: SignedIn | None) -> Fault:
    reason = understood.reason or reasons.LOGOUT_HINT_INVALID
    said = {"parameter": understood.parameter, "post_logout_redirect_uri": request.parameters.get("post_logout_redirect_uri")}
    # Anybody can send a browser here, so the line is the app's and never the user's; strangers fold.
    receipt = history.receipt((), said)
    line = endpoint.line_of(org, request, EVENT, understood.facts, reason=reason, status=FAULT, receipt=receipt, acts_for=False)
    (receipt_id,) = history.write(tx, [HistoryEntry(line, folds=True)])
    return Fault(reason, understood.parameter, understood.app, receipt_id, signed_in.standing.user.name if signed_in is not None else None)
