"""Issuing authorization codes: what was approved becomes a value that the app redeems once (standards AZ-33)."""

from dataclasses import asdict
from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth import authorization_checks, endpoint
from gatebridge.oauth.authorization_case import Case
from gatebridge.rules.grants import AuthorizationCode
from gatebridge.rules.ids import Prefix
from gatebridge.rules.lifetimes import DEFAULT_AUTHORIZATION_CODE_SECONDS
from gatebridge.storage import codes
from gatebridge.storage.tx import Tx


def issue(tx: Tx, case: Case) -> str:
    """A new code over what the verdict grants, kept by its digest; the value is nowhere but in the answer."""
    facts, attempt = case.facts, case.attempt
    app, installation, policies, session, epochs = facts.app, facts.installation, facts.policies, facts.session, facts.epochs()
    if app is None or installation is None or policies is None or session is None or epochs is None or case.verdict.reason is not None:
        raise ValueError("A code was to be issued for what nobody approved")
    if attempt.callback is None or attempt.callback.uri is None:
        raise ValueError("A code was to be issued for a redirect URI that is not proven")
    value = secrets.new(Kind.AUTHORIZATION_CODE, tx.random)
    code = AuthorizationCode(
        id=tx.new_id(Prefix.AUTHORIZATION_CODE),
        org_id=facts.org.id,
        app_id=app.id,
        installation_id=installation.id,
        user_id=session.user_id,
        callback=attempt.callback.uri,
        callback_sent=attempt.callback.sent,
        challenge=attempt.challenge,
        tells_auth_time=authorization_checks.max_age(case.request.parameters) is not None or case.requested.auth_time,
        epochs=epochs,
        issued_at=tx.now,
        expires_at=tx.now + timedelta(seconds=policies.authorization_code_seconds or DEFAULT_AUTHORIZATION_CODE_SECONDS),
        address=endpoint.address_text(case.request),
        **asdict(case.approval()),
    )
    codes.insert(tx, code, secrets.digest(value))
    return value
