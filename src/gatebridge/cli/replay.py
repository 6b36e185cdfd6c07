"""Policy replay in the terminal: hold a draft against what happened, before it is saved."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from gatebridge.cli import at, show, terms, wishes
from gatebridge.cli.apps import said
from gatebridge.cli.client import API, Api, refusal
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.terms import LevelActions, LoginHours, RequiredLevel
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.network import Relaxation

STREAM = "application/x-ndjson"
EPILOG = (
    "Without any change it finds none. Options about an app need --app, those about a profile --profile. A file for --draft is JSON in "
    "the shape of POST /api/v1/replay, and what is typed is added to it."
)
KINDS = {
    "refused": "would be refused",
    "asked": "would need another factor",
    "narrowed": "would lose scopes",
    "admitted": "would be let in",
}
COLUMNS = (
    ("WHAT", lambda change: KINDS[change["kind"]]),
    ("TIMES", show.field("lines")),
    ("WHO", lambda change: _who(change)),
    ("APP", lambda change: change["app"] or "the sign-in page"),
    ("FLOW", lambda change: change["flow"] or change["door"]),
    ("FROM", show.field("address")),
    ("LAST", show.when("last_at")),
    ("WHY", lambda change: change["sentence"] or ", ".join(change["scopes_lost"])),
)


def replay(
    context: typer.Context,
    app: Annotated[str | None, typer.Option("--app", help="The app that the draft is about (id).")] = None,
    permitted_users: Annotated[PermittedUsers | None, typer.Option(help="Of the app: who may use it.")] = None,
    ip_relaxation: Annotated[Relaxation | None, typer.Option(help="Of the app: whether it may come from outside the ranges.")] = None,
    ip_range: Annotated[list[str] | None, typer.Option("--ip-range", help=f"Of the app: {terms.RANGE}.")] = None,
    refresh_range: Annotated[
        list[str] | None, typer.Option("--refresh-range", help="Of the app: from where alone its refresh tokens are taken.")
    ] = None,
    run_as: Annotated[str | None, typer.Option(help="Of the app: for whom client credentials act (user id); none for nobody.")] = None,
    flow: Annotated[list[Flow] | None, typer.Option("--flow", help="Of the app: all its flows; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Of the app: all its scopes; may be repeated.")] = None,
    assign: Annotated[list[str] | None, typer.Option(help="Of the app: a profile or permission set that may use it.")] = None,
    unassign: Annotated[list[str] | None, typer.Option(help="Of the app: a profile or permission set that may no more.")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="The profile that the draft is about (id).")] = None,
    login_range: Annotated[list[str] | None, typer.Option("--range", help=f"Of the profile: {terms.RANGE}.")] = None,
    login_hours: LoginHours = None,
    required_level: RequiredLevel = None,
    level_action: LevelActions = None,
    trusted_range: Annotated[list[str] | None, typer.Option("--trusted-range", help=f"Of the org: {terms.RANGE}.")] = None,
    draft: Annotated[Path | None, typer.Option("--draft", help="A file with a draft.", metavar="FILE")] = None,
    only: Annotated[str | None, typer.Option("--only", help="Look at the decisions about this app only (id).")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far to look back.")] = 30,
    lines: Annotated[int | None, typer.Option("--lines", min=1, help="At most so many lines of the history, the newest.")] = None,
) -> None:
    """Who would newly be refused or let in, had a draft been in force: the decisions of the last days, decided again. Changes nothing."""
    of_app = said(
        permitted_users=permitted_users,
        ip_relaxation=ip_relaxation,
        ip_ranges=terms.ranges(ip_range),
        refresh_ranges=terms.ranges(refresh_range),
    )
    if run_as is not None:
        of_app["run_as_user_id"] = None if run_as == "none" else run_as
    of_profile = said(login_ranges=terms.ranges(login_range), login_hours=terms.hours(login_hours))
    level = said(required_level=required_level, level_action=level_action)
    (of_app if app is not None else of_profile).update(level)
    of_settings = said(flows=flow, scopes=scope)
    access = [{"holder_id": each} for each in assign or ()] + [{"holder_id": each, "removed": True} for each in unassign or ()]
    _needs("--app", app, [of_app, of_settings, access])
    _needs("--profile", profile, [of_profile])
    body = _read(draft)
    named: list[tuple[str, list[dict[str, Any]]]] = [
        ("policies", [of_app | {"app_id": app}] if of_app else []),
        ("settings", [of_settings | {"app_id": app}] if of_settings else []),
        ("access", [each | {"app_id": app} for each in access]),
        ("profiles", [of_profile | {"profile_id": profile}] if of_profile else []),
    ]
    for name, more in named:
        if more:
            body[name] = [*body.get(name, []), *more]
    if trusted_range is not None:
        body["org"] = {**body.get("org", {}), "trusted_ranges": terms.ranges(trusted_range)}
    body |= {"days": days} | said(app_id=only, lines=lines)
    with at.server(context) as api:
        answer = _run(api, body)
    _show(context, answer)


def _needs(option: str, named: str | None, changes: list[Any]) -> None:
    if named is None and any(changes):
        raise Stop(Exit.USAGE, f"Say with {option} what these options are about.")


def _read(draft: Path | None) -> dict[str, Any]:
    if draft is None:
        return {}
    try:
        body = json.loads(at.bytes_of(draft))
    except ValueError as error:
        raise Stop(Exit.USAGE, f"{draft} is no JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Stop(Exit.USAGE, f"{draft} holds no JSON object.")
    return body


def _run(api: Api, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer, with a bar on the way where somebody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[lines]:,} decisions"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Replaying", total=100, lines=0)
        for step in _steps(api, body):
            if "answer" in step:
                found: dict[str, Any] = step["answer"]
                return found
            bar.update(task, completed=step["percent"], lines=step["lines"])
    raise Stop(Exit.UNREACHABLE, "The answer ended before it was whole. Try again.")


def _steps(api: Api, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    api.get("/me")  # a token that has run out is renewed here, since an answer that streams is asked for once
    headers = {"Authorization": f"Bearer {api.token}", "Accept": STREAM}
    try:
        with api.http.stream("POST", f"{API}/replay", json=body, headers=headers) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise refusal(answer)
            for line in answer.iter_lines():
                yield json.loads(line)
    except httpx.HTTPError as error:
        raise Stop(Exit.UNREACHABLE, f"{api.http.base_url} does not answer any more: {error}.") from None


def _show(context: typer.Context, answer: dict[str, Any]) -> None:
    if wishes.of(context).json:
        show.as_json(answer)
        return
    show.rows(context, answer["changes"], COLUMNS, "The draft would change nothing about these decisions.")
    if answer["more_changes"]:
        typer.echo(f"And {answer['more_changes']} more, less frequent ones.")
    since, until = show.moment(answer["since"]), show.moment(answer["until"])
    typer.echo(f"\n{answer['judged']:,} of {answer['lines']:,} requests were judged, from {since} to {until}.")
    if not answer["complete"]:
        typer.echo("There are older ones in these days that were not looked at; --lines raises the limit.")
    for kind, words in KINDS.items():
        found = answer[kind]
        if found["lines"]:
            people = "user" if found["people"] == 1 else "users"
            typer.echo(f"{found['lines']:,} {words}, of {found['people']:,} {people}.")
    for each in answer["unjudged"]:
        typer.echo(f"{each['lines']:,} not judged: {each['words']}")


def _who(change: Mapping[str, Any]) -> str:
    name = change["user"] or change["user_id"] or "nobody"
    return f"job, as {name}" if change["job"] else str(name)
