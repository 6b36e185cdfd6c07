"""Tx: one open transaction, its moment, and what a change needs beside SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.crypto.sealing import MasterKeys
from gatebridge.rules.ids import IdMint, Prefix


@dataclass(frozen=True, slots=True)
class Tx:
    """What every storage function takes first. Only a door, the worker or the turnstile opens one."""

    connection: sa.Connection
    now: datetime  # the database's time at the beginning, or the injected clock's
    mint: IdMint
    keys: MasterKeys  # for sealing, and for the keyed chain of the audit trail
    random: Callable[[int], bytes]

    def new_id(self, prefix: Prefix) -> str:
        return self.mint.mint(prefix, self.now)
