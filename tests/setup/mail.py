"""The mails that a verb left in the outbox."""

import re
from typing import cast

from tests.setup.stage import Stage

from gatebridge.rules.orgs import Org
from gatebridge.storage import outbox


def mails(stage: Stage, org: Org | None = None) -> list[dict[str, str]]:
    """To, subject and text of every mail of the org that waits, oldest first."""
    waiting = stage.read(lambda tx: outbox.due(tx, limit=100))
    wanted = [entry for entry in waiting if entry.kind == "mail" and entry.org_id == (org or stage.org).id]
    return [cast("dict[str, str]", dict(entry.payload)) for entry in wanted]


def token_in(mail: dict[str, str]) -> str:
    """The invitation token in the link of a mail."""
    found = re.search(r"/invitation\?token=(\S+)", mail["text"])
    assert found is not None
    return found[1]
