"""Receipts: the recorded verdict of one request, as its reader may see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gatebridge.records.change import permit
from gatebridge.rules import reasons
from gatebridge.rules.actors import Actor
from gatebridge.rules.gates import Gate
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Compared, Reason, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import history_reading, names
from gatebridge.storage.history_reading import Folded
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.names import NamedApp
from gatebridge.storage.tx import Tx

# What these gates compare is about the user and the place; to an app's developer they say whether they refused, and no more.
ABOUT_THE_USER = frozenset({Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK, Gate.SESSION})

# What is kept of the request that tells of the user's own place, and of the device that stands there.
OF_THE_PLACE = frozenset({"address", "device_address", "device_agent", "username"})

DEVICE_STARTED = "device_started"  # the one success of strangers that is folded


@dataclass(frozen=True, slots=True)
class ReceiptFinding:
    """What one gate said, and what it compared, as recorded."""

    gate: str
    state: str  # passed, refused or unreached
    words: str
    reason: str | None = None
    compared: tuple[Compared, ...] = ()
    would_refuse: str | None = None  # the reason with which a monitored rule would have refused what this gate let through


@dataclass(frozen=True, slots=True)
class Receipt:
    """One outcome with everything that helps to understand it. Names are those of today; a record that is gone has none.

    `sentence`, `hint`, `remedy` and `page` explain the reason and are empty for a success. Without the permission Monitor Login History,
    user, address and user agent are None and the findings say nothing about them: `narrowed` is then true.
    """

    id: str
    at: datetime
    event: str
    outcome: str  # success or refused
    status: int
    reason: str | None = None
    sentence: str = ""
    hint: str = ""
    remedy: str = ""
    page: str = ""  # the path of the reason's page
    findings: tuple[ReceiptFinding, ...] = ()
    request: tuple[tuple[str, str], ...] = ()  # what the request said, by parameter
    app_id: str | None = None
    app: str = ""
    user_id: str | None = None
    user: str = ""
    grant_id: str | None = None
    flow: str | None = None
    scopes_asked: tuple[str, ...] | None = None  # None: the request named none
    scopes_given: tuple[str, ...] = ()
    address: str | None = None
    user_agent: str | None = None
    auth_method: str | None = None
    credential_id: str | None = None
    credential: str = ""
    narrowed: bool = False
    would_refuse: str | None = None  # the reason with which a monitored rule would have refused what went through
    evicted: tuple[str, ...] = ()  # grants that ended for this one, because the user has only so many of an app
    folded: Folded | None = None  # this id stands for many refusals of strangers, of which only the number is kept


def by_id(tx: Tx, actor: Actor, receipt_id: str) -> Receipt:
    """The receipt of this id: whole with the permission Monitor Login History, narrowed for the owner of its app. Raises Refused.

    The owner of an app may also ask for a receipt of another org that uses the app (data.md, "Orgs, hosts, apps across orgs").
    """
    monitors = Permission.MONITOR_LOGIN_HISTORY in actor.permissions
    line = history_reading.by_id(tx, actor.org_id, receipt_id)
    if line is None and actor.user_id is not None:
        line = history_reading.by_id_elsewhere(tx, actor.org_id, actor.user_id, receipt_id)
    if line is not None:
        receipt, owned = _read(tx, actor, line)
        if monitors and line.org_id == actor.org_id:
            return receipt
        if owned:
            return _narrowed(receipt)
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    folded = history_reading.folded_by_id(tx, actor.org_id, receipt_id)
    if folded is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return _of_folded(folded)


def of_lines(tx: Tx, org_id: str, lines: Sequence[HistoryLine]) -> list[Receipt]:
    """Whole receipts of lines of one org, with the names of what they mention; for readers who may see everything."""
    apps = names.of_apps(tx, org_id, {line.app_id for line in lines} - {""})
    users = names.of_users(tx, org_id, {line.user_id for line in lines if line.user_id is not None})
    credentials = names.of_credentials(tx, [apps[app_id] for app_id in {line.app_id for line in lines if line.credential_id} & set(apps)])
    return [_of_line(line, apps, users, credentials) for line in lines]


def _read(tx: Tx, actor: Actor, line: HistoryLine) -> tuple[Receipt, bool]:
    app = names.of_apps(tx, line.org_id, [line.app_id]).get(line.app_id)
    return of_lines(tx, line.org_id, [line])[0], app is not None and app.owned_by(actor.org_id, actor.user_id)


def _of_line(line: HistoryLine, apps: Mapping[str, NamedApp], users: Mapping[str, str], credentials: Mapping[str, str]) -> Receipt:
    receipt = Receipt(
        id=line.id,
        at=line.at,
        event=line.event,
        outcome=line.outcome,
        status=line.status,
        findings=tuple(_findings(line.receipt.get("findings"))),
        request=tuple(_said(line.receipt.get("request"))),
        app_id=line.app_id or None,
        app=apps[line.app_id].label if line.app_id in apps else "",
        user_id=line.user_id,
        user=users.get(line.user_id or "", ""),
        grant_id=line.grant_id,
        flow=line.flow,
        scopes_asked=tuple(line.scopes_asked.split()) if line.scopes_asked is not None else None,
        scopes_given=tuple((line.scopes_given or "").split()),
        address=line.address,
        user_agent=line.user_agent,
        auth_method=line.auth_method,
        credential_id=line.credential_id,
        credential=credentials.get(line.credential_id or "", ""),
        would_refuse=line.would_refuse,
        evicted=tuple(str(each) for each in _listed(line.receipt.get("evicted"))),
    )
    return _explained(receipt, line.reason)


def _of_folded(folded: Folded) -> Receipt:
    if not folded.reason:
        # Anybody who knows the name of a public app may begin with a device; what its user decides has a line of its own.
        return Receipt(id=folded.id, at=folded.last_at, event=DEVICE_STARTED, outcome="success", status=200, folded=folded)
    reason = reasons.REASONS.get(folded.reason)
    receipt = Receipt(
        id=folded.id, at=folded.last_at, event="token", outcome="refused", status=reason.status if reason else 0, folded=folded
    )
    return _explained(receipt, folded.reason)


def _explained(receipt: Receipt, code: str | None) -> Receipt:
    if code is None:
        return receipt
    # A code is for ever, yet a record may come from a newer version than the one that reads it.
    reason: Reason | None = reasons.REASONS.get(code)
    if reason is None:
        return replace(receipt, reason=code)
    page = f"/help/reasons/{code}"
    return replace(receipt, reason=code, sentence=reason.sentence, hint=reason.hint, remedy=reason.remedy, page=page)


def _narrowed(receipt: Receipt) -> Receipt:
    """What an app's developer sees: what was sent beside what is registered, and the reason; no user and no address."""
    return replace(
        receipt,
        findings=tuple(_without_user(finding) for finding in receipt.findings),
        request=tuple((name, said) for name, said in receipt.request if name not in OF_THE_PLACE),
        user_id=None,
        user="",
        grant_id=None,
        evicted=(),
        address=None,
        user_agent=None,
        narrowed=True,
    )


def _without_user(finding: ReceiptFinding) -> ReceiptFinding:
    if finding.gate not in ABOUT_THE_USER:
        return replace(finding, compared=tuple(_without_place(each) for each in finding.compared))
    reason = reasons.REASONS.get(finding.reason or "")
    return ReceiptFinding(finding.gate, finding.state, reason.sentence if reason else "", finding.reason, would_refuse=finding.would_refuse)


def _without_place(compared: Compared) -> Compared:
    """A refresh token that comes twice is told with both places (gate Proof); of these only how they differ is left."""
    return replace(compared, sent=None, registered=None) if compared.name == "address" else compared


def _findings(recorded: Any) -> Iterable[ReceiptFinding]:
    for each in recorded or ():
        compared = tuple(
            Compared(one["name"], one.get("sent"), one.get("registered"), one.get("difference") or "") for one in each.get("compared") or ()
        )
        yield ReceiptFinding(each["gate"], each["state"], each["words"], each.get("reason"), compared, each.get("would_refuse"))


def _listed(recorded: Any) -> Sequence[object]:
    return recorded if isinstance(recorded, list) else ()


def _said(recorded: Any) -> Iterable[tuple[str, str]]:
    for name, value in sorted((recorded or {}).items()):
        yield str(name), str(value)
