"""The last net: whatever went wrong further in becomes a bland answer, and the log keeps what happened (X-SX-02)."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatebridge.crypto.passwords import HasherBusy
from gatebridge.rules.reasons import Reason, outage
from gatebridge.storage.dialects import is_outage
from gatebridge.web.refusal import refuse

log = structlog.get_logger("gatebridge.web")


def reason_for(error: BaseException) -> Reason:
    """What the caller is told about an error that no route expected."""
    if is_outage(error):
        return outage.DATABASE_AWAY
    return outage.SERVER_BUSY if isinstance(error, HasherBusy) else outage.INTERNAL_FAULT


class Faults:
    """Answers 503 while the database is away and 500 for a defect; both without a word about the inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            reason = reason_for(error)
            if reason is outage.INTERNAL_FAULT:
                log.error("fault", operation_id=scope["gatebridge.operation_id"], exc_info=error)
            else:
                log.warning("away", operation_id=scope["gatebridge.operation_id"], reason=reason.code, error=type(error).__name__)
            if not begun:
                await refuse(reason, scope, receive, send)
