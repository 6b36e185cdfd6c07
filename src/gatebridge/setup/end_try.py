"""End a run of Try it: its credential, and every token and grant that was got with it. Whoever began it ends it, or its time does."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from gatebridge.crypto import secrets
from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App
from gatebridge.rules.events import Event
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.tries import Kept, Try
from gatebridge.setup.add_certificate import end_certificate
from gatebridge.setup.end_loosenings import house_of
from gatebridge.setup.rotate_secret import end_secret
from gatebridge.setup.try_flow import target
from gatebridge.storage import apps, codes, credentials, grants, revocations, tokens, tries
from gatebridge.storage.grants import ONE_LIVE_GRANT
from gatebridge.storage.tx import Tx

MAY_TRY = (Permission.ROTATE_CONSUMER_CREDENTIALS, Permission.MANAGE_CONNECTED_APPS)
BECAUSE = "its run of Try it ended"


@dataclass(frozen=True, slots=True)
class EndTry:
    """End a run, with its credential and all that was got with it."""

    try_id: str


@dataclass(frozen=True, slots=True)
class EndedTry:
    """A run that is over. How many tokens and grants ended with it, and how many credentials; all 0 where it had ended before."""

    run: Try
    tokens: int = 0
    grants: int = 0
    credentials: int = 0


def end_try(tx: Tx, actor: Actor, command: EndTry) -> EndedTry:
    """End a run of one's own, or of anybody's for whoever manages apps; ending it again does nothing. Raises Refused."""
    permit(actor, *MAY_TRY)
    found = tries.by_id(tx, actor.org_id, command.try_id, to_end=True)
    if found is None or not (found[0].user_id == actor.user_id or Permission.MANAGE_CONNECTED_APPS in actor.permissions):
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    cut = _cut(tx, found[0])
    return _told(tx, actor, cut) if cut is not None else EndedTry(found[0])


def end_overdue(tx: Tx, org_id: str, limit: int) -> int:
    """End the runs of an org whose ten minutes are over, in the name of the house. How many there were."""
    found = [tries.by_id(tx, org_id, try_id, to_end=True) for try_id in tries.overdue(tx, org_id, limit)]
    # All entries of the feed come before the first line of the audit trail, as in every transaction that writes both.
    for cut in [_cut(tx, each[0]) for each in found if each is not None]:
        if cut is not None:
            _told(tx, house_of(org_id), cut)
    return len(found)


def end_late(tx: Tx, run: Try, kept: Kept) -> None:
    """End what a step has got whose run was ended while its request was on the way."""
    _end_all(tx, run, kept)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A run whose tokens and grants have ended, and of which the audit trail knows nothing yet."""

    app: App
    run: Try
    tokens: int
    grants: int


def _cut(tx: Tx, run: Try) -> _Cut | None:
    """End what the run has got. None: somebody else has ended it."""
    # The app is held, as for every change of its credentials; whoever waited for it reads what the one before has done.
    app = apps.by_id(tx, run.org_id, run.app_id, hold=True)
    found = tries.by_id(tx, run.org_id, run.id, to_end=True)
    if app is None or found is None or found[1] is None or not tries.end(tx, run.org_id, run.id):
        return None
    run = replace(found[0], ended_at=tx.now)
    return _Cut(app, run, *_end_all(tx, run, found[1]))


def _end_all(tx: Tx, run: Try, kept: Kept) -> tuple[int, int]:
    """End every token and every grant of its own; how many of each."""
    token_ids = _tokens(tx, run, kept)
    ended = [_end_grant(tx, grant) for grant in _own_grants(tx, run, kept, token_ids)]
    return sum(_end_token(tx, run.org_id, token_id) for token_id in sorted(token_ids)), sum(ended)


def _told(tx: Tx, actor: Actor, cut: _Cut) -> EndedTry:
    """End the credential as well, and tell the audit trail of it all."""
    app, run, ended = cut.app, cut.run, 0
    for credential_id in _credentials(tx, run):
        ended += _end_credential(tx, actor, app, credential_id)
    told = {"outcome": run.outcome, "as_expected": run.as_expected, "tokens_ended_count": cut.tokens, "grants_ended_count": cut.grants}
    record_change(tx, actor, Event.TRY_ENDED, target(app, run), None, told | {"ended_at": run.ended_at}, group_id=run.id)
    return EndedTry(run, cut.tokens, cut.grants, ended)


def _tokens(tx: Tx, run: Try, kept: Kept) -> set[str]:
    """The tokens that were got in this run: those of its receipts; and where an answer was lost, those of its credential in the history."""
    known = {done.receipt_id for done in kept.done if done.receipt_id is not None}
    lost = tries.issued(tx, run, _credentials(tx, run), kept.under_way) if kept.under_way is not None else []
    return known | set(lost)


def _own_grants(tx: Tx, run: Try, kept: Kept, token_ids: Collection[str]) -> list[Grant]:
    """The grants that were made in this run. One that a service shares with it is the service's, and lives on."""
    found = {token.grant_id for each in token_ids if (token := tokens.by_id(tx, run.org_id, each)) is not None}
    code = codes.by_digest(tx, run.org_id, secrets.digest(kept.answer["code"])) if kept.answer and "code" in kept.answer else None
    if code is not None and not codes.burn(tx, run.org_id, code.id) and code.grant_id is not None:
        found.add(code.grant_id)
    read = (grants.by_id(tx, run.org_id, grant_id) for grant_id in sorted(found))
    return [grant for grant in read if grant is not None and grant.flow not in ONE_LIVE_GRANT]


def _end_grant(tx: Tx, grant: Grant) -> bool:
    if not grants.end(tx, grant.org_id, grant.id, BECAUSE):
        return False
    revocations.append(tx, grant.org_id, "grant", grant_id=grant.id, app_id=grant.app_id, user_id=grant.user_id)
    return True


def _end_token(tx: Tx, org_id: str, token_id: str) -> bool:
    token = tokens.by_id(tx, org_id, token_id)
    if token is None or not tokens.end(tx, org_id, token.id):
        return False
    ended = {"token_id": token.id, "grant_id": token.grant_id, "app_id": token.app_id, "user_id": token.user_id}
    revocations.append(tx, org_id, "token", **ended)
    return True


def _credentials(tx: Tx, run: Try) -> list[str]:
    return credentials.of_tries(tx, run.org_id, [run.app_id], [run.id])


def _end_credential(tx: Tx, actor: Actor, app: App, credential_id: str) -> bool:
    """Retire a credential, also one whose time is over, so that its end is told. False: somebody has retired it before."""
    end = end_secret if credential_id.startswith(Prefix.SECRET) else end_certificate
    try:
        end(tx, actor, app, credential_id)
    except Refused as refused:
        if refused.reason is not setup_reasons.STATE_CONFLICT:
            raise
        return False
    return True
