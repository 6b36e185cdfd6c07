"""What `gatebridge audit verify` holds together: the parts of one login history, and on this machine the records of every org."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

MOST_BAD = 20  # hours that do not fit; who sees so many needs no more


def whole(ask: Callable[[int | None], dict[str, Any]]) -> dict[str, Any]:
    """The login history held against all of its seals: what `ask` says of the newest ones, then of older ones, until none are left."""
    parts = [ask(None)]
    bad = [part for part in parts if part["state"] != "intact"]
    while parts[-1]["go_on"] is not None and len(bad) < MOST_BAD:
        parts.append(ask(parts[-1]["go_on"]))
        bad += [part for part in parts[-1:] if part["state"] != "intact"]
    seals, lines = (sum(part[name] for part in parts) for name in ("seals", "lines"))
    words = parts[0]["words"] if len(parts) == 1 else f"{lines:,} lines of login history under {seals:,} seals fit what was sealed."
    return {
        "state": "tampered" if any(part["state"] == "tampered" for part in bad) else bad[0]["state"] if bad else "intact",
        "seals": seals,
        "lines": lines,
        "bad": [part["first_bad"] for part in bad if part["first_bad"] is not None],
        "words": " ".join(part["words"] for part in bad) or words,
    }


def verify_all() -> list[dict[str, Any]]:
    """Check the audit chain and the login history of every org on this machine. A doubt is told as one, never as good news."""
    from gatebridge.cli import machine
    from gatebridge.monitoring import audit_heads, audit_history, audit_trail
    from gatebridge.storage import orgs

    found: list[dict[str, Any]] = []
    ids: list[str] = []
    with machine.opened(make=False) as here:
        heads: list[audit_heads.OutsideHead] = []
        doubt = ""
        try:
            heads = audit_heads.read(here.settings.audit_heads_file)
        except (OSError, audit_heads.HeadsUnreadable) as error:
            doubt = f"The heads outside the database cannot be read, so a tail that was cut off would not be seen: {error}"
        with here.database.snapshot() as tx:
            page = orgs.list_page(tx, after=None, limit=100)
            while page:
                for org in page:
                    result = audit_trail.verify(tx, org.id, here.keys, heads)
                    if doubt and result.state != "tampered":
                        result = audit_trail.Verification("could_not_check", result.checked, None, doubt)
                    said = {"state": result.state, "checked": result.checked, "first_bad": result.first_bad}
                    found.append({"org": org.name, **said, "words": result.words})
                    ids.append(org.id)
                page = orgs.list_page(tx, after=page[-1].id, limit=100)

        def history_of(org_id: str, older: int | None) -> dict[str, Any]:
            with here.database.snapshot() as tx:  # each part in one of its own, so that a long look holds up nothing
                return asdict(audit_history.verify(tx, org_id, here.keys, go_on=older))

        for each, org_id in zip(found, ids, strict=True):
            each["history"] = whole(partial(history_of, org_id))
    return found
