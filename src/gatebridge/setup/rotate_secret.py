"""Consumer secrets: each is named, shown once, and ends; a rotation lets the old ones live on until every caller has the new one.

An app has at most 2 live secrets, so that a forgotten one stands out; a command that says `allow_more` may make it up to 5. The secret
of a run of Try it is no part of that: it is neither counted nor rotated, and ends with its run.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from gatebridge.crypto import secrets as values
from gatebridge.crypto.secrets import Kind, Secret
from gatebridge.records.change import Target, record_change
from gatebridge.rules import app_checks, lifetimes, typed_text
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App, ConsumerSecret
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import refuse_invalid
from gatebridge.storage import apps, credentials
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AddSecret:
    """One more secret of an app. `expires_at` None: it lives until it is rotated or retired."""

    app_id: str
    name: str
    expires_at: datetime | None = None
    allow_more: bool = False


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """A new secret in place of one, or with `secret_id` None in place of all live ones, which end after the overlap; 0 hours: now."""

    app_id: str
    secret_id: str | None = None
    overlap_hours: int = lifetimes.DEFAULT_SECRET_OVERLAP_HOURS
    name: str = ""  # empty: the name of the one it replaces, or the day
    expires_at: datetime | None = None
    allow_more: bool = False


@dataclass(frozen=True, slots=True)
class RetireSecret:
    """End one secret now."""

    app_id: str
    secret_id: str


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret at the one moment when it can be read. `ending` are the secrets that it replaces, with the end that they now have."""

    record: ConsumerSecret
    secret: Secret
    ending: tuple[ConsumerSecret, ...] = ()


def add_secret(tx: Tx, actor: Actor, command: AddSecret) -> NewSecret:
    """Make one more secret. Raises Refused (`limit_reached` where there are as many as may be)."""
    app = _with_secrets(tx, actor, command.app_id)
    refuse_invalid(secret_problems(tx.now, command.name, command.expires_at))
    live = _live(tx, actor, app)
    _check_limit(len(live) + 1, allow_more=command.allow_more)
    return make_secret(tx, actor, app, command.name, command.expires_at)


def rotate_secret(tx: Tx, actor: Actor, command: RotateSecret) -> NewSecret:
    """Make a secret and let what it replaces end after the overlap. An end that was nearer already stays. Raises Refused."""
    app = _with_secrets(tx, actor, command.app_id)
    live = _live(tx, actor, app)
    replaced = [secret for secret in live if command.secret_id in (None, secret.id)]
    if command.secret_id is not None and not replaced:
        _refuse_unless_former(tx, actor, app, command.secret_id)
    name = command.name or (replaced[0].name if replaced else f"Secret of {tx.now:%Y-%m-%d}")
    problems = secret_problems(tx.now, name, command.expires_at)
    overlap = lifetimes.secret_overlap_problem(command.overlap_hours)
    refuse_invalid([*problems, FieldProblem("overlap_hours", overlap)] if overlap else problems)
    live_after = len(live) + 1 - (len(replaced) if command.overlap_hours == 0 else 0)
    _check_limit(live_after, allow_more=command.allow_more)
    made = _made(tx, actor, app, name, command.expires_at)
    ending = tuple(_end(tx, actor, app, secret, command.overlap_hours) for secret in replaced)
    before = {"ends": {secret.hint: secret.expires_at for secret in replaced}}
    after = asdict(made.record) | {"ends": {secret.hint: secret.retired_at or secret.expires_at for secret in ending}}
    record_change(tx, actor, Event.SECRET_ROTATED, _target(app, made.record), before, after)
    return replace(made, ending=ending)


def retire_secret(tx: Tx, actor: Actor, command: RetireSecret) -> ConsumerSecret:
    """End a secret now, the last one too; nobody can authenticate with it from the commit on. Raises Refused."""
    app = app_rights.with_credentials(tx, actor, command.app_id)
    return end_secret(tx, actor, app, command.secret_id)


def end_secret(tx: Tx, actor: Actor, app: App, secret_id: str) -> ConsumerSecret:
    """End a secret of an app and tell it to the audit trail. For the verbs, which have asked whether it may be. Raises Refused."""
    for secret in credentials.secrets_of(tx, actor.org_id, app.id):
        if secret.id == secret_id:
            break
    else:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not credentials.retire_secret(tx, actor.org_id, app.id, secret.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This secret was retired before.")
    retired = replace(secret, retired_at=tx.now)
    record_change(tx, actor, Event.SECRET_RETIRED, _target(app, secret), asdict(secret), asdict(retired))
    return retired


def make_secret(tx: Tx, actor: Actor, app: App, name: str, expires_at: datetime | None, *, try_id: str | None = None) -> NewSecret:
    """Make a secret of an app and tell it to the audit trail. For the verbs, which have asked whether it may be."""
    made = _made(tx, actor, app, name, expires_at, try_id)
    record_change(tx, actor, Event.SECRET_CREATED, _target(app, made.record), None, asdict(made.record))
    return made


def secret_problems(now: datetime, name: str, expires_at: datetime | None) -> list[FieldProblem]:
    """What is wrong with a new secret's name and end."""
    problem = typed_text.line_problem(name)
    found = [FieldProblem("name", problem)] if problem else []
    if expires_at is not None and expires_at <= now:
        found.append(FieldProblem("expires_at", "The end must be in the future."))
    return found


def _with_secrets(tx: Tx, actor: Actor, app_id: str) -> App:
    app = app_rights.with_new_credentials(tx, actor, app_id)
    settings = apps.settings_of(tx, actor.org_id, app.id)
    if settings is None or not app_checks.takes_secrets(settings):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app does not prove itself with a secret; its settings say how it does.")
    return app


def _check_limit(live_after: int, *, allow_more: bool) -> None:
    limit = app_checks.MOST_LIVE_SECRETS_ON_REQUEST if allow_more else app_checks.MOST_LIVE_SECRETS
    if live_after > limit:
        more = "" if allow_more else f", or allow up to {app_checks.MOST_LIVE_SECRETS_ON_REQUEST}"
        detail = f"This app would have {live_after} live secrets, and {limit} are allowed: retire one, or rotate without overlap{more}."
        raise Refused(setup_reasons.LIMIT_REACHED, detail=detail, facts={"limit": limit, "live": live_after - 1})


def _live(tx: Tx, actor: Actor, app: App) -> list[ConsumerSecret]:
    return [secret for secret in credentials.secrets_of(tx, actor.org_id, app.id) if secret.live(tx.now) and secret.try_id is None]


def _refuse_unless_former(tx: Tx, actor: Actor, app: App, secret_id: str) -> None:
    if any(secret.id == secret_id for secret in credentials.secrets_of(tx, actor.org_id, app.id)):
        detail = "This secret has ended already, or ends with its run of Try it; there is nothing to rotate, so add one."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail)
    raise Refused(setup_reasons.RECORD_NOT_FOUND)


def _made(tx: Tx, actor: Actor, app: App, name: str, expires_at: datetime | None, try_id: str | None = None) -> NewSecret:
    value = values.new(Kind.CONSUMER_SECRET, tx.random)
    record = ConsumerSecret(
        id=tx.new_id(Prefix.SECRET),
        app_id=app.id,
        name=name,
        hint=values.hint(value),
        created_at=tx.now,
        created_by=actor.id,
        expires_at=expires_at,
        try_id=try_id,
    )
    credentials.insert_secret(tx, app.org_id, record, values.digest(value))
    return NewSecret(record, Secret(value))


def _end(tx: Tx, actor: Actor, app: App, secret: ConsumerSecret, overlap_hours: int) -> ConsumerSecret:
    if overlap_hours == 0:
        credentials.retire_secret(tx, actor.org_id, app.id, secret.id)
        return replace(secret, retired_at=tx.now)
    end = tx.now + timedelta(hours=overlap_hours)
    if secret.expires_at is not None and secret.expires_at <= end:
        return secret
    credentials.set_secret_expiry(tx, actor.org_id, app.id, secret.id, end)
    return replace(secret, expires_at=end)


def _target(app: App, secret: ConsumerSecret) -> Target:
    return Target("secret", secret.id, f"{secret.name} of {app.label}")
