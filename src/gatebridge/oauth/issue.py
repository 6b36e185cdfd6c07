"""The one place where access tokens are made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gatebridge.crypto.signature import salesforce_signature
from gatebridge.crypto.signing import SigningKey
from gatebridge.oauth.formats import jwt, opaque
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import AccessToken, Approved, Epochs, Grant
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage.tokens import NewToken
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Issued:
    """A token ready to be recorded, its value, the body of the answer, and the grant, which is to be made first where it is new."""

    new: NewToken
    value: str
    body: dict[str, object]
    grant: Grant
    grant_is_new: bool


def issue(
    tx: Tx,
    facts: Facts,
    verdict: Verdict,
    *,
    flow: Flow,
    token_id: str,
    address: str,
    secret: str | None,
    signing_key: Callable[[str], SigningKey],
    approved: Approved | None = None,
) -> Issued:
    """Make the access token that the verdict allows. `secret` is the consumer secret as presented in this request, if it was.

    The caller holds a verdict without refusal, so everything that it was decided on is there. What a user
    has `approved` at a browser makes a grant of its own.
    """
    app, settings, installation, standing = facts.app, facts.settings, facts.installation, facts.standing
    if app is None or settings is None or installation is None or standing is None or verdict.lifetime is None:
        raise ValueError("A token was asked for without the facts that a yes is made of")
    # Whole seconds, so that what the client is told, what a JWT says and what is recorded are the same moment.
    issued_at = tx.now.replace(microsecond=0)
    grant = facts.grant
    if grant is None:
        grant = Grant(
            id=tx.new_id(Prefix.GRANT),
            org_id=facts.org.id,
            app_id=app.id,
            installation_id=installation.id,
            user_id=standing.user.id,
            flow=flow,
            epoch=0,
            created_at=tx.now,
            address=address,
            # What was approved is kept for the answers of the whole family.
            **({name: getattr(approved, name) for name in Approved.__slots__} if approved is not None else {"scopes": verdict.scopes}),
        )
    token = AccessToken(
        id=token_id,
        org_id=facts.org.id,
        grant_id=grant.id,
        app_id=app.id,
        installation_id=installation.id,
        user_id=standing.user.id,
        flow=flow,
        format=settings.access_token_format,
        scopes=verdict.scopes,
        audience=settings.audience or facts.org.issuer,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=verdict.lifetime.seconds),
        epochs=Epochs(facts.org.epoch, app.epoch, installation.epoch, standing.user.epoch, grant.epoch),
        address=address,
    )
    if token.format is TokenFormat.JWT:
        value, digest = jwt.make(token, grant, facts.org, app, signing_key(settings.signing_algorithm)), None
    else:
        value, digest = opaque.make(facts.org.id, app.dialect, tx.random)
    return Issued(NewToken(token, digest), value, _body(token, value, facts, secret), grant, facts.grant is None)


def _body(token: AccessToken, value: str, facts: Facts, secret: str | None) -> dict[str, object]:
    """RFC 6749 section 5.1, and what Salesforce's clients read beside it."""
    identity = f"{facts.org.issuer}/id/{long(token.org_id)}/{long(token.user_id)}"
    issued_at = str(int(token.issued_at.timestamp()) * 1000)
    body: dict[str, object] = {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": int((token.expires_at - token.issued_at).total_seconds()),
        "scope": render(token.scopes),
        "instance_url": facts.org.issuer,
        "id": identity,
        "issued_at": issued_at,
        "token_format": token.format,
    }
    if secret is not None:
        # We keep no secret, so only a request that brings it can be answered with a signature made with it.
        body["signature"] = salesforce_signature(secret, identity, issued_at)
    return body
