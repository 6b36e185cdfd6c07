"""Ranges, login hours and levels as they are typed and shown, and what is in force in the end."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from gatebridge.cli import at, show
from gatebridge.cli.client import Api
from gatebridge.cli.exits import Exit, Stop
from gatebridge.rules.hours import WEEKDAYS, clock, parse_hours
from gatebridge.rules.levels import Level, LevelAction

RANGE = "192.0.2.7, 192.0.2.0/24 or first-last, with =LABEL if you like; may be repeated and replaces the list, an empty text empties it"

MonitoredRanges = Annotated[
    list[str] | None, typer.Option("--monitored-range", help="A list to try out: what it would refuse goes through and is recorded.")
]
RequiredLevel = Annotated[Level | None, typer.Option("--required-level", help="How sure a sign-in must make us.")]
LevelActions = Annotated[
    LevelAction | None, typer.Option("--level-action", help="Where the level is not reached: raise asks for another factor, block refuses.")
]
LoginHours = Annotated[
    list[str] | None,
    typer.Option(
        "--login-hours", help="'mon-fri 08:00-18:00', in the org's time zone; may be repeated and replaces the list, '' empties it."
    ),
]


def ranges(typed: Sequence[str] | None) -> list[dict[str, str]] | None:
    """Ranges as the API takes them; None where none was typed, and an empty text is how a whole list is taken back."""
    if typed is None:
        return None
    parts = (text.partition("=") for text in typed if text.strip())
    return [{"range": range.strip(), "label": label.strip()} for range, _, label in parts]


def attributes(typed: Sequence[str] | None) -> list[dict[str, str]] | None:
    """Custom attributes as the API takes them, of `NAME=EXPRESSION`; None where none was typed, an empty text empties the list."""
    if typed is None:
        return None
    return [{"name": name, "expression": expression} for name, expression in map(_equation, filter(None, typed))]


def custom_scopes(typed: Sequence[str] | None) -> list[dict[str, str]] | None:
    """Scopes of the org's own as the API takes them, of `NAME=SENTENCE`; None and empty as in `attributes`."""
    if typed is None:
        return None
    return [{"name": name, "sentence": sentence.strip()} for name, sentence in map(_equation, filter(None, typed))]


def scope_claims(typed: Sequence[str] | None) -> list[dict[str, str]] | None:
    """What scopes make known as the API takes it, of `SCOPE:CLAIM=EXPRESSION`; None and empty as in `attributes`."""
    if typed is None:
        return None
    named = [(name.partition(":"), expression) for name, expression in map(_equation, filter(None, typed))]
    return [{"scope": scope, "claim": claim, "expression": expression} for (scope, _, claim), expression in named]


def _equation(text: str) -> tuple[str, str]:
    name, equals, expression = text.partition("=")
    if not equals:
        said = f"\u201c{text}\u201d says no value."
        raise Stop(Exit.USAGE, f"{said} Write a name, an equals sign and the value: cost_centre=user.external_id.")
    return name.strip(), expression.strip()


def hours(typed: Sequence[str] | None) -> list[dict[str, str]] | None:
    """Login hours as the API takes them; None where none were typed."""
    if typed is None:
        return None
    spans = []
    for text in typed:
        found = parse_hours(text) if text.strip() else ()
        if found is None:
            raise Stop(Exit.USAGE, f"\u201c{text}\u201d is no span of login hours. Write 'mon-fri 08:00-18:00', or 'saturday 22:00-24:00'.")
        spans += [{"weekday": WEEKDAYS[each.weekday], "start": clock(each.start), "end": clock(each.end)} for each in found]
    return spans


def edit(context: typer.Context, path: str, changes: Mapping[str, Any]) -> None:
    """Change a record and show it with what is in force; where nothing is to change, only show it."""
    with at.server(context) as api:
        record = changed(api, path, changes)
    view(context, record)


def changed(api: Api, path: str, changes: Mapping[str, Any]) -> Any:
    """The record after the changes, if there are any."""
    return api.edit(path, dict(changes)) if changes else api.get(path)


def view(context: typer.Context, record: Mapping[str, Any]) -> None:
    """A record, and below it what is in force in the end."""
    if at.json(context):
        show.as_json(record)
        return
    show.facts(context, {name: legible(value) for name, value in record.items() if name != "effective"})
    in_force = record.get("effective")
    if not in_force:
        return
    for number, each in enumerate(in_force if isinstance(in_force, list) else [in_force]):
        typer.echo("" if number else "\nIn force")
        show.facts(context, {name: legible(value) for name, value in each.items()})


def legible(value: Any) -> Any:
    """What the API says in parts, as one text: a range, a span of hours, a number with its source, a rule."""
    if isinstance(value, list):
        return [legible(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "range" in value:
        return f"{value['range']} ({value['label']})" if value["label"] else value["range"]
    if "sentence" in value:
        return f"{value['name']} = {value['sentence']}"
    if "expression" in value:
        name = f"{value['scope']}: {value['claim']}" if "scope" in value else value["name"]
        return f"{name} = {value['expression']}"
    if "weekday" in value:
        return f"{value['weekday']} {value['start']}-{value['end']}"
    if "chain" in value:
        set_at = ", ".join(f"{each['source']} {show.plain(each['value'])}" for each in value["chain"])
        return f"{value['value']}, by the {value['source']} ({set_at})"
    if "rule" in value:
        return f"{value['words']} With the monitored ranges: {value['monitored']}" if value["monitored"] else value["words"]
    if "required_by" in value:
        action = f", else {value['action']}" if value["action"] else ""
        return f"{value['level']}{action}, required by {value['required_by']}"
    return value
