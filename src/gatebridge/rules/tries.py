"""Trying a flow out: the steps of a run, how a run is made to fail on purpose, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.app_checks import takes_secrets
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.gates import Gate

LIFETIME = timedelta(minutes=10)
MOST_LIVE = 5  # of one app at a time; each has a credential of its own

# A step whose answer nobody has recorded so long after it was begun is taken to be lost, and can be done again.
LOST_AFTER = timedelta(seconds=30)

NAME = "Try it"  # of the credential, wherever it is listed
NO_SUCH_SCOPE = "try_no_such_scope"


class Expected(StrEnum):
    """What a run is meant to end with."""

    SUCCESS = "success"
    REFUSAL = "refusal"


class Outcome(StrEnum):
    """What it did end with."""

    SUCCESS = "success"
    REFUSED = "refused"


class Step(StrEnum):
    """One step of a run: a request of the app; at `authorization` the one with which it sends a person's browser."""

    AUTHORIZATION = "authorization"
    DEVICE = "device"
    TOKEN = "token"
    REFRESH = "refresh"
    USERINFO = "userinfo"
    INTROSPECTION = "introspection"


class Wrong(StrEnum):
    """What a run sends wrongly that is meant to be refused."""

    SECRET = "secret"  # one that was never handed out
    KEY = "key"  # an assertion that another key has signed
    VERIFIER = "verifier"  # one that does not fit the challenge
    TOKEN = "token"  # a refresh token that was never handed out
    DEVICE_CODE = "device_code"  # one that was never handed out
    SCOPE = "scope"  # one that does not exist


WORDS: Mapping[Step, str] = {
    Step.AUTHORIZATION: "The app sends a browser to the authorization endpoint; the user signs in and approves.",
    Step.DEVICE: "The device asks for its two codes.",
    Step.TOKEN: "The app asks for a token.",
    Step.REFRESH: "The app exchanges its refresh token for a new access token.",
    Step.USERINFO: "The app asks who the user is.",
    Step.INTROSPECTION: "A resource server asks about the access token.",
}

# The steps of a whole run, without those that come after it has its tokens.
STEPS: Mapping[Flow, tuple[Step, ...]] = {
    Flow.CLIENT_CREDENTIALS: (Step.TOKEN,),
    Flow.JWT_BEARER: (Step.TOKEN,),
    Flow.WEB_SERVER: (Step.AUTHORIZATION, Step.TOKEN),
    Flow.REFRESH_TOKEN: (Step.AUTHORIZATION, Step.TOKEN, Step.REFRESH),
    Flow.DEVICE: (Step.DEVICE, Step.TOKEN),  # the user enters the code and approves, while the device asks again and again
    Flow.USER_AGENT: (Step.AUTHORIZATION,),
}

# How a refresh token comes to an app that sends no browsers.
_FROM_A_DEVICE = (Step.DEVICE, Step.TOKEN, Step.REFRESH)

# Of a person who is at a browser while it is tried; the others name one, or act for the run-as user.
AT_A_BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.DEVICE, Flow.USER_AGENT})


@dataclass(frozen=True, slots=True)
class Failing:
    """One way to make a run fail: what is wrong, in which step it is sent, and the gate that must refuse it."""

    wrong: Wrong
    step: Step
    gate: Gate


# How each flow can be made to fail, what says most about it first.
FAILINGS: Mapping[Flow, tuple[Failing, ...]] = {
    Flow.CLIENT_CREDENTIALS: (
        Failing(Wrong.SECRET, Step.TOKEN, Gate.CLIENT),
        Failing(Wrong.KEY, Step.TOKEN, Gate.CLIENT),
        Failing(Wrong.SCOPE, Step.TOKEN, Gate.SCOPES),
    ),
    Flow.JWT_BEARER: (Failing(Wrong.KEY, Step.TOKEN, Gate.PROOF), Failing(Wrong.SCOPE, Step.TOKEN, Gate.SCOPES)),
    Flow.WEB_SERVER: (
        Failing(Wrong.VERIFIER, Step.TOKEN, Gate.PKCE),
        Failing(Wrong.SECRET, Step.TOKEN, Gate.CLIENT),
        Failing(Wrong.KEY, Step.TOKEN, Gate.CLIENT),
        Failing(Wrong.SCOPE, Step.AUTHORIZATION, Gate.SCOPES),
    ),
    Flow.REFRESH_TOKEN: (
        Failing(Wrong.TOKEN, Step.REFRESH, Gate.PROOF),
        Failing(Wrong.SECRET, Step.REFRESH, Gate.CLIENT),
        Failing(Wrong.KEY, Step.REFRESH, Gate.CLIENT),
        Failing(Wrong.SCOPE, Step.REFRESH, Gate.SCOPES),
    ),
    Flow.DEVICE: (Failing(Wrong.DEVICE_CODE, Step.TOKEN, Gate.PROOF), Failing(Wrong.SCOPE, Step.DEVICE, Gate.SCOPES)),
    Flow.USER_AGENT: (Failing(Wrong.SCOPE, Step.AUTHORIZATION, Gate.SCOPES),),
}


@dataclass(frozen=True, slots=True)
class Done:
    """One step that has its answer. `receipt_id` None: nothing was written about it, as for a good introspection."""

    step: Step
    outcome: Outcome
    receipt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One run of one flow of one app, by one person. What it holds of secrets and tokens is `Kept`."""

    id: str
    org_id: str
    app_id: str
    user_id: str  # who tries
    flow: Flow
    expected: Expected
    created_at: datetime
    expires_at: datetime
    version: int = 1
    outcome: Outcome | None = None  # None: it has not come to its end
    as_expected: bool | None = None  # whether that is what it was meant to end with, for the cause that was meant
    receipt_id: str | None = None  # of the answer that decided it
    ended_at: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Whether nothing more can be done in it."""
        return self.ended_at is not None or now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run needs from one step to the next: stored sealed, and forgotten when it ends."""

    steps: tuple[Step, ...]
    scopes: tuple[str, ...] | None = None
    wrong: Wrong | None = None
    subject_id: str | None = None  # the only user for whom it may get anything
    username: str = ""
    secret: str = field(default="", repr=False)
    secret_id: str = ""
    key: str = field(default="", repr=False)  # PKCS #8 in base64
    kid: str = ""
    certificate_id: str = ""
    state: str = field(default="", repr=False)
    verifier: str = field(default="", repr=False)
    nonce: str = field(default="", repr=False)
    address: str = field(default="", repr=False)  # where a person is to go
    answer: Mapping[str, str] | None = field(default=None, repr=False)  # what a browser brought back
    device_code: str = field(default="", repr=False)
    user_code: str = ""  # what the user types, and the number that the device shows
    number: str = ""
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    done: tuple[Done, ...] = ()
    under_way: datetime | None = None  # since when a step is being done

    @property
    def next(self) -> Step | None:
        """The step that comes next; None where all are done, or one was refused."""
        if len(self.done) == len(self.steps) or any(each.outcome is Outcome.REFUSED for each in self.done):
            return None
        return self.steps[len(self.done)]

    def busy(self, now: datetime) -> bool:
        """Whether a step is being done at this moment, by another request."""
        return self.under_way is not None and now < self.under_way + LOST_AFTER


def by_key(settings: AppSettings, flow: Flow) -> bool:
    """Whether the app signs something in this flow, and so needs a key to try it."""
    return flow is Flow.JWT_BEARER or ClientAuthMethod.PRIVATE_KEY_JWT in settings.auth_methods


def by_secret(settings: AppSettings, flow: Flow) -> bool:
    """Whether the app shows a secret in this flow. An assertion that names a user proves the app as well."""
    return flow is not Flow.JWT_BEARER and takes_secrets(settings)


def failings(settings: AppSettings, flow: Flow) -> tuple[Failing, ...]:
    """How this flow of this app can be made to fail; the first is what is done unless something else is said."""
    lacks = set()
    if not by_secret(settings, flow):
        lacks.add(Wrong.SECRET)
    if not by_key(settings, flow):
        lacks.add(Wrong.KEY)
    return tuple(each for each in FAILINGS[flow] if each.wrong not in lacks)


def steps(settings: AppSettings, flow: Flow, scopes: tuple[str, ...] | None, failing: Failing | None) -> tuple[Step, ...]:
    """The steps of a run. One that is to fail goes as far as what is wrong; a whole one also uses the token, as far as the app can."""
    whole = _whole(settings, flow)
    if failing is not None:
        return whole[: whole.index(failing.step) + 1]
    asked = scopes if scopes is not None else settings.scopes
    asks_who = flow in AT_A_BROWSER and "openid" in asked
    proves = not settings.public and (by_secret(settings, flow) or ClientAuthMethod.PRIVATE_KEY_JWT in settings.auth_methods)
    return whole + (Step.USERINFO,) * asks_who + (Step.INTROSPECTION,) * proves


def _whole(settings: AppSettings, flow: Flow) -> tuple[Step, ...]:
    on_devices = flow is Flow.REFRESH_TOKEN and Flow.DEVICE in settings.flows and Flow.WEB_SERVER not in settings.flows
    return _FROM_A_DEVICE if on_devices else STEPS[flow]


def as_expected(run: Try, wrong: Wrong | None, outcome: Outcome, gate: Gate | None) -> bool:
    """Whether a run that ends so has shown what it was to show. One that was refused at another gate than was meant has shown nothing."""
    if run.expected is Expected.SUCCESS:
        return outcome is Outcome.SUCCESS
    return outcome is Outcome.REFUSED and any(each.wrong is wrong and each.gate is gate for each in FAILINGS[run.flow])
