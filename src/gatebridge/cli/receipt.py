"""One receipt in the terminal: how far the request came, what was sent beside what is registered, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gatebridge.cli.show import moment, plain
from gatebridge.rules.gates import Gate

# A mark and a word for each state, so that nothing is said by colour alone.
MARKS = {"passed": ("✓", "green"), "refused": ("✗", "bold red"), "unreached": ("·", "dim")}
CAPITALS = {"pkce": "PKCE"}


def render(receipt: Mapping[str, Any]) -> RenderableType:
    """The whole receipt. What was sent may be anything, so all of it goes through `plain`."""
    return Group(*_parts(receipt))


def _parts(receipt: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _headline(receipt)
    yield Text("")
    if receipt.get("folded"):
        folded = receipt["folded"]
        what = "requests were refused for this reason" if receipt.get("reason") else "devices asked for codes"
        words = f"{folded['count']} {what} from {plain(folded['network'])} within ten minutes of "
        yield Text(f"{words}{moment(folded['window_start'])}. Only their number is kept.")
        yield Text("")
    findings = receipt.get("findings") or []
    if findings:
        yield _strip(findings)
        yield Text("")
    # What a gate compared and found good needs no explanation; what the refusing one compared is the explanation.
    compared = [(each["gate"], one) for each in findings if each["state"] == "refused" for one in each.get("compared") or ()]
    if compared:
        yield Text("Sent, beside what is registered", style="bold")
        yield _compared(compared)
        yield Text("")
    if receipt.get("evicted"):
        ended = ", ".join(plain(each) for each in receipt["evicted"])
        yield Text("It also ended ", style="bold").append(f"{ended}: a user has only so many grants of an app", style="not bold")
        yield Text("")
    if receipt.get("would_refuse"):
        yield Text("Monitored ", style="bold yellow").append(
            f"a monitored rule would have refused this: {plain(receipt['would_refuse'])}", style="not bold"
        )
        yield Text("")
    if receipt.get("reason"):
        yield Text("Why ", style="bold").append(plain(receipt["sentence"]), style="not bold")
        yield Text("In the client ", style="bold").append(plain(receipt["hint"]), style="not bold")
        yield Text("In Gatebridge ", style="bold").append(plain(receipt["remedy"]), style="not bold")
        yield Text("")
    yield _facts(receipt)


def _headline(receipt: Mapping[str, Any]) -> Text:
    refused = receipt["outcome"] == "refused"
    at = next((each["gate"] for each in receipt.get("findings") or () if each["state"] != "passed"), None)
    line = Text(
        "Refused" + (f" at {gate_name(at)}" if at else "") if refused else "Let through", style="bold red" if refused else "bold green"
    )
    if receipt.get("reason"):
        line.append(f"  {plain(receipt['reason'])}", style="red")
    return line.append(f"  {plain(receipt['id'])}", style="dim")


def gate_name(gate: str) -> str:
    """The gate as it is written everywhere."""
    return CAPITALS.get(gate, gate.capitalize())


def _strip(findings: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The gates of the door, in order: number, mark, name, words."""
    numbers = {gate.value: gate.number for gate in Gate}
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS.get(finding["state"], ("?", ""))
        unreached = finding["state"] == "unreached"
        table.add_row(
            str(numbers.get(finding["gate"], "")),
            Text(mark, style=style),
            Text(gate_name(finding["gate"]), style=style),
            Text("not reached" if unreached and not finding["words"] else plain(finding["words"]), style="dim" if unreached else ""),
        )
    return table


def _compared(compared: Sequence[tuple[str, Mapping[str, Any]]]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for gate, one in compared:
        table.add_row(Text(f"{gate_name(gate)}: {plain(one['name'])}"), Text(""))
        table.add_row("  sent", Text(plain(one["sent"])))
        table.add_row("  registered", Text(plain(one["registered"])))
        if one.get("difference"):
            table.add_row("  difference", Text(plain(one["difference"]), style="yellow"))
    return table


def _facts(receipt: Mapping[str, Any]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    credential = " ".join(each for each in (receipt.get("auth_method"), receipt.get("credential")) if each)
    rows = (
        ("Time", moment(receipt["at"]) + " UTC"),
        ("Event", f"{receipt['event']}, answered {receipt['status']}"),
        ("App", receipt.get("app") or receipt.get("app_id")),
        ("User", receipt.get("user") or receipt.get("user_id")),
        ("Flow", receipt.get("flow")),
        ("Scopes asked", receipt.get("scopes_asked")),
        ("Scopes given", receipt.get("scopes_given")),
        ("Proven by", credential),
        ("Address", receipt.get("address")),
        ("Client", receipt.get("user_agent")),
        ("Request", receipt.get("request")),
        ("Page", receipt.get("page")),
    )
    for label, value in rows:
        if value:
            table.add_row(label, Text(plain(value)))
    if receipt.get("narrowed"):
        table.add_row("", Text("User and address are for holders of Monitor Login History.", style="dim"))
    return table
