"""Reading what happened: login history, receipts, usage, and the audit trail."""

from typing import Annotated

import typer

from gatebridge.cli import at, receipt, show, wishes
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.verifying import verify_all, whole
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate

history = typer.Typer(help="Every sign-in and token outcome.", no_args_is_help=True)
usage = typer.Typer(help="Which app is used by whom.", no_args_is_help=True)
audit = typer.Typer(help="Who changed what.", no_args_is_help=True)

Most = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]

HISTORY_COLUMNS = (
    ("WHEN", show.when("at")),
    ("OUTCOME", lambda line: line["reason"] or (f"success (would refuse: {line['would_refuse']})" if line["would_refuse"] else "success")),
    ("EVENT", show.field("event")),
    ("APP", lambda line: line["app"] or line["app_id"]),
    ("USER", lambda line: line["user"] or line["user_id"]),
    ("ADDRESS", show.field("address")),
    ("RECEIPT", show.field("id")),
)


@history.command("list")
def list_history(
    context: typer.Context,
    app: Annotated[str | None, typer.Option(help="Only of this app (id).")] = None,
    user: Annotated[str | None, typer.Option(help="Only of this user (id).")] = None,
    reason: Annotated[str | None, typer.Option(help="Only refusals for this reason.")] = None,
    gate: Annotated[Gate | None, typer.Option(help="Only refusals at this gate.")] = None,
    flow: Annotated[Flow | None, typer.Option(help="Only of this flow; of the last 24 hours unless --since says more.")] = None,
    address: Annotated[str | None, typer.Option(help="Only from this address; of the last 24 hours unless --since says more.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only refusals.")] = False,
    would_refuse: Annotated[bool, typer.Option("--would-refuse", help="Only what monitored ranges would have refused.")] = False,
    since: Annotated[str | None, typer.Option(help="Not before this time, such as 2026-11-24T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    limit: Most = 25,
) -> None:
    """Outcomes, newest first. Open one with `gatebridge receipt`."""
    outcome = "refused" if refused else None
    with at.server(context) as api:
        wanted = {
            "app_id": app,
            "user_id": user,
            "reason": reason,
            "gate": gate and gate.value,
            "outcome": outcome,
            "since": since,
            "until": until,
        }
        wanted |= {"flow": flow, "address": address, "would_refuse": "true" if would_refuse else None}
        lines = list(api.every("/login-history", limit, **wanted))
    show.rows(context, lines, HISTORY_COLUMNS, "Nothing fits. Leave a filter out, or look at an earlier time.")


def open_receipt(
    context: typer.Context, id: Annotated[str, typer.Argument(help="The id from the error, its page, or the history.")]
) -> None:
    """How far a request came, what was sent beside what is registered, and what to do."""
    with at.server(context) as api:
        found = api.get(f"/receipts/{id}")
    if wishes.of(context).json:
        show.as_json(found)
    else:
        show.write(receipt.render(found))


USAGE_COLUMNS = (
    ("APP", show.field("app")),
    ("LIVE TOKENS", show.field("live_tokens")),
    ("USERS", show.field("users")),
    ("GRANTED", lambda line: line["usage"]["granted"]),
    ("REFUSED", lambda line: line["usage"]["refused"]),
    ("LAST USED", lambda line: show.moment(line["usage"]["last_at"])),
    ("ID", show.field("app_id")),
)
SUBJECT_COLUMNS = (
    ("NAME", show.field("name")),
    ("GRANTED", lambda line: line["usage"]["granted"]),
    ("REFUSED", lambda line: line["usage"]["refused"]),
    ("FIRST", lambda line: show.moment(line["usage"]["first_at"])),
    ("LAST", lambda line: show.moment(line["usage"]["last_at"])),
    ("ID", show.field("subject_id")),
)


GRANT_COLUMNS = (
    ("USER", lambda line: line["user"] or line["user_id"]),
    ("FLOW", show.field("flow")),
    ("SCOPES USED", lambda line: " ".join(f"{each['scope']} ({show.moment(each['last_at'])})" for each in line["exercised"]) or "none"),
    ("NEVER USED", lambda line: " ".join(line["unused"])),
    ("SINCE", show.when("created_at")),
    ("ID", show.field("grant_id")),
)
SCOPE_COLUMNS = (
    ("SCOPE", show.field("scope")),
    ("GRANTS", show.field("grants")),
    ("FIRST", lambda line: show.moment(line["first_at"])),
    ("LAST", lambda line: show.moment(line["last_at"])),
)


@usage.command("list")
def list_usage(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(help="In label, API name or consumer key.")] = None,
    limit: Most = 25,
) -> None:
    """The use of every app."""
    with at.server(context) as api:
        show.rows(
            context, list(api.every("/usage", limit, search=search)), USAGE_COLUMNS, "No app fits. Register one: gatebridge apps create"
        )


@usage.command("show")
def show_usage(
    context: typer.Context,
    app: Annotated[str, typer.Argument(help="The app's id.")],
    by_credential: Annotated[bool, typer.Option("--by-credential", help="By secret and certificate instead of by user.")] = False,
    by_grant: Annotated[bool, typer.Option("--by-grant", help="By grant, with the scopes that each has used.")] = False,
    by_scope: Annotated[bool, typer.Option("--by-scope", help="By scope, and which scopes nobody would miss.")] = False,
    limit: Most = 25,
) -> None:
    """Who uses one app, with which secret and certificate, or what of its scopes is used."""
    path = f"/apps/{app}/usage"
    if by_credential + by_grant + by_scope > 1:
        raise Stop(Exit.USAGE, "Ask for one of --by-credential, --by-grant and --by-scope.")
    if by_scope:
        _show_scopes(context, path)
        return
    if by_grant:
        with at.server(context) as api:
            show.rows(context, list(api.every(f"{path}/grants", limit)), GRANT_COLUMNS, "It has no live grant.")
        return
    with at.server(context) as api:
        lines = api.get(f"{path}/credentials") if by_credential else list(api.every(f"{path}/users", limit))
    show.rows(context, lines, SUBJECT_COLUMNS, "Nobody has used it yet.")


def _show_scopes(context: typer.Context, path: str) -> None:
    with at.server(context) as api:
        found = api.get(f"{path}/scopes")
    if wishes.of(context).json:
        show.as_json(found)
        return
    show.rows(context, found["scopes"], SCOPE_COLUMNS, "No use of any scope was seen yet.")
    if found["unused"]:
        typer.echo(f"\nNever used: {' '.join(found['unused'])}")


AUDIT_COLUMNS = (
    ("WHEN", show.when("at")),
    ("WHO", show.field("actor")),
    ("WHAT", show.field("event")),
    ("ON", show.field("target")),
    ("CHANGES", lambda line: "; ".join(each["sentence"] for each in line["changes"])),
    ("ID", show.field("id")),
)


@audit.command("list")
def list_audit(
    context: typer.Context,
    target: Annotated[str | None, typer.Option(help="Only changes of this record (id).")] = None,
    actor: Annotated[str | None, typer.Option(help="Only changes by this user (id).")] = None,
    event: Annotated[str | None, typer.Option(help="Only changes of this kind, such as setup:app:created.")] = None,
    since: Annotated[str | None, typer.Option(help="Not before this time.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    seals: Annotated[bool, typer.Option("--seals", help="Also the lines that seal an hour of the login history.")] = False,
    limit: Most = 25,
) -> None:
    """Changes, newest first."""
    wanted = {"target_id": target, "actor_id": actor, "event": event, "since": since, "until": until}
    with at.server(context) as api:
        lines = list(api.every("/audit", limit, **wanted, seals="true" if seals else None))
    show.rows(context, lines, AUDIT_COLUMNS, "Nothing fits. Leave a filter out, or look at an earlier time.")


@audit.command("show")
def show_change(context: typer.Context, line: Annotated[str, typer.Argument(help="The line's id.", metavar="LINE")]) -> None:
    """One change: who, from where, why, and each field before and after."""
    with at.server(context) as api:
        found = api.get(f"/audit/{line}")
    show.facts(context, found | ({} if at.json(context) else {"changes": [each["sentence"] for each in found["changes"]]}))


@audit.command("verify")
def verify_audit(
    context: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="On this machine, from its settings, without the server.")] = False,
) -> None:
    """Recompute the chain, and hold the login history against its seals in it. Ends with 0 when all is intact, 1 when it could not be
    checked, 2 when it was tampered with."""
    if local:
        verified = verify_all()
    else:
        with at.server(context) as api:
            chain = api.post("/audit/verify")
            verified = [
                chain | {"history": whole(lambda older: api.ask("POST", "/audit/verify-history", query={"older_than": older}, body={})[0])}
            ]
    if wishes.of(context).json:
        show.as_json(verified)
    else:
        for each in verified:
            typer.echo(f"{each['state']}: {each['words']}")
            typer.echo(f"{each['history']['state']}: {each['history']['words']}")
    states = {state for each in verified for state in (each["state"], each["history"]["state"])}
    if "tampered" in states:
        raise typer.Exit(2)
    if states != {"intact"}:
        raise Stop(Exit.REFUSED, "Not everything could be checked, and only intact is good news.")
