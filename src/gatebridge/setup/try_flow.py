"""Begin a run of Try it: one flow of one app, tried against its real settings with a credential that lives ten minutes.

Since no secret is kept, one is made for the run (or a key pair, where the app signs), told to the audit trail like any other, and sealed
until the run ends. Whoever may begin a run may make credentials of the app anyway, so it gives nobody a power that is new.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatebridge.crypto import secrets, signing
from gatebridge.crypto.secrets import Kind
from gatebridge.records.change import Target, record_change
from gatebridge.rules import ids, scopes, tries
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import App
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.tries import Expected, Failing, Kept, Try, Wrong
from gatebridge.setup import app_rights
from gatebridge.setup.add_certificate import register_key_of_try
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.rotate_secret import make_secret
from gatebridge.storage import apps, people
from gatebridge.storage import tries as stored
from gatebridge.storage.tx import Tx

ALGORITHM = "ES256"  # of the key that is made, whatever the app's own keys are


@dataclass(frozen=True, slots=True)
class StartTry:
    """`wrong` says what is sent wrongly in a run that is to be refused; None: what says most. `scopes` None: the request names none.

    `user` is an id or a username: for whom an assertion is signed, or who alone may approve at the browser; None: whoever tries.
    """

    app_id: str
    flow: Flow
    expected: Expected = Expected.SUCCESS
    wrong: Wrong | None = None
    scopes: tuple[str, ...] | None = None
    user: str | None = None


def start_try(tx: Tx, actor: Actor, command: StartTry) -> Try:
    """Begin a run and return it; `oauth.trying` then does its steps. Raises Refused (`limit_reached` where too many are running)."""
    app = app_rights.with_new_credentials(tx, actor, command.app_id)
    settings = apps.settings_of(tx, actor.org_id, app.id)
    if settings is None or actor.user_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    user = _user(tx, actor, command)
    failing = _failing(settings, command)
    refuse_invalid([*_problems(settings, command), *_user_problems(command, user), *_failing_problems(settings, command, failing)])
    _refuse_too_many(tx, actor, app)
    run = Try(
        id=tx.new_id(Prefix.TRY),
        org_id=actor.org_id,
        app_id=app.id,
        user_id=actor.user_id,
        flow=command.flow,
        expected=command.expected,
        created_at=tx.now,
        expires_at=tx.now + tries.LIFETIME,
    )
    kept = Kept(
        steps=tries.steps(settings, command.flow, command.scopes, failing),
        scopes=command.scopes,
        wrong=failing.wrong if failing is not None else None,
        subject_id=user.id if user is not None else None,
        username=user.username if user is not None else "",
        state=f"{run.id}.{_random_text(tx)}",
        verifier=_random_text(tx),
        nonce=_random_text(tx),
    )
    stored.insert(tx, run, _with_credential(tx, actor, app, settings, run, kept))
    told = {"flow": run.flow, "expected": run.expected, "wrong": kept.wrong, "user": kept.username, "expires_at": run.expires_at}
    record_change(tx, actor, Event.TRY_STARTED, target(app, run), None, told, group_id=run.id)
    return run


def target(app: App, run: Try) -> Target:
    """The run as an audit line names it."""
    return Target("try", run.id, f"{run.flow} of {app.label}")


def _user(tx: Tx, actor: Actor, command: StartTry) -> User | None:
    if command.flow is Flow.CLIENT_CREDENTIALS:
        return None
    wanted = command.user if command.user is not None else actor.user_id or ""
    user_id = ids.parse(wanted, Prefix.USER) or people.id_of_username(tx, actor.org_id, wanted)
    return people.by_id(tx, actor.org_id, user_id) if user_id is not None else None


def _failing(settings: AppSettings, command: StartTry) -> Failing | None:
    if command.expected is Expected.SUCCESS:
        return None
    found = (each for each in tries.failings(settings, command.flow) if command.wrong in (None, each.wrong))
    return next(found, None)


def _problems(settings: AppSettings, command: StartTry) -> list[FieldProblem]:
    found = []
    if command.flow not in settings.flows:
        found.append(FieldProblem("flow", f"{command.flow} is not among the app's flows; its settings have {_listed(settings.flows)}."))
    if command.scopes is not None and scopes.parse(scopes.render(command.scopes)) is None:
        found.append(FieldProblem("scopes", "A scope has printable ASCII characters without blanks, quotes and backslashes."))
    return found


def _user_problems(command: StartTry, user: User | None) -> list[FieldProblem]:
    if command.flow is Flow.CLIENT_CREDENTIALS:
        unfit = "Client credentials act for the app's run-as user; leave this out."
        return [FieldProblem("user", unfit)] if command.user is not None else []
    return [] if user is not None else [FieldProblem("user", "There is no such user in this org.")]


def _failing_problems(settings: AppSettings, command: StartTry, failing: Failing | None) -> list[FieldProblem]:
    if command.expected is Expected.SUCCESS:
        unfit = "Nothing is sent wrongly where a success is expected; leave this out, or expect a refusal."
        return [FieldProblem("wrong", unfit)] if command.wrong is not None else []
    if failing is not None:
        return []
    possible = _listed(each.wrong for each in tries.failings(settings, command.flow))
    return [FieldProblem("wrong", f"This flow of this app can be made to fail by: {possible}.")]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "none"


def _refuse_too_many(tx: Tx, actor: Actor, app: App) -> None:
    live = stored.live_of_app(tx, actor.org_id, app.id)
    if live >= tries.MOST_LIVE:
        detail = f"{live} runs of this app are under way, and {tries.MOST_LIVE} are allowed; end one, or wait until its time is over."
        raise Refused(setup_reasons.LIMIT_REACHED, detail=detail, facts={"limit": tries.MOST_LIVE, "live": live})


def _with_credential(tx: Tx, actor: Actor, app: App, settings: AppSettings, run: Try, kept: Kept) -> Kept:
    """The run with what the app proves itself with in it: a secret, a key, or for a public app nothing."""
    if tries.by_secret(settings, run.flow):
        secret = make_secret(tx, actor, app, tries.NAME, run.expires_at, try_id=run.id)
        kept = replace(kept, secret=secret.secret.reveal(), secret_id=secret.record.id)
    if tries.by_key(settings, run.flow):
        public, private = signing.new_key(ALGORITHM, ids.long(run.id))
        certificate = register_key_of_try(tx, actor, app, tries.NAME, public, run.expires_at, run.id)
        key = base64.b64encode(private).decode()
        kept = replace(kept, key=key, kid=certificate.fingerprint, certificate_id=certificate.id)
    return kept


def _random_text(tx: Tx) -> str:
    return secrets.new(Kind.INTERACTION, tx.random).removeprefix(Kind.INTERACTION)
