"""What a storm of sign-ins leaves of the token rate: hashing has cores of its own to wait for, and the turnstile must not wait with it."""

from dataclasses import replace

from bench import operations
from bench.installation import Installation, Server
from bench.operations import OPERATIONS, Run
from bench.report import Row
from bench.seed import Seeded
from bench.sign_in import Storm


def measure(installation: Installation, server: Server, seeded: Seeded, run: Run) -> Row:
    """Client credentials while people sign in without a pause. Their history lines are no tokens', so only tokens are counted."""
    plain = next(operation for operation in OPERATIONS if operation.name == "client credentials, opaque")
    with Storm(server) as storm:
        row = operations.measure(replace(plain, name="client credentials, during sign-ins", beside=True), installation, server, seeded, run)
    signed_in = len(storm.took_ms) / (run.warm_up + run.measured)
    return replace(row, errors=row.errors + len(storm.failed), bound_by=f"{row.bound_by}; {signed_in:.1f} sign-ins a second beside it")
