"""The steps of a run of Try it: before a request is sent, and after its answer has come. In between no transaction is open."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from gatebridge.crypto import secrets
from gatebridge.monitoring import receipts
from gatebridge.monitoring.receipts import Receipt
from gatebridge.oauth import presented_token
from gatebridge.oauth.trying import answers
from gatebridge.oauth.trying.answers import Answered, Decoded, Read
from gatebridge.oauth.trying.calls import Call, Trying, call_of
from gatebridge.records.change import permit
from gatebridge.rules import ids, reasons
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.reasons import tries as try_reasons
from gatebridge.rules.tries import AT_A_BROWSER, Done, Kept, Outcome, Step, Try, as_expected
from gatebridge.setup.end_try import EndTry, end_late, end_try
from gatebridge.storage import apps, codes, history_reading, orgs, tokens, tries
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

TOO_LATE = "The run has ended or gone on while this was on its way. What the request had got was ended."
SOMEBODY_ELSE = "Somebody else has approved than the user for whom it is tried. What the run had got was ended."


@dataclass(frozen=True, slots=True)
class DoStep:
    """The next step of a run. `answer`: the address to which a browser was sent, where only the browser can see what it says."""

    try_id: str
    answer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """A step that is under way: its request is to be sent now."""

    trying: Trying
    call: Call


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it is told. `outcome` None: it waits for a person, who goes to `kept.address`. `answer` are the members or parameters."""

    run: Try
    kept: Kept
    step: Step
    call: Call
    callback: str  # the app's own, for the request as code
    outcome: Outcome | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, object] = field(default_factory=dict)
    tokens: tuple[Decoded, ...] = ()
    receipt: Receipt | None = None
    words: str = ""


def begin_step(tx: Tx, actor: Actor, command: DoStep) -> Sending | Told:
    """What the next step sends; or what there is to tell already, where a person does it at a browser. Raises Refused."""
    permit(actor, Permission.ROTATE_CONSUMER_CREDENTIALS)
    trying = _of_actor(tx, actor, command.try_id)
    run, kept = trying.run, trying.kept
    if run.over(tx.now) or kept.next is None:
        raise Refused(try_reasons.TRY_OVER)
    if kept.busy(tx.now):
        raise Refused(try_reasons.TRY_BUSY)
    call = call_of(tx, trying)
    if kept.next is Step.AUTHORIZATION:
        return _at_the_browser(tx, actor, trying, call, command.answer)
    return Sending(replace(trying, run=_saved(tx, run, replace(kept, under_way=tx.now))), call)


def finish_step(tx: Tx, actor: Actor, sending: Sending, answered: Answered) -> Told:
    """What the answer says, kept for the next step. A run that has gone on or has ended while its request was on the way tells nothing."""
    trying = sending.trying
    found = tries.by_id(tx, trying.org.id, trying.run.id)
    result = answers.read(FactsReader(tx), trying, answered)
    if found is None or found[1] is None or found[0].version != trying.run.version:
        end_late(tx, trying.run, _done(trying.kept, result))
        late = Read(trying.kept, Outcome.REFUSED, None)
        return replace(_told(tx, actor, sending, answered, found[0] if found is not None else trying.run, late), words=TOO_LATE, answer={})
    if _is_somebody_elses(tx, trying, result):
        refused = Read(trying.kept, Outcome.REFUSED, result.receipt_id)
        run, _ = _concluded(tx, found[0], _done(trying.kept, refused))
        ended = end_try(tx, actor, EndTry(run.id)).run
        return replace(_told(tx, actor, sending, answered, ended, refused), words=SOMEBODY_ELSE, answer={})
    run, kept = _concluded(tx, found[0], _done(result.kept, result))
    return _told(tx, actor, sending, answered, run, replace(result, kept=kept))


def read_run(tx: Tx, actor: Actor, try_id: str) -> tuple[Try, Kept | None]:
    """A run of one's own as it stands. Raises Refused."""
    permit(actor, Permission.ROTATE_CONSUMER_CREDENTIALS)
    found = tries.by_id(tx, actor.org_id, try_id)
    if found is None or found[0].user_id != actor.user_id:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _of_actor(tx: Tx, actor: Actor, try_id: str) -> Trying:
    run, kept = read_run(tx, actor, try_id)
    org = orgs.by_id(tx, actor.org_id)
    app, settings = apps.by_id(tx, actor.org_id, run.app_id), apps.settings_of(tx, actor.org_id, run.app_id)
    if org is None or app is None or settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if kept is None:
        raise Refused(try_reasons.TRY_OVER)
    return Trying(org, app, settings, run, kept)


def _at_the_browser(tx: Tx, actor: Actor, trying: Trying, call: Call, brought: str) -> Told:
    """The step that a person does: where to go, and once the browser has brought the answer, what that says."""
    run, kept = trying.run, trying.kept
    if kept.answer is None and brought:
        kept = replace(kept, answer=_from_address(tx, trying, brought))
    if kept.answer is None:
        if kept.address != call.url:
            kept = replace(kept, address=call.url)
            run = _saved(tx, run, kept)
        return Told(run, kept, Step.AUTHORIZATION, call, _own_callback(trying), None)
    answer = kept.answer
    result = _read_answer(tx, replace(trying, kept=kept), answer)
    if _is_somebody_elses(tx, trying, result):
        run, kept = _concluded(tx, run, _done(kept, Read(kept, Outcome.REFUSED, result.receipt_id)))
        run = end_try(tx, actor, EndTry(run.id)).run
        return Told(run, kept, Step.AUTHORIZATION, call, _own_callback(trying), Outcome.REFUSED, words=SOMEBODY_ELSE)
    run, kept = _concluded(tx, run, _done(result.kept, result))
    return Told(
        run=run,
        kept=kept,
        step=Step.AUTHORIZATION,
        call=call,
        callback=_own_callback(trying),
        outcome=result.outcome,
        status=303,
        answer=answers.masked(answer),
        tokens=result.tokens,
        receipt=_receipt(tx, actor, result.receipt_id),
    )


def _from_address(tx: Tx, trying: Trying, brought: str) -> Mapping[str, str]:
    """The answer in an address that was brought by hand: with the legacy user-agent flow it stands behind the #, which no server sees."""
    said = dict(parse_qsl(brought.partition("#")[2].strip(), keep_blank_values=True))
    mine = secrets.same(said.get("state", "").encode(), trying.kept.state.encode())
    given = "error" in said or _is_of_run(tx, trying, said.get("access_token", ""))
    if not (mine and given and needs_answer(trying.run)):
        problem = "This is not the address to which the browser was sent in this run: copy it whole, with everything behind the #."
        raise Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem("answer", problem),))
    return said


def _is_of_run(tx: Tx, trying: Trying, value: str) -> bool:
    """Whether this token was given to the app since the run began; any other is nothing that the run could tell of, or end."""
    _, token = presented_token.find(FactsReader(tx), trying.org, value)
    # A token's moment is in whole seconds.
    begun = trying.run.created_at.replace(microsecond=0)
    return token is not None and token.app_id == trying.run.app_id and token.issued_at >= begun


def _read_answer(tx: Tx, trying: Trying, answer: Mapping[str, str]) -> Read:
    reader, kept, org = FactsReader(tx), trying.kept, trying.org
    if "error" in answer:
        named = dict(parse_qsl(answer.get("error_uri", "").partition("?")[2])).get("receipt", "")
        receipt_id = _of_run(tx, trying, ids.parse(named, Prefix.RECEIPT))
        return Read(kept, Outcome.REFUSED, receipt_id)
    if "access_token" in answer:
        _, token = presented_token.find(reader, org, answer["access_token"])
        found = tuple(answers.decoded(reader, trying, name, answer) for name in answers.TOKENS if name in answer)
        receipt_id = token.id if token is not None else None
        return Read(replace(kept, access_token=answer["access_token"]), Outcome.SUCCESS, receipt_id, found)
    return Read(kept, Outcome.SUCCESS, _receipt_of_code(tx, trying, answer.get("code", "")))


def _of_run(tx: Tx, trying: Trying, receipt_id: str | None) -> str | None:
    """The receipt that an answer names, if it is of this app and since the run began: an address can be changed on its way."""
    line = history_reading.by_id(tx, trying.org.id, receipt_id) if receipt_id is not None else None
    return receipt_id if line is not None and line.app_id == trying.run.app_id and line.at >= trying.run.created_at else None


def _receipt_of_code(tx: Tx, trying: Trying, value: str) -> str | None:
    """The receipt of the authorization that gave this code: its line was written in the same transaction."""
    code = codes.by_digest(tx, trying.org.id, secrets.digest(value))
    if code is None:
        return None
    since = {"app_id": code.app_id, "user_id": code.user_id, "since": code.issued_at}
    lines = history_reading.page(tx, trying.org.id, limit=100, outcome="success", **since)  # type: ignore[arg-type]
    return next((line.id for line in lines if line.event == "authorize" and line.at == code.issued_at), None)


def _is_somebody_elses(tx: Tx, trying: Trying, result: Read) -> bool:
    """Whether the token that a step has got is for another user than the one for whom it is tried."""
    if trying.run.flow not in AT_A_BROWSER or result.receipt_id is None or result.outcome is not Outcome.SUCCESS:
        return False
    token = tokens.by_id(tx, trying.org.id, result.receipt_id)
    return token is not None and token.user_id != trying.kept.subject_id


def _done(kept: Kept, result: Read) -> Kept:
    """What is kept once a step has its answer; one that waits for a person is not done."""
    kept = replace(kept, under_way=None)
    if result.outcome is None or kept.next is None:
        return kept
    return replace(kept, done=(*kept.done, Done(kept.next, result.outcome, result.receipt_id)))


def _concluded(tx: Tx, run: Try, kept: Kept) -> tuple[Try, Kept]:
    """The run after a step, kept; where it was the last one, with what came of it all."""
    if kept.next is None:
        last = kept.done[-1]
        # What comes after the tokens only shows that they are good: the receipt of a success is that of their issue.
        of_flow = [each for each in kept.done if each.step not in (Step.USERINFO, Step.INTROSPECTION)]
        decided = last if last.outcome is Outcome.REFUSED else of_flow[-1]
        meant = as_expected(run, kept.wrong, last.outcome, _gate(tx, run, last))
        run = replace(run, outcome=last.outcome, as_expected=meant, receipt_id=decided.receipt_id)
    return _saved(tx, run, kept), kept


def _gate(tx: Tx, run: Try, done: Done) -> Gate | None:
    """The gate that refused a step; None where none did. A refusal that is only counted has its reason in the row that counts it."""
    if done.outcome is Outcome.SUCCESS or done.receipt_id is None:
        return None
    line = history_reading.by_id(tx, run.org_id, done.receipt_id)
    folded = history_reading.folded_by_id(tx, run.org_id, done.receipt_id) if line is None else None
    code = line.reason if line is not None else folded.reason if folded is not None else None
    reason = reasons.REASONS.get(code or "")
    return reason.gate if reason is not None else None


def _saved(tx: Tx, run: Try, kept: Kept) -> Try:
    if not tries.save(tx, run, kept):
        raise Refused(try_reasons.TRY_BUSY)
    return replace(run, version=run.version + 1)


def _told(tx: Tx, actor: Actor, sending: Sending, answered: Answered, run: Try, result: Read) -> Told:
    step = sending.trying.kept.next
    if step is None:
        raise ValueError("A step was told of that nobody has begun")
    return Told(
        run=run,
        kept=result.kept,
        step=step,
        call=sending.call,
        callback=_own_callback(sending.trying),
        outcome=result.outcome,
        status=answered.status,
        headers={name: answered.headers[name] for name in answers.SHOWN_HEADERS if name in answered.headers},
        answer=answers.masked(answered.fields) or {"text": answered.body.decode("utf-8", "replace")[:500]},
        tokens=result.tokens,
        receipt=_receipt(tx, actor, result.receipt_id),
    )


def _own_callback(trying: Trying) -> str:
    return next(iter(trying.settings.callbacks), "https://app.example.com/callback")


def _receipt(tx: Tx, actor: Actor, receipt_id: str | None) -> Receipt | None:
    """The receipt as this reader may see it; None where nothing was written, or the reader may not see it."""
    if receipt_id is None:
        return None
    try:
        return receipts.by_id(tx, actor, receipt_id)
    except Refused:
        return None


def needs_answer(run: Try) -> bool:
    """Whether the answer at the browser must be brought by hand, since it stands where no server sees it."""
    return run.flow is Flow.USER_AGENT
