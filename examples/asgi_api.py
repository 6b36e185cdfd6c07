"""An API in FastAPI that lets in requests with a live access token only. Run it: uvicorn asgi_api:app --port 9000

Its settings are in the environment: GATEBRIDGE_GUARD_ISSUER, _AUDIENCE, _CLIENT_ID, _CLIENT_SECRET_FILE. See docs/guides/protect-an-api.md
"""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request

from gatebridge_guard import Guard, ProtectASGI, Refusal, Token

guard = Guard.from_environment()
api = FastAPI()
app = ProtectASGI(api, guard, scopes=["api"], open_paths=["/health"])


def holder(request: Request) -> Token:
    """Whose request it is; the guard has put it there."""
    token: Token = request.scope["gatebridge.token"]
    return token


async def surely_signed_in(request: Request) -> Token:
    """The same, for what is weighty: its user has signed in with a second factor within the last quarter of an hour."""
    found = await guard.check_async(request.headers.getlist("authorization"), level="high", max_age=900)
    if isinstance(found, Refusal):
        # FastAPI writes a body of its own, which has another length.
        headers = {name: value for name, value in found.headers if name != "Content-Length"}
        raise HTTPException(found.status, found.description, headers)
    return found


@api.get("/health")
async def health() -> dict[str, bool]:
    return {"well": True}


@api.get("/orders")
async def orders(token: Annotated[Token, Depends(holder)]) -> dict[str, str]:
    return {"orders_of": token.user_id, "asked_by": token.client_id}


@api.delete("/orders/{order}")
async def cancel(order: int, token: Annotated[Token, Depends(surely_signed_in)]) -> dict[str, object]:
    return {"cancelled": order, "by": token.user_id}
