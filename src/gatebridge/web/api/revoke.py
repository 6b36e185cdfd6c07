"""Ending what was given: a token, a grant, a user of an app, an app, a user; and asking first who would be hit."""

from typing import Annotated

from fastapi import APIRouter, Query

from gatebridge.rules.ids import Prefix
from gatebridge.setup import revoke
from gatebridge.setup.revoke import RevokeApp, Revoked, RevokeGrant, RevokeToken, RevokeUser, RevokeUserOfApp
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.shapes import GivenId, Id, Shown, WithReason

router = APIRouter(tags=["Revoking"])


class RevokedShown(Shown):
    """What was ended. `sequence` is its number in the revocation feed, null where there was nothing left to end."""

    kind: str
    sequence: int | None
    token_id: Id | None
    grant_ids: list[Id]
    app_id: Id | None
    user_id: Id | None


class RadiusShown(Shown):
    """Who would be hit. Where it is not `exact`, there are more than these."""

    tokens: int
    users: int
    grants: int
    exact: bool


def _shown(revoked: Revoked) -> RevokedShown:
    return RevokedShown.model_validate(revoked)


@router.get("/blast-radius", summary="Ask who a revoke would hit")
def get_blast_radius(
    desk: AtDesk,
    app_id: Annotated[GivenId | None, Query(description="Of this app.")] = None,
    user_id: Annotated[GivenId | None, Query(description="Of this user.")] = None,
    grant_id: Annotated[GivenId | None, Query(description="Of this grant alone.")] = None,
) -> RadiusShown:
    """How many live tokens, users and grants hang from an app, a user, a user of an app, or a grant. Changes nothing.
    Needs *Manage Connected Apps* or *Manage Users*, or to be the user."""
    with desk.reading() as visit:
        return RadiusShown.model_validate(revoke.blast_radius(visit.tx, visit.actor, app_id=app_id, user_id=user_id, grant_id=grant_id))


@router.post("/tokens/{token_id}/revoke", summary="Revoke a token")
def revoke_token(desk: AtDesk, token_id: str, body: WithReason) -> RevokedShown:
    """End one access token, named by the id of the receipt of its issue (`jti` in a JWT). Needs *Manage Connected Apps*, or to be its user
    or the owner of its app."""
    with desk.writing() as visit:
        return _shown(revoke.revoke_token(visit.tx, visit.actor, RevokeToken(record_id(token_id, Prefix.RECEIPT), body.reason)))


@router.post("/grants/{grant_id}/revoke", summary="Revoke a grant")
def revoke_grant(desk: AtDesk, grant_id: str, body: WithReason) -> RevokedShown:
    """End one grant and every token that hangs from it. Needs *Manage Connected Apps*, or to be its user or the owner of its app."""
    with desk.writing() as visit:
        return _shown(revoke.revoke_grant(visit.tx, visit.actor, RevokeGrant(record_id(grant_id, Prefix.GRANT), body.reason)))


@router.post("/apps/{app_id}/users/{user_id}/revoke", summary="Revoke a user of an app")
def revoke_user_of_app(desk: AtDesk, app_id: str, user_id: str, body: WithReason) -> RevokedShown:
    """End every grant that one app has of one user. Needs *Manage Connected Apps*, or to be the user."""
    command = RevokeUserOfApp(record_id(app_id, Prefix.APP), record_id(user_id, Prefix.USER), body.reason)
    with desk.writing() as visit:
        return _shown(revoke.revoke_user_of_app(visit.tx, visit.actor, command))


@router.post("/apps/{app_id}/revoke", summary="Revoke everything of an app")
def revoke_app(desk: AtDesk, app_id: str, body: WithReason) -> RevokedShown:
    """End every token and grant that the app has in this org. It may ask anew: to stop it, block it. Needs *Manage Connected Apps* and a
    reason."""
    with desk.writing() as visit:
        return _shown(revoke.revoke_app(visit.tx, visit.actor, RevokeApp(record_id(app_id, Prefix.APP), body.reason)))


@router.post("/users/{user_id}/revoke", summary="Revoke everything of a user")
def revoke_user(desk: AtDesk, user_id: str, body: WithReason) -> RevokedShown:
    """End every token and grant that any app has of the user. Needs *Manage Users* or *Manage Connected Apps*, or to be the user; and a
    reason."""
    with desk.writing() as visit:
        return _shown(revoke.revoke_user(visit.tx, visit.actor, RevokeUser(record_id(user_id, Prefix.USER), body.reason)))
