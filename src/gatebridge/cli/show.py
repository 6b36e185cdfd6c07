"""How answers are shown: tables and facts for people, JSON for programs."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gatebridge.cli import wishes

# What a record says may come from a stranger; a terminal obeys control characters, and people believe what they see.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

Column = tuple[str, Callable[[Mapping[str, Any]], object]]


def console() -> Console:
    """The terminal, or a plain stream when the answer goes elsewhere."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)


def write(shown: RenderableType) -> None:
    """Show something. Where it goes into a file or a pipe, lines end where their words end."""
    terminal = console()
    if terminal.is_terminal:
        terminal.print(shown)
        return
    with terminal.capture() as captured:
        terminal.print(shown)
    typer.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def plain(value: object) -> str:
    """A value in words. What a terminal would obey is spelled out."""
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(each) for each in value)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", str(value))


def moment(text: object) -> str:
    """A time of the API, to the second, in UTC."""
    if not isinstance(text, str):
        return "–"
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def as_json(value: object) -> None:
    """The answer as the API gave it."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=True))


def rows(context: typer.Context, items: Sequence[Mapping[str, Any]], columns: Sequence[Column], empty: str) -> None:
    """A list: a table, or what to do next when there is nothing in it."""
    if wishes.of(context).json:
        as_json(list(items))
        return
    if not items:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, _ in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("ID", "WHEN"))
    for item in items:
        table.add_row(*(Text(plain(value(item))) for _, value in columns))
    write(table)


def facts(context: typer.Context, record: Mapping[str, Any], names: Mapping[str, str] | None = None) -> None:
    """One record: a label and a value a line. `names` chooses and names the fields; without it all are shown."""
    if wishes.of(context).json:
        as_json(record)
        return
    chosen = names or {name: name.replace("_", " ").capitalize() for name in record}
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, label in chosen.items():
        if name in record:
            value = record[name]
            table.add_row(label, Text(moment(value) if name.endswith("_at") and value else plain(value)))
    write(table)


def done(context: typer.Context, words: str, record: object = None) -> None:
    """Something was done: a sentence for people, the record for programs."""
    if wishes.of(context).json:
        as_json(record if record is not None else {"done": words})
    else:
        typer.echo(words)


def field(name: str) -> Callable[[Mapping[str, Any]], object]:
    """The column that shows one field."""
    return lambda item: item.get(name)


def when(name: str) -> Callable[[Mapping[str, Any]], object]:
    """The column that shows one time."""
    return lambda item: moment(item.get(name)) if item.get(name) else None
